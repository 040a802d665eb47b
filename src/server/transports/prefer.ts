import { MAX_WAIT_S } from '../../jobs/jobs.ts';

/**
 * The seconds of `Prefer: wait=N`, at most {@link MAX_WAIT_S}. It is `undefined` when the header has no such preference. A
 * preference that cannot be understood is ignored, as the RFC asks for. The first of several counts.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7240#section-4.3
 */
export function preferredWaitSeconds(header: string | undefined): number | undefined {
  for (const preference of header?.split(',') ?? []) {
    const seconds = /^\s*wait\s*=\s*"?(\d{1,9})"?\s*(;|$)/i.exec(preference)?.[1];
    if (seconds !== undefined) return Number(seconds) > 0 ? Math.min(Number(seconds), MAX_WAIT_S) : undefined;
  }
  return undefined;
}
