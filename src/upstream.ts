import type { Config } from './config.ts';
import { createIceClient, type IceClient, type IceClientOptions } from './ice/client.ts';
import { createServerClock } from './ice/clock.ts';
import type { IceEmitter } from './ice/events.ts';
import { chooseSource } from './ice/keys/choose-source.ts';
import { createKeyRing } from './ice/keys/key-ring.ts';
import type { KeySettings, KeySource } from './ice/keys/key-source.ts';
import { createServices } from './ice/keys/service.ts';
import { NO_PROXIES, type ProxySettings } from './ice/proxy.ts';
import type { Credentials } from './ice/sign.ts';

/** Where calls go and how, and the keys to sign them with. Without keys a source of keys is chosen by its settings. */
export interface Upstream {
  readonly endpoint: URL;
  readonly credentials: Credentials | undefined;
  /** @default none is named */
  readonly keySettings?: KeySettings;
  /** @default none */
  readonly proxies?: ProxySettings;
}

/** The client of ICE, with its keys, its clock and its proxies. */
export function connectUpstream(
  { endpoint, credentials, keySettings = {}, proxies = NO_PROXIES }: Upstream,
  {
    attemptTimeoutMs,
    callsPerSecond,
    maxConcurrency,
  }: Pick<Config, 'attemptTimeoutMs' | 'callsPerSecond' | 'maxConcurrency'>,
  events: IceEmitter,
  now: () => number,
  sharedRates?: IceClientOptions['sharedRates'],
): IceClient {
  const clock = createServerClock(now, (differenceMs) => void events.emit('clockCorrected', differenceMs));
  const services = createServices({ proxies, clock, machineNow: now });
  const credentialsProvider = createKeyRing({
    chooseSource: () =>
      credentials === undefined
        ? chooseSource(keySettings, services)
        : Promise.resolve(fixedSource(credentials)),
    events,
    now: () => clock.now(),
  });
  return createIceClient({
    endpoint,
    credentials: credentialsProvider,
    timeoutMs: attemptTimeoutMs,
    callsPerSecond,
    maxConcurrency,
    events,
    now: () => new Date(now()),
    clock,
    proxies,
    sharedRates,
  });
}

/** Keys of the environment. They only change with the process. */
function fixedSource(credentials: Credentials): KeySource {
  return { name: 'environment', lookUp: () => Promise.resolve({ credentials, expiresAt: undefined }) };
}

/** The cheapest signed call. ICE accepts it when the endpoint, the keys and the rights are right. */
export function firstCall(ice: IceClient, signal: AbortSignal): ReturnType<IceClient['listPackageJobs']> {
  const context = { signal, client: '', turnKey: {}, onCall: () => undefined };
  return ice.listPackageJobs({ orderBy: 'CreateTimeDesc', pageSize: 1 }, context);
}
