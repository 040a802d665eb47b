import fc from 'fast-check';
import { STEP, take, type Step } from './steps.ts';
import { createWorld, type Counts } from './world.ts';

/** How many steps are under way at once, so that bearers join each other's reads. */
const AT_ONCE = 8;
const STEPS_A_RUN = 100;

export interface Hunt extends Counts {
  readonly steps: number;
  readonly seed: number;
}

/** Takes so many steps in one world, and throws the first that saw what it must not see, with its seed. */
export async function hunt(steps: number, seed = Date.now() % 2 ** 31): Promise<Hunt> {
  const world = await createWorld();
  let taken = 0;
  const takeAll = async (list: readonly Step[]) => {
    for (let begin = 0; begin < list.length; begin += AT_ONCE) {
      const group = list.slice(begin, begin + AT_ONCE);
      const found = await Promise.all(group.map((step) => take(world, step).catch(String)));
      taken += group.length;
      const index = found.findIndex((problem) => problem !== undefined);
      const step = group[index];
      if (step !== undefined)
        throw new Error(
          `${'bearer' in step ? (world.bearers[step.bearer]?.name ?? '') : ''}: ${found[index] ?? ''} in ${JSON.stringify(step)}`,
        );
    }
  };
  try {
    const lists = fc.array(STEP, { minLength: STEPS_A_RUN, maxLength: STEPS_A_RUN });
    // The world remembers what others have read, so a shorter list would be another hunt.
    await fc.assert(fc.asyncProperty(lists, takeAll), {
      numRuns: Math.ceil(steps / STEPS_A_RUN),
      seed,
      endOnFailure: true,
      // The list of steps says little, as those of earlier runs count too.
      reporter({ failed, errorInstance }) {
        if (failed) throw new Error(`seed ${String(seed)}: ${String(errorInstance)}`);
      },
    });
    return { steps: taken, seed, ...world.counts };
  } finally {
    await world.close();
  }
}
