import type { PackageJobStatus } from './gql/graphql.ts';
import { go, type Place } from './location.ts';
import { LABELS } from './status.tsx';

const CHOICES = [undefined, 'INIT', 'SUCCESS', 'FAIL'] as const;

/** The status in the address, when ICE can list jobs by it. */
export function statusOf(text: string | undefined): PackageJobStatus | undefined {
  return CHOICES.find((choice) => choice === text);
}

/** The choice of which jobs the list shows. */
export function Filter(props: { readonly status: PackageJobStatus | undefined; readonly place: Place }) {
  return (
    <fieldset className="filter">
      <legend className="hidden">Show</legend>
      {CHOICES.map((choice) => (
        <label key={choice ?? 'ALL'}>
          <input
            type="radio"
            name="status"
            checked={choice === props.status}
            onChange={() => go({ ...props.place, status: choice })}
          />
          <span>{choice ? LABELS[choice] : 'All'}</span>
        </label>
      ))}
    </fieldset>
  );
}
