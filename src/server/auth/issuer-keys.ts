import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { BOUNDS } from '../../bounds.ts';
import { isJsonObject } from '../../json-object.ts';
import { ClientShares } from '../../client-shares.ts';
import { isLoopback } from '../../loopback.ts';
import { KeysUnavailableError, RateLimitedError } from './errors.ts';

/** Reads a JSON text from a URL. It rejects when there is none within a few seconds. */
export type FetchJson = (url: URL, signal: AbortSignal) => Promise<unknown>;

export interface IssuerKeysOptions {
  readonly issuer: string;
  /** `undefined`: the issuer's discovery document tells it. */
  readonly jwksUrl: URL | undefined;
  readonly fetchJson: FetchJson;
  /** Aborts when no more keys are needed. */
  readonly stopping: AbortSignal;
  readonly events: KeyEvents;
}

type Key = Awaited<ReturnType<JWTVerifyGetKey>>;

/** What happens to the keys of an issuer. */
export interface KeyEvents {
  /** Is told of the number of keys, when they are others than before. */
  onKeys(issuer: string, keys: number): void;
  /** Is told why there are no new keys. */
  onFailure(issuer: string, reason: string, hasKeys: boolean): void;
}

/** The keys of one issuer, fetched ahead. */
export interface IssuerKeys {
  /**
   * The key of a token. It waits for a fetch only when there is none that the token names.
   *
   * @param client the address that sent the token
   * @throws {KeysUnavailableError} when no keys have been had yet
   * @throws {RateLimitedError} when the client has too many tokens that wait for a fetch
   * @throws {errors.JWKSNoMatchingKey} when the issuer has no such key
   */
  readonly getKey: (...asked: [...Parameters<JWTVerifyGetKey>, client: string]) => Promise<Key>;
  /** Whether {@link getKey} would find no key with this id at once: the issuer has none, and has been asked for it lately. */
  readonly lacks: (keyId: unknown) => boolean;
}

/** How often keys are fetched, in milliseconds, so that one that the issuer has taken back is not used for long. */
export const REFRESH_MS = 5 * 60_000;

/** How long a token with an unknown key has none looked up after the last one had, in milliseconds. */
export const UNKNOWN_KEY_PAUSE_MS = 30_000;

/** When to try again after failures, in milliseconds. The last one holds for all that follow. */
const RETRY_MS = [1000, 2000, 4000, 8000, 16_000, 30_000] as const;

/**
 * Fetches keys at once, and again in the background for as long as the gateway runs. What was had stays in use while the issuer
 * cannot be reached. `createRemoteJWKSet` of jose would have a token wait for that, and fail with it.
 */
export function startIssuerKeys(options: IssuerKeysOptions): IssuerKeys {
  const keys = new Keys(options);
  keys.start();
  return { getKey: (...asked) => keys.get(...asked), lacks: (keyId) => keys.lacks(keyId) };
}

