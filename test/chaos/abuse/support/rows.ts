import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../../src/server/errors/catalogue.ts';
import { quantile } from '../../support/load.ts';
import { brokenLiveFeatures, createBystander, type Bystander, type Samples } from './bystander.ts';
import { kindsOf } from './log.ts';
import { describeTally, type Tally } from './tally.ts';
import { startTarget, type Holding, type Target, type TargetOptions } from './target.ts';
import { send, type Operation, type SendOptions, type Transport } from './transports.ts';

/** What an attacker has. */
export interface Attack {
  readonly target: Target;
  readonly transport: Transport;
  /** It differs from round to round, so that nothing repeats. */
  readonly round: string;
  /** Runs once all is held. It measures memory and tries the live features of others. */
  readonly whileHeld: () => Promise<void>;
  readonly send: (options: Omit<SendOptions, 'target' | 'transport'>) => Promise<Tally>;
}

/** One kind of abuse. */
export interface Row {
  /** What the attacker does. */
  readonly name: string;
  /** @default all */
  readonly over?: readonly Transport[];
  readonly attack: (attack: Attack) => Promise<Tally>;
  /** Codes of which the attacker gets at least one. @default it is harmless, and may be refused or not */
  readonly refusal?: readonly ErrorCode[];
  /** By how much memory may grow while all is held, in MiB. @default 64 */
  readonly heldMiB?: number;
  /**
   * By how much the bystander's p99 may exceed the quiet one, in milliseconds that the gateway computes. @default 150
   */
  readonly delayMs?: number;
  /** What one request of the attacker may cost, in milliseconds of the gateway's CPU. @default no matter */
  readonly cpuMs?: number;
  readonly target?: TargetOptions;
  /** What the bystander asks for. @default `{ __typename }` */
  readonly bystander?: {
    readonly everyMs: number;
    /** The body of each request. None comes twice. */
    readonly body: (target: Target, index: number) => string;
    /** How long it is measured before the attack, in milliseconds. */
    readonly quietMs: number;
    /** What its p99 may be, in milliseconds that are not the machine's, in place of `delayMs`. */
    readonly limitMs: (quietP99: number) => number;
  };
}

const MIB = 1024 * 1024;

/** What the bystander's p99 may be where nothing says what it is without the attack, in milliseconds. */
const MAX_ELAPSED_MS = 3000;

/** By how much memory may have grown after an attack: this share of what it was, or these bytes. */
const GROWTH = {
  share: 0.1,
  bytes: {
    retained: 16 * MIB,
    // The young generation, and what the allocator keeps of freed memory, are in it.
    rss: 48 * MIB,
  },
};

/** What a process retains at most whose caches are full, in bytes. */
const MAX_RETAINED = 160 * MIB;

/** What one request may write to the log, in bytes. */
const MAX_LOGGED = 16 * 1024;

/** How long the bystander is measured before the attack, in milliseconds. */
const QUIET_MS = 300;

/** How many requests the bystander makes at most in one measurement that has bodies of its own. */
const MAX_BODIES = 500;

/** What a row is tried over that does not say. */
export const ALL: readonly Transport[] = ['POST', 'GET', 'event stream', 'WebSocket'];

/** A test for each row and transport. */
export function testRows(kind: string, rows: readonly Row[]): void {
  describe(`${kind}:`, () => {
    for (const row of rows) {
      it.for(row.over ?? ALL)(
        `${row.name}, over %s: others notice nothing`,
        { timeout: 90_000 },
        async (transport) => {
          expect(await problemsOf(row, transport)).toEqual([]);
        },
      );
    }
  });
}

