import { fire, type Load } from './load.ts';
import { median, percentile } from './result.ts';
import { usageOf } from './usage.ts';

/** One server under one kind of load. */
export interface Contender extends Load {
  readonly name: string;
  /** Its process. */
  readonly pid: number;
}

/** A number of each contender for each round. */
export type Rates = ReadonlyMap<string, readonly number[]>;

/** What the rounds gave. */
export interface Rounds {
  /** Requests a second. */
  readonly rates: Rates;
  /** Requests in a second of the server's own time on its core, which tells of it even where the load is slower. */
  readonly ratesByCpu: Rates;
  /** What half of the requests took, in milliseconds. */
  readonly p50Ms: Rates;
  /** What 99 of 100 requests took at most, in milliseconds. */
  readonly p99Ms: Rates;
}

/**
 * Lets contenders take turns, every other round backwards, so that what else the machine does meets all of them. The
 * first turn of each warms it up and is not counted.
 *
 * @param cpuMsOf the time that a server has had on its core, in milliseconds
 */
export async function takeTurns(
  contenders: readonly Contender[],
  rounds: number,
  seconds: number,
  cpuMsOf: (pid: number) => number = (pid) => usageOf(pid).cpuMs,
): Promise<Rounds> {
  const none = () => new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  const [rates, ratesByCpu, p50Ms, p99Ms] = [none(), none(), none(), none()];
  for (const contender of contenders) await fire(contender, { seconds });
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const { name, pid } = contender;
      const before = cpuMsOf(pid);
      const fired = await fire(contender, { seconds });
      rates.get(name)?.push(fired.answers / fired.seconds);
      const cpuSeconds = (cpuMsOf(pid) - before) / 1000;
      ratesByCpu.get(name)?.push(fired.answers / cpuSeconds);
      p50Ms.get(name)?.push(percentile(fired.latenciesMs, 50));
      p99Ms.get(name)?.push(percentile(fired.latenciesMs, 99));
    }
  }
  return { rates, ratesByCpu, p50Ms, p99Ms };
}

/** The rounds of one start of the servers, and those of the next. */
export function joined(before: Rounds | undefined, next: Rounds): Rounds {
  if (before === undefined) return next;
  return {
    rates: join(before.rates, next.rates),
    ratesByCpu: join(before.ratesByCpu, next.ratesByCpu),
    p50Ms: join(before.p50Ms, next.p50Ms),
    p99Ms: join(before.p99Ms, next.p99Ms),
  };
}

function join(before: Rates, next: Rates): Rates {
  return new Map([...before].map(([name, values]) => [name, [...values, ...(next.get(name) ?? [])]]));
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
