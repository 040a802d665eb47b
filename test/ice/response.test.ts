import { describe, expect, it } from 'vitest';
import { IceError } from '../../src/ice/errors.ts';
import { readResponse } from '../../src/ice/response.ts';

/** What is known of the refusal with these headers. */
function detailsOf(headers: Record<string, string>, status = 429) {
  try {
    readResponse('GetPackageJob', { status, headers, body: '<html>slow down</html>', bytes: 22 });
  } catch (error) {
    if (error instanceof IceError) return { code: error.code, retryAfterMs: error.details.retryAfterMs };
    throw error;
  }
  return undefined;
}

describe('the wait that a refusal asks for', () => {
  const date = 'Thu, 01 Jan 2026 00:00:00 GMT';

  it.for([
    [{ 'retry-after': '3' }, 3000],
    [{ 'retry-after': ' 3 ' }, 3000],
    [{ 'retry-after': '600' }, 60_000],
    [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:05 GMT', date }, 5000],
    [{ 'retry-after': 'Wed, 31 Dec 2025 23:59:00 GMT', date }, undefined],
    [{ 'retry-after': '0' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-5' }, undefined],
    [{ 'x-acs-retry-after': '250', 'retry-after': '3' }, 250],
    [{ 'x-ratelimit-user': 'Limit:1,Remain:0,TimeLeft:700,Reset:1', 'retry-after': '3' }, 700],
  ] as const)('is read of %j as %s ms', ([headers, retryAfterMs]) => {
    expect(detailsOf(headers)).toEqual({ code: 'UPSTREAM_THROTTLED', retryAfterMs });
  });
});