/** All that an attack does to others, with figures. The same attack came once before, so that code is compiled and caches are full. */
export async function problemsOf(row: Row, transport: Transport): Promise<string[]> {
  const target = await startTarget(row.target);
  const bystander = await createBystander(target);
  const held: { memory?: Holding; broken?: readonly string[]; turnMs?: number } = {};
  const asks = (phase: 'quiet' | 'busy') => {
    if (row.bystander === undefined) return {};
    const { everyMs, body } = row.bystander;
    const from = phase === 'quiet' ? 0 : MAX_BODIES;
    return { everyMs, bodies: Array.from({ length: MAX_BODIES }, (_, index) => body(target, from + index)) };
  };
  try {
    await attack(row, target, transport, 'first', () => Promise.resolve());
    await target.untilIdle();
    bystander.start(asks('quiet'));
    await new Promise((resolve) => setTimeout(resolve, row.bystander?.quietMs ?? QUIET_MS));
    const quiet = await bystander.stop();
    const before = await target.holding();
    const logged = target.log.bytes;
    let stopped: Promise<Samples> | undefined;
    bystander.start(asks('busy'));
    const tally = await attack(row, target, transport, 'second', async () => {
      // A collection would delay the bystander.
      await (stopped = bystander.stop());
      held.turnMs = (await target.holding(false)).longestTurnMs;
      held.broken = await brokenLiveFeatures(target);
      held.memory = await target.holding();
    });
    const busy = await (stopped ?? bystander.stop());
    const ended = await target.holding(false);
    const cpuMs = ended.cpuMs - before.cpuMs;
    const turnMs = held.turnMs ?? ended.longestTurnMs;
    const loggedPerRequest = (target.log.bytes - logged) / (tally.sent + busy.elapsedMs.length);
    await target.untilIdle();
    await target.untilUnwatched();
    const after = await target.holding();
    report(row, transport, {
      tally,
      quiet,
      busy,
      before,
      held: held.memory,
      after,
      cpuMs,
      turnMs,
      loggedPerRequest,
    });
    return [
      ...ofBystander(row, quiet, busy),
      ...(held.broken ?? []).map((answer) => `a live feature of the bystander: ${answer}`),
      ...ofMemory(row, before, held.memory, after),
      ...ofResources(before, after),
      ...ofAnswers(row, tally),
      ...ofCost(row, tally, cpuMs, loggedPerRequest),
      ...kindsOf(target.log.errors),
    ];
  } catch (error) {
    return [`${String(error)} ${target.end ?? ''} ${target.log.errors.join('\n').slice(0, 400)}`];
  } finally {
    await bystander.close();
    await target.close();
  }
}

/**
 * What an attack does to others on a gateway that stays for the next one. It comes once, so that memory and delays are compared
 * with what they may be at most, and not with what they were before.
 *
 * @param bystander `undefined`: what others see of it is not measured, but for live features while all is held
 */
export async function problemsInPassing(
  row: Row,
  transport: Transport,
  target: Target,
  bystander?: Bystander,
): Promise<string[]> {
  const before = await target.holding();
  const logged = target.log.errors.length;
  const held: { broken?: readonly string[] } = {};
  bystander?.start();
  const tally = await attack(row, target, transport, `passing${before.cpuMs.toFixed(0)}`, async () => {
    held.broken = await brokenLiveFeatures(target);
  });
  const seen = await bystander?.stop();
  await target.untilIdle();
  await target.untilUnwatched();
  const after = await target.holding();
  return [
    ...(seen === undefined ? [] : ofPassingBystander(seen)),
    ...(held.broken ?? []).map((answer) => `a live feature of the bystander: ${answer}`),
    ...(after.retained <= MAX_RETAINED ? [] : [`retained for good: ${mib(after.retained)} MiB`]),
    ...ofResources(before, after),
    ...ofAnswers(row, tally),
    ...kindsOf(target.log.errors.slice(logged)),
  ];
}

function ofPassingBystander({ unhinderedMs, failures }: Samples): string[] {
  return [
    ...exceeds(unhinderedMs, MAX_ELAPSED_MS).map((figures) => `p99 of the bystander: ${figures}`),
    ...failures.slice(0, 3).map((failure) => `the bystander was answered: ${failure}`),
  ];
}

function exceeds(tookMs: readonly number[], limitMs: number): string[] {
  const p99 = quantile(tookMs, 0.99);
  return p99 <= limitMs ? [] : [`${p99.toFixed(0)} ms, at most ${limitMs.toFixed(0)}`];
}

function attack(
  row: Row,
  target: Target,
  transport: Transport,
  round: string,
  whileHeld: () => Promise<void>,
): Promise<Tally> {
  return row.attack({
    target,
    transport,
    round,
    whileHeld,
    send: (options) => send({ target, transport, until: isRefused(row), ...options }),
  });
}

function isRefused({ refusal }: Row): (tally: Tally) => boolean {
  return ({ codes }) => refusal === undefined || refusal.some((code) => codes.has(code));
}

function ofBystander({ delayMs = 150, bystander }: Row, quiet: Samples, busy: Samples): string[] {
  const kind = bystander === undefined ? 'ranMs' : 'unhinderedMs';
  const quietMs = quantile(quiet[kind], 0.99);
  const limitMs = bystander?.limitMs(quietMs) ?? quietMs + delayMs;
  return [
    ...exceeds(busy[kind], limitMs).map(
      (figures) => `p99 of the bystander: ${quietMs.toFixed(0)} -> ${figures}`,
    ),
    ...[...quiet.failures, ...busy.failures]
      .slice(0, 3)
      .map((failure) => `the bystander was answered: ${failure}`),
  ];
}

