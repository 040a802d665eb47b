import type { CredentialsProvider } from '../credentials.ts';
import { IceError } from '../errors.ts';
import type { IceEmitter } from '../events.ts';
import type { Credentials } from '../sign.ts';
import { KeySourceError, type Keys, type KeySource } from './key-source.ts';

export interface KeyRingOptions {
  /** Finds the source. It is asked until one has given keys. That one stays. */
  readonly chooseSource: () => Promise<KeySource>;
  readonly events: IceEmitter;
  /** ICE's clock, in milliseconds since 1970. */
  readonly now: () => number;
  /** A clock that only goes forward, in milliseconds. @default performance.now */
  readonly elapsed?: () => number;
}

/** Keys without an end are looked up again after this time, so that a file that was rewritten is noticed. */
const REREAD_MS = 60_000;
/** Keys are renewed this long before their end, or at half of their time if that is later, in milliseconds. */
const RENEW_BEFORE_MS = 15 * 60_000;
/** The time between two look-ups that nobody needs at once. It doubles with each failure in a row. */
const MIN_PAUSE_MS = 10_000;
const MAX_PAUSE_MS = 5 * 60_000;
/** The least time between two look-ups that calls wait for. */
const RETRY_MS = 1000;

/** A look-up that takes longer has failed. A command that asks a person may take a minute. */
const LOOK_UP_LIMIT_MS = 65_000;

interface Held extends Keys {
  /** When they came, by the clock that only goes forward. */
  readonly foundAt: number;
  /** When they came, or it was last tried to renew them. */
  readonly triedAt: number;
  /** The least time from then to the next look-up in the background. */
  readonly pauseMs: number;
  /** They are renewed when this much of their time is left. */
  readonly renewBeforeMs: number;
}

/**
 * Holds the keys of a source.
 *
 * While keys are valid they are used, and new ones are looked up in the background. However many wait, there is one look-up.
 * Keys that ICE refused are looked up again, at most once a second. A failed look-up answers all who ask within a second.
 */
export function createKeyRing(options: KeyRingOptions): CredentialsProvider {
  const ring = new KeyRing(options);
  return Object.assign(() => ring.current(), {
    replace: (refused: Credentials) => ring.replace(refused),
  });
}

class KeyRing {
  readonly #options: KeyRingOptions;
  readonly #elapsed: () => number;
  #source: KeySource | undefined;
  #held: Held | undefined;
  #lookUp: Promise<Held> | undefined;
  #failure: { readonly error: IceError; readonly at: number } | undefined;
  #failures = 0;
  #replacedAt = -Infinity;

  constructor(options: KeyRingOptions) {
    this.#options = options;
    this.#elapsed = options.elapsed ?? (() => performance.now());
  }

  async current(): Promise<Credentials> {
    const held = this.#held;
    if (held !== undefined && this.#isValid(held)) {
      if (this.#isDue(held)) this.#renew().catch(() => undefined);
      return held.credentials;
    }
    if (this.#failure !== undefined && this.#elapsed() - this.#failure.at < RETRY_MS)
      throw this.#failure.error;
    return (await this.#renew()).credentials;
  }

  async replace(refused: Credentials): Promise<boolean> {
    if (this.#held !== undefined && !isSame(this.#held.credentials, refused)) return true;
    if (this.#lookUp === undefined) {
      if (this.#elapsed() - this.#replacedAt < RETRY_MS) return false;
      this.#replacedAt = this.#elapsed();
    }
    try {
      return !isSame((await this.#renew()).credentials, refused);
    } catch {
      return false;
    }
  }

  /** Keys that seem to be over when they come are used for a moment. The clock is wrong, or the source is late. */
  #isValid({ expiresAt, foundAt }: Held): boolean {
    const isNew = this.#elapsed() - foundAt < MIN_PAUSE_MS;
    return expiresAt === undefined || isNew || this.#options.now() < expiresAt;
  }

  #isDue({ expiresAt, triedAt, pauseMs, renewBeforeMs }: Held): boolean {
    const sinceMs = this.#elapsed() - triedAt;
    if (expiresAt === undefined) return sinceMs >= Math.max(REREAD_MS, pauseMs);
    return sinceMs >= pauseMs && expiresAt - this.#options.now() <= renewBeforeMs;
  }

  #renew(): Promise<Held> {
    return (this.#lookUp ??= this.#find().finally(() => (this.#lookUp = undefined)));
  }

  async #find(): Promise<Held> {
    try {
      const source = this.#source ?? (await this.#options.chooseSource());
      const keys = await withinLimit(source);
      this.#source = source;
      return this.#hold(source.name, keys);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #hold(source: string, keys: Keys): Held {
    const { events, now } = this.#options;
    const { credentials, expiresAt } = keys;
    const isChanged = this.#held === undefined || !isSame(this.#held.credentials, credentials);
    const leftMs = expiresAt === undefined ? 0 : expiresAt - now();
    const renewBeforeMs = leftMs > 0 ? Math.min(RENEW_BEFORE_MS, leftMs / 2) : RENEW_BEFORE_MS;
    const at = this.#elapsed();
    const held = { ...keys, foundAt: at, triedAt: at, pauseMs: MIN_PAUSE_MS, renewBeforeMs };
    this.#held = held;
    this.#failure = undefined;
    this.#failures = 0;
    events.emit('keysFound', { source, id: tail(credentials.accessKeyId), expiresAt, isChanged });
    return held;
  }

  #fail(thrown: unknown): IceError {
    const error = describe(thrown);
    this.#failures += 1;
    this.#failure = { error, at: this.#elapsed() };
    if (this.#held !== undefined) {
      const pauseMs = Math.min(MIN_PAUSE_MS * 2 ** (this.#failures - 1), MAX_PAUSE_MS);
      this.#held = { ...this.#held, triedAt: this.#elapsed(), pauseMs };
    }
    this.#options.events.emit('keysFailed', {
      source: thrown instanceof KeySourceError ? thrown.source : 'no source',
      reason: error.details.upstreamCode ?? error.code,
      hasValidKeys: this.#held !== undefined && this.#isValid(this.#held),
    });
    return error;
  }
}

async function withinLimit(source: KeySource): Promise<Keys> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new KeySourceError(source.name, 'Timeout', true)), LOOK_UP_LIMIT_MS);
  return Promise.race([source.lookUp(), promise]).finally(() => clearTimeout(timer));
}

function describe(error: unknown): IceError {
  if (error instanceof KeySourceError) {
    const code = error.isTransient ? 'UPSTREAM_UNAVAILABLE' : 'UPSTREAM_REJECTED';
    return new IceError(code, { action: 'Credentials', upstreamCode: error.reason });
  }
  return new IceError('UPSTREAM_REJECTED', { action: 'Credentials', upstreamCode: 'NoCredentials' });
}

function isSame(a: Credentials, b: Credentials): boolean {
  return (
    a.accessKeyId === b.accessKeyId &&
    a.accessKeySecret === b.accessKeySecret &&
    a.securityToken === b.securityToken
  );
}

/** The last four characters of an id that is long enough to stay unknown. */
function tail(id: string): string {
  return id.length >= 12 ? id.slice(-4) : '';
}
