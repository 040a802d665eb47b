import { linkTo, type Place } from './location.ts';

/** Links to the views of these jobs. */
export function Views({ place }: { readonly place: Place }) {
  const { view } = place;
  return (
    <nav className="views" aria-label="Views">
      <a {...linkTo({ ...place, view: undefined })} aria-current={view === undefined ? 'page' : undefined}>
        List
      </a>
      <a
        {...linkTo({ ...place, view: 'overview', job: undefined })}
        aria-current={view === 'overview' ? 'page' : undefined}
      >
        Overview
      </a>
    </nav>
  );
}
