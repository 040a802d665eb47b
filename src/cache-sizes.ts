import { BOUNDS, type BoundName } from './bounds.ts';

/** What the caches may take whose size is a variable, in bytes. */
export interface CacheSizes {
  readonly jobs: number;
  readonly responses: number;
}

/** The bounds of all other caches. */
export const OTHER_CACHES = [
  'documents',
  'registeredTexts',
  'compiledQueries',
  'preparedOperations',
  'jobFragments',
  'responseHeads',
  'rememberedTokens',
  'refusedTokens',
  'forgers',
  'views',
  'rateBuckets',
  'sharedResults',
  'lastingStates',
] as const satisfies readonly BoundName[];

/** What all caches may take of the heap. The rest is for the program, which takes about 45 MiB, and for requests under way. */
const SHARE = 3 / 4;

/** What is left for the caches of variables where the others would leave less. */
const LEAST_SHARE = 1 / 8;

/**
 * The sizes as they are wanted, or in proportion less where the heap has no room for them. Node.js sizes the heap by the limit of
 * its container. A cache that is too large for it would end the process.
 *
 * @param heapBytes the most that the heap may have
 */
export function cacheSizes(wanted: CacheSizes, heapBytes: number): CacheSizes {
  const others = OTHER_CACHES.reduce((sum, name) => sum + BOUNDS[name].max, 0);
  const room = Math.max(SHARE * heapBytes - others, LEAST_SHARE * heapBytes);
  const factor = Math.min(1, room / (wanted.jobs + wanted.responses));
  return {
    jobs: Math.floor(factor * wanted.jobs),
    responses: Math.floor(factor * wanted.responses),
  };
}
