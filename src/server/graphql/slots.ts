/** Lets each client have some operations execute at once. More of them wait for a slot, in order. */
export interface Slots {
  /**
   * Runs something as soon as the client has a slot free.
   *
   * @param task gets a function that frees the slot early, such as for the time of a wait
   */
  run<T>(clientKey: string, task: (release: () => void) => Promise<T>): Promise<T>;
}

/** @param max the most that one client may have executing */
export function createSlots(max: number): Slots {
  const executing = new Map<string, number>();
  const waiting = new Map<string, (() => void)[]>();

  function next(clientKey: string): void {
    const queue = waiting.get(clientKey);
    const start = queue?.shift();
    if (queue?.length === 0) waiting.delete(clientKey);
    if (start !== undefined) return start();
    const left = (executing.get(clientKey) ?? 0) - 1;
    if (left === 0) executing.delete(clientKey);
    else executing.set(clientKey, left);
  }

  function take(clientKey: string): Promise<void> | undefined {
    const count = executing.get(clientKey) ?? 0;
    if (count < max) {
      executing.set(clientKey, count + 1);
      return undefined;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const queue = waiting.get(clientKey) ?? [];
    waiting.set(clientKey, queue);
    queue.push(resolve);
    return promise;
  }

  return {
    async run(clientKey, task) {
      const turn = take(clientKey);
      if (turn !== undefined) await turn;
      let isReleased = false;
      const release = () => {
        if (!isReleased) next(clientKey);
        isReleased = true;
      };
      try {
        return await task(release);
      } finally {
        release();
      }
    },
  };
}
