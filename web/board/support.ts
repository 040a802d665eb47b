import { print } from 'graphql';
import { GRAPHQL_URL } from '../root.ts';
import { JobDocument, type JobDetailsFragment } from './gql/graphql.ts';
import { authorization } from './token.ts';

/** What identifies a request at the gateway and at ICE. */
interface RequestIds {
  readonly gateway: string | undefined;
  /** Empty when the gateway has the job in memory, and need not ask ICE. */
  readonly ice: readonly string[];
}

/**
 * What support asks for, as text. The gateway is asked for the job once more, as only a request that is made now has ids. It has no
 * addresses, as these can be signed.
 */
export async function supportText(job: JobDetailsFragment): Promise<string> {
  const { gateway, ice } = await readIds(job.id).catch((): RequestIds => ({ gateway: undefined, ice: [] }));
  const lines: readonly (readonly [string, string | null | undefined])[] = [
    ['ICE packaging job', job.id],
    ['Status', job.statusRaw ?? job.status],
    ['Code', job.code],
    ['Message', job.message],
    ['Submitted', job.submitTime],
    ['Finished', job.finishTime],
    ['Pipeline', job.pipelineId],
    ['Read from ICE', job.observedAt],
    ['ICE request', ice.join(', ')],
    ['Gateway request', gateway],
  ];
  return lines.flatMap(([name, value]) => (value ? [`${name}: ${value}`] : [])).join('\n');
}

/** ICE's own page about a code. Its responses link it as `Recommend`. */
export function troubleshootingOf(code: string): string {
  return `https://api.aliyun.com/troubleshoot?${new URLSearchParams({ q: code, product: 'ICE' })}`;
}

async function readIds(id: string): Promise<RequestIds> {
  const response = await fetch(GRAPHQL_URL, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-upstream-receipt': '1', ...authorization() },
    body: JSON.stringify({ query: print(JobDocument), variables: { id } }),
    signal: AbortSignal.timeout(5_000),
  });
  // oxlint-disable-next-line no-unsafe-type-assertion -- the gateway writes it, and what is missing is left out
  const { extensions } = (await response.json()) as {
    extensions?: { upstream?: { requestIds?: readonly string[] } };
  };
  return {
    gateway: response.headers.get('x-request-id') ?? undefined,
    ice: extensions?.upstream?.requestIds ?? [],
  };
}