function ofMemory(
  { heldMiB = 64 }: Row,
  before: Holding,
  held: Holding | undefined,
  after: Holding,
): string[] {
  const growth = (memory: keyof Pick<Holding, 'rss' | 'retained'>) => {
    const limit = before[memory] + Math.max(GROWTH.bytes[memory], GROWTH.share * before[memory]);
    return after[memory] <= limit ? [] : [`${memory}: ${mib(before[memory])} -> ${mib(after[memory])} MiB`];
  };
  const heldBytes = (held?.retained ?? 0) - before.retained;
  return [
    ...growth('retained'),
    ...growth('rss'),
    ...(heldBytes <= heldMiB * MIB ? [] : [`held: ${mib(heldBytes)} MiB`]),
    ...(after.retained <= MAX_RETAINED ? [] : [`retained for good: ${mib(after.retained)} MiB`]),
  ];
}

/** Timers come and go by themselves, and there is one for each idle connection of the keep-alive agents. */
const COUNTED = ['TCPSocketWrap', 'TCPServerWrap', 'TLSWrap', 'Immediate'];

/** The connections to ICE, and those of the bystander that have not been closed yet. */
const SOCKETS_THAT_STAY = 64;

function ofResources({ resources: before }: Holding, { resources: after }: Holding): string[] {
  return COUNTED.flatMap((kind) => {
    const [from, to] = [before[kind] ?? 0, after[kind] ?? 0];
    const slack = kind === 'TCPSocketWrap' ? SOCKETS_THAT_STAY : 0;
    return to <= from + slack ? [] : [`${kind}: ${String(from)} -> ${String(to)}`];
  });
}

function ofAnswers(row: Row, tally: Tally): string[] {
  const { refusal } = row;
  return [
    ...tally.faults.map((fault) => `the attacker was answered: ${fault}`),
    ...(isRefused(row)(tally) || refusal === undefined
      ? []
      : [`no ${refusal.join(' or ')}: ${describeTally(tally)}`]),
  ];
}

function ofCost(row: Row, tally: Tally, cpuMs: number, loggedPerRequest: number): string[] {
  const each = cpuMs / Math.max(1, tally.sent);
  return [
    ...(each <= (row.cpuMs ?? Infinity) ? [] : [`CPU of one request: ${each.toFixed(1)} ms`]),
    ...(loggedPerRequest <= MAX_LOGGED
      ? []
      : [`logged for one request: ${loggedPerRequest.toFixed(0)} bytes`]),
  ];
}

/** Prints all figures with `ABUSE_REPORT=1`. */
function report(
  { name }: Row,
  transport: Transport,
  seen: {
    readonly tally: Tally;
    readonly quiet: Samples;
    readonly busy: Samples;
    readonly before: Holding;
    readonly held: Holding | undefined;
    readonly after: Holding;
    readonly cpuMs: number;
    readonly turnMs: number;
    readonly loggedPerRequest: number;
  },
): void {
  if (process.env['ABUSE_REPORT'] !== '1') return;
  const { tally, quiet, busy, before, held, after, cpuMs, turnMs, loggedPerRequest } = seen;
  const p99Of = (what: 'elapsedMs' | 'unhinderedMs' | 'ranMs') =>
    [quiet, busy].map((samples) => `${quantile(samples[what], 0.99).toFixed(0)} ms`).join(' -> ');
  const memory = (key: 'rss' | 'retained') =>
    [before, held, after].map((holding) => (holding === undefined ? '-' : mib(holding[key]))).join(' -> ');
  process.stderr.write(
    `${name}, over ${transport}\n  p99 ${p99Of('elapsedMs')}, unhindered ${p99Of('unhinderedMs')}, gateway ran ${p99Of('ranMs')}, of ${String(busy.elapsedMs.length)}; longest turn ${turnMs.toFixed(0)} ms; ` +
      `retained ${memory('retained')}; rss ${memory('rss')}; ` +
      `cpu ${(cpuMs / Math.max(1, tally.sent)).toFixed(1)} ms; log ${loggedPerRequest.toFixed(0)} B; ` +
      `${describeTally(tally)}\n`,
  );
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(0);
}

/** So many operations, each made from its number. */
export function* times(count: number, make: (index: number) => Operation): Generator<Operation> {
  for (let index = 0; index < count; index += 1) yield make(index);
}
