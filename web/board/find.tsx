import { useEffect, useRef } from 'react';
import { idOf, withoutSecrets, type Wanted } from './find-text.ts';
import type { Jobs } from './jobs.ts';
import { change, go, linkTo, type Place } from './location.ts';
import { tell } from './news.ts';
import { useShortcuts } from './shortcuts.ts';

export interface FindProps {
  readonly place: Place;
  readonly list: Jobs;
  readonly wanted: Wanted | undefined;
  /** How many of the loaded jobs are looked for. */
  readonly found: number;
  /** Called to give the first of them the focus. */
  readonly onFirst: () => void;
}

/** Finds a job by its id, an address, a file or a part of its name. ICE searches for nothing of this, so only loaded jobs are searched. */
export function Find({ place, list, wanted, found, onFirst }: FindProps) {
  const field = useRef<HTMLInputElement>(null);
  const id = wanted && idOf(wanted);
  useShortcuts({ '/': () => field.current?.select() });

  const summary = `${found} of ${list.jobs.length} loaded${list.hasNextPage ? ', more on ICE' : ''}`;
  useEffect(() => {
    if (wanted) tell(summary);
  }, [wanted, summary]);

  const send = () => {
    if (wanted?.kind !== 'id' && found > 0) onFirst();
    else if (id) go({ ...place, job: id });
  };
  return (
    <search className="find">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <input
          ref={field}
          type="search"
          aria-label="Find a job"
          aria-describedby="found"
          placeholder="Name, id, link or file"
          autoComplete="off"
          spellCheck={false}
          value={place.find ?? ''}
          onChange={({ target }) => change({ ...place, find: withoutSecrets(target.value) })}
        />
      </form>
      <p id="found" className="found">
        {wanted && (
          <>
            <span>{summary}</span>
            {id && (
              <a {...linkTo({ ...place, job: id })}>
                Open the job {wanted.kind === 'id' ? '' : 'with the id '}
                {id}
              </a>
            )}
          </>
        )}
      </p>
    </search>
  );
}
