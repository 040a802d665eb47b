import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { BOUNDS } from '../../bounds.ts';
import type { Owner, Principal, View } from '../client.ts';

/** Which claims of a token say what its bearer may do. */
export interface ClaimNames {
  /** A text with spaces between scopes, or a list of them. */
  readonly scope: string;
  /** What an issuer may write before each scope. @default nothing */
  readonly scopePrefix?: string;
  /** The scopes of a token without the claim. @default none */
  readonly scopeDefault?: readonly string[];
  /** A text with spaces between ids of jobs, or a list of them. */
  readonly jobs: string;
  /** A text or a whole number. `undefined`: no claim says whose jobs a token is for. */
  readonly owner: string | undefined;
}

/** The claims of a token that was verified. */
export type Claims = Readonly<Record<string, unknown>> & { readonly iss: string; readonly exp: number };

/** The scopes that allow something here. */
export const SCOPES = { read: 'jobs:read', submit: 'jobs:submit' } as const;

/** Reads from verified claims whom a token is for. */
export type ReadPrincipal = (claims: Claims) => Principal;

export function createReadPrincipal(names: ClaimNames, clockSkewS: number): ReadPrincipal {
  const views = new LRUCache<string, View>({
    maxSize: BOUNDS.views.max,
    sizeCalculation: ({ jobIds }) => VIEW_BYTES + ID_BYTES * (jobIds?.size ?? 0),
  });

  /** The one object for this view. */
  function shared(view: View): View {
    const known = views.get(view.key);
    if (known !== undefined) return known;
    views.set(view.key, view);
    return view;
  }

  return (claims) => {
    const { iss, sub, exp } = claims;
    const subject = typeof sub === 'string' && sub !== '' ? sub : undefined;
    return {
      key: subject === undefined ? undefined : `principal ${digest([iss, subject])}`,
      issuer: iss,
      subject,
      view: shared(viewOf(claims, names)),
      expiresAt: 1000 * exp,
      endsAt: 1000 * (exp + clockSkewS),
    };
  };
}

/** About what a view takes in memory, and each id in it, in bytes. */
const VIEW_BYTES = 600;
export const ID_BYTES = 100;

function viewOf(claims: Claims, names: ClaimNames): View {
  const { scopePrefix = '', scopeDefault = [] } = names;
  const scopes = Object.hasOwn(claims, names.scope) ? textsIn(claims[names.scope]) : new Set(scopeDefault);
  const has = (scope: string) => scopes.has(scope) || scopes.has(`${scopePrefix}${scope}`);
  const jobIds = Object.hasOwn(claims, names.jobs) ? textsIn(claims[names.jobs]) : undefined;
  const owner = names.owner === undefined ? undefined : ownerIn(claims[names.owner]);
  const isNobody = names.owner !== undefined && owner === undefined && jobIds === undefined;
  const canRead = has(SCOPES.read);
  const canSubmit = has(SCOPES.submit);
  const ids = jobIds && [...jobIds].toSorted();
  return {
    key: digest([claims.iss, canRead, canSubmit, isNobody, owner ?? null, ids ?? null]),
    canRead,
    canSubmit,
    owner,
    jobIds,
    problem: isNobody
      ? `The token has no claim \`${names.owner}\`, which says whose jobs it is for`
      : undefined,
  };
}

/** A claim that is no text and no list has none. */
function textsIn(claim: unknown): ReadonlySet<string> {
  const texts: unknown[] = Array.isArray(claim) ? claim : typeof claim === 'string' ? claim.split(' ') : [];
  return new Set(texts.filter((text): text is string => typeof text === 'string' && text !== ''));
}

function ownerIn(claim: unknown): Owner | undefined {
  if (typeof claim === 'string') return claim === '' ? undefined : claim;
  return typeof claim === 'number' && Number.isSafeInteger(claim) ? claim : undefined;
}

function digest(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
