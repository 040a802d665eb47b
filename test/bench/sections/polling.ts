import { startEmulator, type Emulator } from '../../../src/emulator/server.ts';
import type { Answer } from '../support/client.ts';
import { startGateway } from '../support/gateway.ts';
import { poll, type Polled } from '../support/poll.ts';
import { figureOf, percentile, type SectionResult } from '../support/result.ts';
import { NO_LIMITS } from '../../support/limits.ts';

const JOBS = 100;
const FINISHING = 20;
const CLIENTS = 200;
const FIRST_READ_SECONDS = 5;
const SECONDS = 10;
const ROUNDS = 3;
const DIRECT_CLIENTS = 2;
const DIRECT_SECONDS = 5;

const QUERY = `query Poll($ids: [ID!]!) {
  packageJobsById(ids: $ids) { id name status isFinished finishTime pollAfterMs }
}`;

/** What a crowd saw, and what it cost at the emulator's socket. */
interface Outcome extends Polled {
  readonly lists: number;
  readonly gets: number;
}

/** Many apps that poll the same jobs, through the gateway and, fewer of them, with DataLoader alone. */
export async function polling(): Promise<SectionResult> {
  const rounds: Outcome[] = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await throughGateway());
  const direct = await withDataLoaderAlone();
  const directPerClientSecond = callsIn(direct) / (DIRECT_CLIENTS * DIRECT_SECONDS);
  const incomplete = [...rounds, direct].reduce((sum, outcome) => sum + outcome.incomplete, 0);
  const excess = Math.max(...rounds.map((outcome) => callsIn(outcome) - allowedIn(outcome)));
  const calls = `${rounds.map(callsIn).join(', ')} of ${rounds.map(allowedIn).join(', ')}`;
  const figure = (name: string, unit: string, measure: (outcome: Outcome) => number) =>
    figureOf(name, rounds.map(measure), unit);
  return {
    summary:
      `${String(CLIENTS)} clients poll the same ${String(JOBS)} jobs once a second, ${String(ROUNDS)} times for ` +
      `${String(SECONDS)} s, ${String(FINISHING)} of which finish meanwhile; ` +
      `counted after ${String(FIRST_READ_SECONDS)} s of the same`,
    figures: [
      figure('requests answered', '', ({ answered }) => answered),
      figure('latency p50', 'ms', ({ latenciesMs }) => percentile(latenciesMs, 50)),
      figure('latency p99', 'ms', ({ latenciesMs }) => percentile(latenciesMs, 99)),
      figure('upstream calls', '', callsIn),
      figure('of these, ListPackageJobs', '', ({ lists }) => lists),
      figure('of these, GetPackageJob', '', ({ gets }) => gets),
      figure('upstream calls a second', '', (outcome) => callsIn(outcome) / secondsOf(outcome)),
      {
        name: `DataLoader alone, ${String(DIRECT_CLIENTS)} clients: calls a client-second`,
        value: directPerClientSecond,
        unit: '',
      },
      {
        name: `the same for ${String(CLIENTS)} clients, extrapolated: calls a second`,
        value: directPerClientSecond * CLIENTS,
        unit: '',
      },
    ],
    checks: [
      {
        promise: `at most 2 calls a second and one for each finished job: ${calls}`,
        isKept: excess <= 0,
      },
      { promise: `every answer has all jobs: ${String(incomplete)} have not`, isKept: incomplete === 0 },
    ],
  };
}

function callsIn({ lists, gets }: Outcome): number {
  return lists + gets;
}

function secondsOf({ elapsedMs }: Outcome): number {
  return elapsedMs / 1000;
}

/** What the gateway promises once every job was read: a list and its check each second, and a read of what finished. */
function allowedIn(outcome: Outcome): number {
  return 2 * Math.ceil(secondsOf(outcome)) + FINISHING;
}

/** At the default call budget. The first seconds, in which each job is read for the first time, are not counted. */
async function throughGateway(): Promise<Outcome> {
  const emulator = await startEmulator({ limits: NO_LIMITS });
  const gateway = await startGateway(emulator);
  const finishFrom = Date.now() + FIRST_READ_SECONDS * 1000;
  const crowd = { clients: CLIENTS, body: bodyFor(addJobs(emulator, finishFrom)), isComplete };
  await poll(gateway.url, { ...crowd, times: FIRST_READ_SECONDS });
  emulator.resetRequests();
  const polled = await poll(gateway.url, { ...crowd, times: SECONDS });
  const outcome = { ...polled, ...callsOf(emulator) };
  await gateway.stop();
  await emulator.close();
  return outcome;
}

async function withDataLoaderAlone(): Promise<Outcome> {
  const emulator = await startEmulator({ limits: NO_LIMITS });
  const direct = await startGateway(emulator, { ICE_CALLS_PER_SECOND: '10000' }, 'servers/direct.ts');
  const body = bodyFor(addJobs(emulator, Infinity));
  const polled = await poll(direct.url, { clients: DIRECT_CLIENTS, times: DIRECT_SECONDS, body, isComplete });
  const outcome = { ...polled, ...callsOf(emulator) };
  await direct.stop();
  await emulator.close();
  return outcome;
}

function callsOf(emulator: Emulator): Pick<Outcome, 'lists' | 'gets'> {
  return {
    lists: emulator.countRequests('ListPackageJobs'),
    gets: emulator.countRequests('GetPackageJob'),
  };
}

/** Jobs created a second apart; some finish evenly over the measured time, which begins at `finishFrom`. */
function addJobs(emulator: Emulator, finishFrom: number): string[] {
  const now = Date.now();
  return Array.from({ length: JOBS }, (_, index) =>
    emulator.jobs.add({
      name: `job ${String(index)}`,
      createTime: now - (JOBS - index) * 1000,
      finishTime: index < FINISHING ? finishFrom + ((index + 0.5) * SECONDS * 1000) / FINISHING : Infinity,
    }),
  );
}

function bodyFor(ids: readonly string[]): string {
  return JSON.stringify({ query: QUERY, variables: { ids } });
}

function isComplete({ status, data, errors }: Answer): boolean {
  const jobs = data?.['packageJobsById'];
  return (
    status === 200 &&
    errors === undefined &&
    Array.isArray(jobs) &&
    jobs.length === JOBS &&
    !jobs.includes(null)
  );
}
