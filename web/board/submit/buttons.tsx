import type { JobDetailsFragment } from '../gql/graphql.ts';
import { useViewer } from '../viewer.ts';
import { draftOf } from './draft.ts';
import { openForm } from './open-form.ts';

/** Opens the form. It is absent for whoever may not submit jobs. */
export function SubmitButton() {
  if (!useViewer()?.canSubmit) return null;
  return (
    <button type="button" className="primary" onClick={() => openForm()}>
      Submit a job
    </button>
  );
}

/** Opens the form, filled in like a job. It is absent for whoever may not submit jobs. */
export function SubmitAgain({ job }: { readonly job: JobDetailsFragment }) {
  if (!useViewer()?.canSubmit) return null;
  return (
    <button type="button" className="quiet" onClick={() => openForm(draftOf(job))}>
      Submit again
    </button>
  );
}
