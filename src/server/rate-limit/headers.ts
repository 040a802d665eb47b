import type { RatePolicy } from './buckets.ts';
import { RATE_POLICY, type Charge } from './rate-limit.ts';

/** The headers that tell a client of its limit. No response that is stored has them. */
export const RATE_HEADERS = ['ratelimit-policy', 'ratelimit'] as const;

/**
 * The limit of a client, and what it has left, as names and values in turn. Both are lists of structured fields. The draft's
 * quota units are for requests and bytes, so that ours is named by a parameter of our own. `t` is the time until there is
 * more, in seconds; a full bucket has none.
 *
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/11/
 * @see https://www.rfc-editor.org/rfc/rfc9651
 */
export function rateHeaders({ policy, left }: Charge): readonly [string, string, string, string] {
  const { cost, seconds } = policy;
  const time = left >= cost ? '' : `;t=${String(Math.max(1, Math.ceil(seconds / cost)))}`;
  return [
    RATE_HEADERS[0],
    policyHeader(policy),
    RATE_HEADERS[1],
    `"${RATE_POLICY}";r=${String(left)}${time}`,
  ];
}

function policyHeader({ cost, seconds }: RatePolicy): string {
  return `"${RATE_POLICY}";q=${String(cost)};w=${String(seconds)};pjg-unit="cost"`;
}

/**
 * `Cache-Control` of a response that has the figures of one client. A shared cache may keep the response for others, without
 * these figures.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.7
 */
export function withoutFigures(control: string): string {
  return /\bno-store\b|\bprivate\b/.test(control) ? control : `${control}, private="${RATE_HEADERS[1]}"`;
}
