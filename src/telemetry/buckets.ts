/** Upper bounds of buckets of seconds: from an answer from memory to the longest wait for a job. */
export const REQUEST_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** From a short call of ICE, or a short wait for its turn, to its longest time limit. */
export const CALL_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** From a command of Redis on the same machine to its deadline, and to the longest wait for a change. */
export const COMMAND_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 1, 5,
];

/** From what is just read to what stands in while ICE fails. */
export const AGE_SECONDS = [0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 15, 30, 60, 300];

/** Up to the most jobs that one operation or one sweep is likely to have. */
export const JOBS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];

/** Up to the largest cost of an operation, see `LIMITS.cost`. */
export const COST = [1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 20_000];
