import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What this process retains once nothing can be collected any more, on the heap and in buffers. In bytes. */
export async function retainedBytes(): Promise<number> {
  for (let count = 0; count < 3; count += 1) {
    collectGarbage();
    // What ended since then is freed in a later turn.
    await pause();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
