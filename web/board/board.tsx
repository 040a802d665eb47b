import { useState } from 'react';
import icon from '../icon.svg';
import { ROOT } from '../root.ts';
import { statusOf } from './filter.tsx';
import type { JobSummaryFragment } from './gql/graphql.ts';
import { JobList } from './job-list.tsx';
import { JobPanel } from './job-panel.tsx';
import { go, usePlace } from './location.ts';
import { LABELS, titleOf } from './status.tsx';
import { SubmitDialog } from './submit-dialog.tsx';
import { TokenForm } from './token-form.tsx';
import { forgetToken, useDemand, useHasToken } from './token.ts';

/** The page. */
export function Board() {
  const place = usePlace();
  const demand = useDemand();
  const hasToken = useHasToken();
  const [isSubmitting, setIsSubmitting] = useState(false);
  const [news, setNews] = useState('');
  const announce = (job: JobSummaryFragment) => setNews(`${titleOf(job)}: ${LABELS[job.status]}`);

  return (
    <>
      <header>
        <img src={icon} alt="" width="24" height="24" />
        <h1>Job board</h1>
        <a href={ROOT}>IDE</a>
        {hasToken && !demand && (
          <button type="button" className="quiet" onClick={forgetToken}>
            Forget the token
          </button>
        )}
        <button type="button" className="primary" onClick={() => setIsSubmitting(true)}>
          Submit a job
        </button>
      </header>
      <main data-open={!demand && place.job !== undefined}>
        {demand ? (
          <TokenForm reason={demand.reason} />
        ) : (
          <>
            <JobList place={place} status={statusOf(place.status)} onFinished={announce} />
            {place.job && <JobPanel key={place.job} id={place.job} place={place} onFinished={announce} />}
          </>
        )}
      </main>
      <output className="hidden">{news}</output>
      {isSubmitting && (
        <SubmitDialog
          isPaused={demand !== undefined}
          onClose={() => setIsSubmitting(false)}
          onSubmitted={(job) => {
            setIsSubmitting(false);
            go({ job });
          }}
        />
      )}
    </>
  );
}
