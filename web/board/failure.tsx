import type { JobDetailsFragment } from './gql/graphql.ts';
import { troubleshootingOf } from './support.ts';

/** Where ICE explains the code of a job that has failed. */
export function Failure({ job: { status, code } }: { readonly job: JobDetailsFragment }) {
  if (status !== 'FAIL' || !code) return null;
  return (
    <a href={troubleshootingOf(code)} target="_blank" rel="noreferrer">
      ICE on <code>{code}</code>
    </a>
  );
}
