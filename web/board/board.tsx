import { useRef } from 'react';
import icon from '../icon.svg';
import { ROOT } from '../root.ts';
import { Help } from './help.tsx';
import { JobList } from './job-list.tsx';
import { JobPanel, type PanelHandle } from './job-panel.tsx';
import { useJobs } from './jobs.ts';
import { go, usePlace, type Place } from './location.ts';
import { useNews } from './news.ts';
import { OverviewOnDemand } from './overview/on-demand.tsx';
import { Problem } from './problem.tsx';
import { useShortcuts } from './shortcuts.ts';
import { SubmitButton } from './submit/buttons.tsx';
import { SubmitDialog } from './submit/dialog.tsx';
import { useTitle } from './title.ts';
import { TokenForm } from './token-form.tsx';
import { forgetToken, useDemand, useHasToken } from './token.ts';
import { Views } from './views.tsx';

/** The page. */
export function Board() {
  const place = usePlace();
  const demand = useDemand();
  const hasToken = useHasToken();

  return (
    <>
      <header>
        <img src={icon} alt="" width="24" height="24" />
        <h1>Job board</h1>
        <Views place={place} />
        <a href={ROOT}>IDE</a>
        <Help />
        {hasToken && !demand && (
          <button type="button" className="quiet" onClick={forgetToken}>
            Forget the token
          </button>
        )}
        {!demand && <SubmitButton />}
      </header>
      {demand ? (
        <main>
          <TokenForm reason={demand.reason} />
        </main>
      ) : (
        <Jobs place={place} />
      )}
      <SubmitDialog isPaused={demand !== undefined} />
    </>
  );
}

/** What the place says. All of it shows the same loaded jobs. */
function Jobs({ place }: { readonly place: Place }) {
  const list = useJobs(place);
  useTitle(list.jobs);
  const panel = useRef<PanelHandle>(null);
  const retry = () => {
    list.refresh();
    panel.current?.retry();
  };
  useShortcuts(place.job ? { Escape: () => go({ ...place, job: undefined }) } : {});

  return (
    <main data-open={place.job !== undefined}>
      {list.error && <Problem error={list.error} onRetry={retry} />}
      {place.view ? (
        <OverviewOnDemand place={place} loaded={list.jobs} />
      ) : (
        <JobList place={place} list={list} />
      )}
      {place.job && (
        <JobPanel
          key={place.job}
          ref={panel}
          id={place.job}
          place={place}
          jobs={list.jobs}
          told={list.error}
        />
      )}
      <output className="hidden">{useNews()}</output>
    </main>
  );
}
