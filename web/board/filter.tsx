import { go, STATUSES, type Place } from './location.ts';
import { LABELS } from './status.tsx';

const CHOICES = [undefined, ...STATUSES] as const;

/** The choice of which jobs the list shows. */
export function Filter({ place }: { readonly place: Place }) {
  return (
    <fieldset className="filter">
      <legend className="hidden">Show</legend>
      {CHOICES.map((choice) => (
        <label key={choice ?? 'ALL'}>
          <input
            type="radio"
            name="status"
            checked={choice === place.status}
            onChange={() => go({ ...place, status: choice })}
          />
          <span>{choice ? LABELS[choice] : 'All'}</span>
        </label>
      ))}
    </fieldset>
  );
}
