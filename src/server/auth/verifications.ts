import { BOUNDS } from '../../bounds.ts';
import { createSlices } from '../../slices.ts';
import { createBuckets } from '../rate-limit/buckets.ts';
import { RateLimitedError, SignatureError } from './errors.ts';

/** What one client has of them. */
interface Line {
  running: number;
  readonly waiting: (() => void)[];
}

/**
 * Shares what new tokens cost between clients. Anyone can make tokens by the thousand whose signatures do not verify.
 *
 * - Reading a token takes the main thread a tenth of a millisecond. Clients take turns at that, in small slices.
 * - Node verifies signatures in threads, which are few and take what comes first. So each client has some verified at once.
 * - A client whose signatures do not verify has no others looked at for a while.
 */
export interface Verifications {
  /**
   * Whether the client may have a signature verified. Otherwise nothing of its token need be read.
   *
   * @throws {RateLimitedError} when it may not
   */
  readonly check: (client: string) => void;
  /**
   * Runs a verification in the turn of its client. It awaits `turn` just ahead of looking at the signature, which throws
   * {@link RateLimitedError} as `check` does. Until then it may wait for keys. A {@link SignatureError} is held against the client.
   *
   * @param client its address, as nobody knows more of it by then
   */
  readonly run: <T>(client: string, verify: (turn: () => Promise<void>) => Promise<T>) => Promise<T>;
}

const { verifications, forgedTokens } = BOUNDS;

/** How many signatures that did not verify a client is forgiven in a second. They take 1 % of a core. */
const FORGIVEN_PER_SECOND = 50;

/** @param now in milliseconds */
export function createVerifications(now: () => number): Verifications {
  const slices = createSlices();
  const lines = new Map<string, Line>();
  /** Each signature is taken from them until it has verified. */
  const allowances = createBuckets(
    { cost: forgedTokens.max, seconds: forgedTokens.max / FORGIVEN_PER_SECOND },
    now,
    { maxBytes: BOUNDS.forgers.max },
  );

  async function enter(client: string): Promise<void> {
    if (!allowances.take(client, 1).isTaken) throw tooMany();
    const line = lines.get(client) ?? { running: 0, waiting: [] };
    lines.set(client, line);
    if (line.running < verifications.max) {
      line.running += 1;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    line.waiting.push(resolve);
    await promise;
  }

  /** The turn goes to the next one that waits. */
  function leave(client: string, isForged: boolean): void {
    if (!isForged) allowances.take(client, -1);
    const line = lines.get(client);
    if (line === undefined) return;
    const next = line.waiting.shift();
    if (next !== undefined) return next();
    line.running -= 1;
    if (line.running === 0) lines.delete(client);
  }

  return {
    check(client) {
      if (allowances.take(client, 0).left < 1) throw tooMany();
    },
    async run(client, verify) {
      await slices.next(client);
      const turn = { isTaken: false, isForged: false };
      try {
        return await verify(async () => {
          await enter(client);
          turn.isTaken = true;
        });
      } catch (error) {
        turn.isForged = error instanceof SignatureError;
        throw error;
      } finally {
        if (turn.isTaken) leave(client, turn.isForged);
      }
    },
  };
}

function tooMany(): RateLimitedError {
  return new RateLimitedError(
    'forgedTokens',
    'Too many tokens of your address are being verified, or did not verify',
  );
}
