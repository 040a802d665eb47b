import { onAbort } from '../../abort.ts';

/** Lets each client have some operations execute at once. More of them wait for a slot, in order. */
export interface Slots {
  /**
   * Runs something as soon as the client has a slot free.
   *
   * @param left aborts when nobody waits for it any more. It then leaves the line at once, with all that it holds
   * @param task gets a function that frees the slot early, such as for the time of a wait
   * @throws {LeftError} when `left` aborts before there is a slot
   */
  run<T>(clientKey: string, left: AbortSignal, task: (release: () => void) => Promise<T>): Promise<T>;
}

/** Nobody waits for the operation any more, so it was not begun. */
export class LeftError extends Error {
  override readonly name = 'LeftError';
}

interface ClientSlots {
  executing: number;
  /** Those that wait, oldest first. */
  readonly waiting: Set<() => void>;
}

/** @param max the most that one client may have executing */
export function createSlots(max: number): Slots {
  const clients = new Map<string, ClientSlots>();

  function release(key: string, slots: ClientSlots): void {
    const [next] = slots.waiting;
    if (next !== undefined) {
      slots.waiting.delete(next);
      return next();
    }
    slots.executing -= 1;
    if (slots.executing === 0) clients.delete(key);
  }

  /** Resolves when the slot of another is free. */
  function wait({ waiting }: ClientSlots, left: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const begin = () => {
      forget();
      resolve();
    };
    waiting.add(begin);
    const forget = onAbort(left, () => {
      waiting.delete(begin);
      reject(new LeftError());
    });
    return promise;
  }

  return {
    async run(clientKey, left, task) {
      const slots = clients.get(clientKey) ?? { executing: 0, waiting: new Set() };
      clients.set(clientKey, slots);
      if (slots.executing < max) slots.executing += 1;
      else await wait(slots, left);
      let isReleased = false;
      const releaseOnce = () => {
        if (!isReleased) release(clientKey, slots);
        isReleased = true;
      };
      try {
        return await task(releaseOnce);
      } finally {
        releaseOnce();
      }
    },
  };
}
