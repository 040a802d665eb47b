import type { FaultRule } from '../../../../src/emulator/faults.ts';
import type { Emulator } from '../../../../src/emulator/server.ts';
import type { Random } from './random.ts';

/** What is true of a job. Times are milliseconds since 1970. `Infinity` is never. */
export interface TrueJob {
  readonly id: string;
  /** When it appeared at ICE. */
  readonly addedAt: number;
  /** When ICE says that it was created, which can be earlier. */
  readonly createdAt: number;
  finishedAt: number;
  removedAt: number;
  outcome: 'SUCCESS' | 'FAIL';
  /** When the gateway said that ICE had accepted it. Jobs that others submitted have none. */
  acceptedAt: number | undefined;
}

/** A time in milliseconds since 1970. `Infinity` is not over yet. */
interface Spell {
  readonly from: number;
  until: number;
}

/** For how long a submitted job is unfinished at most, in milliseconds. */
const SUBMITTED_MS = 3000;

/** How many jobs that change are there at once. */
const UNFINISHED = 12;

/**
 * ICE, and the true history of its jobs. Some are added, finished and removed at any time. Faults come in spells, with pauses in
 * between in which everything works.
 */
export class Ice {
  readonly jobs = new Map<string, TrueJob>();
  readonly #emulator: Emulator;
  readonly #random: Random;
  readonly lagMs: number;
  /** Since when calls may fail, and until when, oldest first. */
  readonly #spells: Spell[] = [];
  /** In which times each submitted job may not be found. */
  readonly #forgotten = new Map<string, Spell[]>();

  constructor(emulator: Emulator, random: Random, lagMs: number) {
    this.#emulator = emulator;
    this.#random = random;
    this.lagMs = lagMs;
    this.clearFaults();
    for (let job = 0; job < UNFINISHED; job += 1) this.#add();
  }

  /** Does the next thing that happens by itself. */
  step(): void {
    const random = this.#random;
    this.#endForgetting();
    const unfinished = this.unfinished();
    if (unfinished.length < UNFINISHED || random.chance(0.05)) this.#add();
    if (random.chance(0.3)) for (const job of random.some(unfinished, 1)) this.#finish(job);
    // A submitted job would finish by itself after 5 s.
    for (const job of unfinished) {
      if (job.acceptedAt !== undefined && Date.now() - job.acceptedAt > SUBMITTED_MS) this.#finish(job);
    }
    if (random.chance(0.02)) for (const job of random.some([...this.jobs.values()], 1)) this.#remove(job);
  }

  unfinished(): TrueJob[] {
    return [...this.jobs.values()].filter((job) => job.finishedAt > Date.now() && job.removedAt === Infinity);
  }

  /** Is told of a job that the gateway had submitted by this time. */
  accepted(id: string, acceptedAt: number): void {
    this.jobs.set(id, { ...NEVER, id, addedAt: acceptedAt, createdAt: acceptedAt, acceptedAt });
  }

  /** Begins a spell of faults. */
  disturb(): void {
    const random = this.#random;
    const times = random.integer(1, 6);
    const action = random.pick(['GetPackageJob', 'ListPackageJobs', undefined] as const);
    const [job] = random.some(this.unfinished(), 1);
    const faults: [FaultRule, ...FaultRule[]] = [
      { kind: 'status', status: 503, code: 'ServiceUnavailable', times },
      { kind: 'status', status: 503, code: 'ServiceUnavailable', times: 'always' },
      { kind: 'hang', when: 'before-headers', times: random.integer(1, 3) },
      { kind: 'hang', when: 'before-headers', times: 'always', ...(job && { jobId: job.id }) },
      { kind: 'throttle', retryAfterMs: 200, times },
      { kind: 'delay', delayMs: random.integer(100, 900), times: 'always' },
      { kind: 'reset', when: 'mid-body', times },
      { kind: 'truncate', times },
    ];
    this.#spells.push({ from: Date.now(), until: Infinity });
    this.#emulator.faults.add({ ...random.pick(faults), ...(action && { action }) });
  }

  /** A replica of ICE does not find a job that was just submitted. */
  forget(id: string): void {
    const times = this.#random.integer(1, 3);
    this.#emulator.faults.add({ kind: 'status', status: 404, code: 'JobNotFound', jobId: id, times });
    const spells = this.#forgotten.get(id) ?? [];
    spells.push({ from: Date.now(), until: Infinity });
    this.#forgotten.set(id, spells);
  }

  /** Whether ICE may not have found the job between these times. Nobody can know how it was then. */
  wasForgotten(id: string, from: number, until: number): boolean {
    return (this.#forgotten.get(id) ?? []).some((spell) => spell.from <= until && spell.until >= from);
  }

  /** Ends the times in which jobs are not found, once that many reads were told so. It is late by a step at most. */
  #endForgetting(): void {
    const pending = new Set(this.#emulator.faults.list().map(({ jobId }) => jobId));
    for (const [id, spells] of this.#forgotten) {
      if (pending.has(id)) continue;
      for (const spell of spells) spell.until = Math.min(spell.until, Date.now());
    }
  }

  clearFaults(): void {
    this.#emulator.faults.clear();
    this.#endForgetting();
    const { lagMs } = this;
    if (lagMs > 0) {
      this.#emulator.faults.add({ kind: 'listLag', lagMs, action: 'ListPackageJobs', times: 'always' });
    }
    const last = this.#spells.at(-1);
    if (last?.until === Infinity) last.until = Date.now();
  }

  /** Whether calls may have failed between these times, or the gateway still waited after such failures. */
  wasDisturbed(from: number, until: number, afterMs: number): boolean {
    return this.#spells.some((spell) => spell.from <= until && spell.until + afterMs >= from);
  }

  /** Finishes all jobs, so that every subscription has an end. */
  finishAll(): void {
    for (const job of this.unfinished()) this.#finish(job);
  }

  #add(): void {
    const addedAt = Date.now();
    // A third are old, so that they are read rarely.
    const ageMs = this.#random.pick([0, 0, this.#random.integer(20_000, 3_600_000)]);
    const outcome = this.#random.pick(['SUCCESS', 'SUCCESS', 'FAIL'] as const);
    const id = this.#emulator.jobs.add({ createTime: addedAt - ageMs, finishTime: Infinity });
    this.jobs.set(id, { ...NEVER, id, addedAt, createdAt: addedAt - ageMs, outcome });
  }

  #finish(job: TrueJob): void {
    const status = job.outcome === 'FAIL' ? 'Fail' : 'Success';
    job.finishedAt = Date.now();
    this.#emulator.jobs.finish(job.id, { status });
  }

  #remove(job: TrueJob): void {
    if (job.removedAt !== Infinity || job.acceptedAt !== undefined) return;
    job.removedAt = Date.now();
    this.#emulator.jobs.remove(job.id);
  }
}

const NEVER = {
  finishedAt: Infinity,
  removedAt: Infinity,
  outcome: 'SUCCESS' as 'SUCCESS' | 'FAIL',
  acceptedAt: undefined as number | undefined,
};
