/** Numbers that are the same for the same seed. */
export interface Random {
  /** 0 to 1. */
  number(): number;
  /** From `min` to `max`, both included. */
  integer(min: number, max: number): number;
  /** Whether something of this probability happens. */
  chance(probability: number): boolean;
  pick<T>(items: readonly [T, ...T[]]): T;
  /** So many of these, or all, in any order. */
  some<T>(items: readonly T[], count: number): T[];
}

/** Lehmer's generator. */
export function randomFrom(seed: number): Random {
  let state = (seed % 2_147_483_646) + 1;
  const number = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const integer = (min: number, max: number) => min + Math.floor(number() * (max - min + 1));
  return {
    number,
    integer,
    chance: (probability) => number() < probability,
    pick: <T>(items: readonly [T, ...T[]]) => items[integer(0, items.length - 1)] ?? items[0],
    some(items, count) {
      const left = [...items];
      return Array.from({ length: Math.min(count, left.length) }, () =>
        left.splice(integer(0, left.length - 1), 1),
      ).flat();
    },
  };
}
