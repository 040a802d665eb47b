import { randomUUID } from 'node:crypto';
import type { Config } from './config.ts';
import { createFetchJson } from './fetch-json.ts';
import { NO_PROXIES } from './ice/proxy.ts';
import { createCursorSeals, createJobs, EVERY_JOB, type Jobs } from './jobs/jobs.ts';
import type { StartedJobs } from './jobs/start-jobs.ts';
import { createDoors } from './server/auth/doors.ts';
import { startIssuerKeys, type KeyEvents } from './server/auth/issuer-keys.ts';
import { createReadPrincipal } from './server/auth/principal.ts';
import { createTokens, type Tokens } from './server/auth/tokens.ts';
import { createVisibleTo } from './server/auth/visible-to.ts';
import type { Client } from './server/client.ts';
import type { ServerEmitter } from './server/events.ts';

/** What telling clients apart takes. */
export interface IdentityOptions {
  readonly config: Config;
  readonly events: { readonly server: ServerEmitter };
  /** Aborts when the gateway begins to stop. */
  readonly stopping: AbortSignal;
  /** In milliseconds since 1970. */
  readonly now: () => number;
  /** A secret that all replicas have. `undefined`: they share none. */
  readonly cursorSecret: string | undefined;
}

/** Gives each client the jobs that its token lets it see. */
export function composeDoors(
  access: StartedJobs,
  { config: { auth }, cursorSecret: secretOfKey }: Pick<IdentityOptions, 'config' | 'cursorSecret'>,
): (client: Client) => Jobs {
  const everything = createJobs(access, EVERY_JOB);
  if (auth === undefined) return () => everything;
  const { ownerField, cursorSecret } = auth;
  const visibleTo = createVisibleTo(ownerField);
  const sealFor = createCursorSeals(cursorSecret ?? secretOfKey ?? randomUUID());
  return createDoors((view) => {
    const { owner, jobIds, key } = view;
    const isVisible = visibleTo(view);
    if (isVisible === EVERY_JOB) return everything;
    const ownership =
      owner === undefined || ownerField === undefined ? undefined : { field: ownerField, owner };
    return createJobs(access, isVisible, { ownership, jobIds, seal: sealFor(key) });
  });
}

/** Says whom tokens are for. `undefined`: nobody is asked. */
export function composeTokens({ config, events, stopping, now }: IdentityOptions): Tokens | undefined {
  const { auth, proxies = NO_PROXIES } = config;
  if (auth === undefined) return undefined;
  const { algorithms, clockSkewS, claims } = auth;
  const fetchJson = createFetchJson(proxies);
  const keyEvents: KeyEvents = {
    onKeys: (issuer, keys) => void events.server.emit('issuerKeys', issuer, keys),
    onFailure: (issuer, reason, hasKeys) => void events.server.emit('issuerFailure', issuer, reason, hasKeys),
  };
  const issuers = auth.issuers.map(({ issuer, audiences, audienceClaim, jwksUrl }) => ({
    issuer,
    audiences,
    audienceClaim,
    keys: startIssuerKeys({ issuer, jwksUrl, fetchJson, stopping, events: keyEvents }),
  }));
  return createTokens({
    issuers,
    algorithms,
    clockSkewS,
    readPrincipal: createReadPrincipal(claims, clockSkewS),
    now,
  });
}
