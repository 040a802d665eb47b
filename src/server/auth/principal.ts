import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { BOUNDS } from '../../bounds.ts';
import type { Principal, View } from '../client.ts';

/** Which claims of a token say what its bearer may do. */
export interface ClaimNames {
  /** A text with spaces between scopes, or a list of them. */
  readonly scope: string;
}

/** The claims of a token that was verified. */
export type Claims = Readonly<Record<string, unknown>> & { readonly iss: string; readonly exp: number };

/** The scopes that allow something here. */
export const SCOPES = { read: 'jobs:read', submit: 'jobs:submit' } as const;

/** Reads from verified claims whom a token is for. */
export type ReadPrincipal = (claims: Claims) => Principal;

export function createReadPrincipal(names: ClaimNames, clockSkewS: number): ReadPrincipal {
  const views = new LRUCache<string, View>({ max: BOUNDS.views.max });

  function viewOf(claims: Claims): View {
    const scopes = scopesIn(claims[names.scope]);
    const canRead = scopes.has(SCOPES.read);
    const canSubmit = scopes.has(SCOPES.submit);
    const key = digest([claims.iss, canRead, canSubmit]);
    const known = views.get(key);
    if (known !== undefined) return known;
    const view = { key, canRead, canSubmit };
    views.set(key, view);
    return view;
  }

  return (claims) => {
    const { iss, sub, exp } = claims;
    const subject = typeof sub === 'string' && sub !== '' ? sub : undefined;
    return {
      key: subject === undefined ? undefined : `principal ${digest([iss, subject])}`,
      issuer: iss,
      subject,
      view: viewOf(claims),
      expiresAt: 1000 * exp,
      endsAt: 1000 * (exp + clockSkewS),
    };
  };
}

function scopesIn(claim: unknown): ReadonlySet<unknown> {
  if (Array.isArray(claim)) return new Set<unknown>(claim);
  return new Set(typeof claim === 'string' ? claim.split(' ') : []);
}

function digest(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
