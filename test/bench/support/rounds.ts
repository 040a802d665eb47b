import { fire, type Load } from './load.ts';
import { median } from './result.ts';

/** One server under one kind of load. */
export interface Contender extends Load {
  readonly name: string;
}

/** Requests a second of each contender, a number for each round. */
export type Rates = ReadonlyMap<string, readonly number[]>;

/**
 * Lets contenders take turns, every other round backwards, so that what else the machine does meets all of them. The
 * first turn of each warms it up and is not counted.
 */
export async function takeTurns(
  contenders: readonly Contender[],
  rounds: number,
  seconds: number,
): Promise<Rates> {
  const rates = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (const contender of contenders) await fire(contender, { seconds });
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const fired = await fire(contender, { seconds });
      rates.get(contender.name)?.push(fired.answers / fired.seconds);
    }
  }
  return rates;
}

/** The rates of one as shares of another's, round by round. */
export function sharesOf(rates: Rates, name: string, base: string): number[] {
  const others = rates.get(base) ?? [];
  return (rates.get(name) ?? []).map((rate, round) => rate / (others[round] ?? NaN));
}

/** The name of the fastest of these. */
export function fastestOf(rates: Rates, names: readonly string[]): string {
  const [fastest = ''] = names.toSorted((a, b) => median(rates.get(b) ?? []) - median(rates.get(a) ?? []));
  return fastest;
}
