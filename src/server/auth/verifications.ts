import { BOUNDS } from '../../bounds.ts';
import { RateLimitedError } from './errors.ts';

/** What one client has of them. */
interface Line {
  running: number;
  readonly waiting: (() => void)[];
}

/**
 * Lets each client have some signatures of tokens verified at once. Node verifies them in threads, which are few, and take what
 * comes first. So without this, who sends garbage by the thousand would have the tokens of all others wait.
 */
export interface Verifications {
  /**
   * Runs a verification, which awaits `turn` just ahead of looking at the signature. Until then it takes no turn: it may wait
   * for keys.
   *
   * @param client its address, as nobody knows more of it by then
   */
  readonly run: <T>(client: string, verify: (turn: () => Promise<void>) => Promise<T>) => Promise<T>;
}

const { verifications, verificationsWaiting } = BOUNDS;

/** @throws {RateLimitedError} when the client has too many waiting, from `turn` */
export function createVerifications(): Verifications {
  const lines = new Map<string, Line>();

  async function enter(client: string): Promise<void> {
    const line = lines.get(client) ?? { running: 0, waiting: [] };
    lines.set(client, line);
    if (line.running < verifications.max) {
      line.running += 1;
      return;
    }
    if (line.waiting.length >= verificationsWaiting.max)
      throw new RateLimitedError('verificationsWaiting', 'Too many of your tokens wait to be verified');
    const { promise, resolve } = Promise.withResolvers<void>();
    line.waiting.push(resolve);
    await promise;
  }

  /** The turn goes to the next one that waits. */
  function leave(client: string): void {
    const line = lines.get(client);
    if (line === undefined) return;
    const next = line.waiting.shift();
    if (next !== undefined) return next();
    line.running -= 1;
    if (line.running === 0) lines.delete(client);
  }

  return {
    async run(client, verify) {
      const turn = { isTaken: false };
      try {
        return await verify(async () => {
          await enter(client);
          turn.isTaken = true;
        });
      } finally {
        if (turn.isTaken) leave(client);
      }
    },
  };
}