class Keys {
  readonly #options: IssuerKeysOptions;
  #find: JWTVerifyGetKey | undefined;
  /** The ids of the keys in use. */
  #ids: ReadonlySet<unknown> = new Set();
  /** The text of the keys in use. */
  #text = '';
  /** The fetch that is under way. */
  #fetching: Promise<void> | undefined;
  #failures = 0;
  /** When a token with an unknown key had keys fetched. */
  #lookedUpAt = -Infinity;
  readonly #waiting = new ClientShares(BOUNDS.waitingForKeysOfClient.max);
  #timer: NodeJS.Timeout | undefined;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.stopping.addEventListener('abort', () => clearTimeout(this.#timer), { once: true });
    void this.#fetch();
  }

  async get(...[header, token, client]: Parameters<IssuerKeys['getKey']>): Promise<Key> {
    if (this.#find === undefined && this.#fetching !== undefined) await this.#wait(this.#fetching, client);
    const find = this.#find;
    if (find === undefined) throw new KeysUnavailableError();
    try {
      return await find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const fetching = this.#lookUp();
      if (fetching === undefined) throw error;
      await this.#wait(fetching, client);
      return (this.#find ?? find)(header, token);
    }
  }

  lacks(keyId: unknown): boolean {
    if (this.#find === undefined || this.#fetching !== undefined) return false;
    return typeof keyId === 'string' && !this.#ids.has(keyId) && this.#hasLookedLately;
  }

  /** Whether a token with an unknown key had keys fetched lately. */
  get #hasLookedLately(): boolean {
    return performance.now() - this.#lookedUpAt < UNKNOWN_KEY_PAUSE_MS;
  }

  /** The fetch that may bring an unknown key. `undefined`: one has looked lately. */
  #lookUp(): Promise<void> | undefined {
    if (this.#fetching !== undefined) return this.#fetching;
    if (this.#hasLookedLately) return undefined;
    this.#lookedUpAt = performance.now();
    return this.#fetch();
  }

  /**
   * @throws {RateLimitedError} when too many of this client wait already
   * @throws {KeysUnavailableError} when too many of all do
   */
  async #wait(fetching: Promise<void>, client: string): Promise<void> {
    if (!this.#waiting.allows(client))
      throw new RateLimitedError(
        'waitingForKeysOfClient',
        'Too many of your tokens wait for the keys of their issuer',
      );
    if (this.#waiting.total >= BOUNDS.waitingForKeys.max) throw new KeysUnavailableError();
    this.#waiting.add(client, 1);
    await fetching;
    this.#waiting.add(client, -1);
  }

  /** Fetches the keys, and again later. It never rejects. */
  #fetch(): Promise<void> {
    clearTimeout(this.#timer);
    this.#fetching = this.#fetchOnce();
    return this.#fetching;
  }

  async #fetchOnce(): Promise<void> {
    const reason = await this.#load();
    this.#fetching = undefined;
    this.#failures = reason === undefined ? 0 : this.#failures + 1;
    const { events, issuer, stopping } = this.#options;
    if (stopping.aborted) return;
    if (reason !== undefined) events.onFailure(issuer, reason, this.#find !== undefined);
    const again = reason === undefined ? REFRESH_MS : RETRY_MS[Math.min(this.#failures, RETRY_MS.length) - 1];
    this.#timer = setTimeout(() => void this.#fetch(), again).unref();
  }

  /** Gives why it failed, or `undefined`. */
  async #load(): Promise<string | undefined> {
    const { events, issuer } = this.#options;
    try {
      const set = readKeySet(await this.#read(await this.#jwksUrl()));
      const text = JSON.stringify(set);
      if (text === this.#text) return undefined;
      this.#find = createLocalJWKSet(set);
      this.#ids = new Set(set.keys.map(({ kid }) => kid));
      this.#text = text;
      events.onKeys(issuer, set.keys.length);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async #jwksUrl(): Promise<URL> {
    const { issuer, jwksUrl } = this.#options;
    if (jwksUrl !== undefined) return jwksUrl;
    const found = await this.#read(discoveryUrl(issuer));
    if (!isJsonObject(found) || found['issuer'] !== issuer)
      throw new Error('the discovery document is not that of the issuer');
    const url = URL.parse(String(found['jwks_uri']));
    if (url === null || !isSafe(url)) throw new Error('the discovery document names no https jwks_uri');
    return url;
  }

  #read(url: URL): Promise<unknown> {
    return this.#options.fetchJson(url, this.#options.stopping);
  }
}

/** @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig */
function discoveryUrl(issuer: string): URL {
  return new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
}

/** An issuer on this machine may name keys on this machine by http. */
function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

/** The asymmetric keys of a key set. A secret in it is no key here, whoever put it there. */
function readKeySet(value: unknown): JSONWebKeySet {
  if (!isJsonObject(value) || !Array.isArray(value['keys'])) throw new Error('the answer is no key set');
  const keys: unknown[] = value['keys'];
  const usable = keys.filter((key) => isJsonObject(key) && ASYMMETRIC.has(key['kty']));
  if (usable.length === 0) throw new Error('the key set has no key');
  if (usable.length > BOUNDS.issuerKeys.max)
    throw new Error(`the key set has more than ${String(BOUNDS.issuerKeys.max)} keys`);
  // oxlint-disable-next-line no-unsafe-type-assertion -- jose checks each key that it uses
  return { keys: usable } as unknown as JSONWebKeySet;
}

const ASYMMETRIC: ReadonlySet<unknown> = new Set(['RSA', 'EC', 'OKP']);
