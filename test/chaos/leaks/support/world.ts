import { startGateway, type TestGateway } from '../../../support/gateway.ts';
import { startIssuer, type Issuer } from '../../../support/issuer.ts';

/** A job, and what a bearer who may see it is shown. */
export interface OwnedJob {
  readonly id: string;
  readonly name: string;
  readonly userData: string | null;
  readonly status: 'INIT' | 'SUCCESS';
}

/** A kind of bearer, and the model of what it may see. */
export interface Bearer {
  readonly name: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** `undefined`: reading is refused with this code. */
  readonly sees: ((job: OwnedJob) => boolean) | undefined;
  readonly code: 'FORBIDDEN' | 'UNAUTHENTICATED' | undefined;
}

export interface World {
  readonly gateway: TestGateway;
  readonly issuer: Issuer;
  readonly bearers: readonly Bearer[];
  /** Those that do not change. */
  readonly jobs: readonly OwnedJob[];
  /** Adds a job of this owner that is not listed among {@link jobs}. Its status changes. */
  addJob(owner: string): OwnedJob;
  /** The job of a name, whichever it is. */
  named(name: string): OwnedJob | undefined;
  /** The header of a bearer. It is another one after {@link renew}. */
  authorization(bearer: Bearer): Promise<string | undefined>;
  renew(bearer: Bearer): void;
  /** Moves the clock of the gateway and of ICE. */
  advance(ms: number): void;
  close(): Promise<void>;
}

const PEOPLE = ['alice', 'bob'] as const;

/** `userData` that names no owner, although some of it looks like it. */
const NOBODYS = [
  null,
  'alice',
  '"alice"',
  '["alice"]',
  '{"owner":["alice"]}',
  '{"owner":{"owner":"alice"}}',
  '{"owner":"ALICE"}',
  '{"owner":"alice "}',
  '{"Owner":"alice"}',
  '{"owner":null}',
  '{"owner":7}',
  '{"x":{"owner":"alice"}}',
  '{"__proto__":{"owner":"alice"}}',
  '{"owner":"alice"',
];

/** As many jobs as take several of ICE's pages. */
const JOBS = 240;

/** Jobs that are added later have larger numbers. */
const CHANGING = 1_000_000;

function addJobs({ emulator }: TestGateway): OwnedJob[] {
  const jobs: OwnedJob[] = [];
  const now = Date.now();
  for (let index = 0; index < JOBS; index += 1) {
    const person = index % 20 === 0 ? PEOPLE[(index / 20) % 2] : undefined;
    const userData =
      person === undefined
        ? (NOBODYS[index % NOBODYS.length] ?? null)
        : JSON.stringify({ n: index, owner: person });
    const isFinished = index % 3 !== 0;
    const name = `marker-${String(index)}-end`;
    const createTime = now - 1_000_000 - 2000 * index;
    const id = emulator.jobs.add({
      name,
      createTime,
      finishTime: isFinished ? createTime + 1000 : Infinity,
      outcome: { status: 'Success' },
      ...(userData !== null && { userData }),
    });
    jobs.push({ id, name, userData, status: isFinished ? 'SUCCESS' : 'INIT' });
  }
  return jobs;
}

function ownerOf({ userData }: OwnedJob): unknown {
  try {
    const data = JSON.parse(userData ?? '') as unknown;
    if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined;
    return Object.getOwnPropertyDescriptor(data, 'owner')?.value;
  } catch {
    return undefined;
  }
}

function bearersOf(jobs: readonly OwnedJob[]): Bearer[] {
  const owned = (owner: unknown) => (job: OwnedJob) => ownerOf(job) === owner;
  const [alices = '', bobs = ''] = PEOPLE.map((person) => jobs.find(owned(person))?.id);
  const others = jobs
    .filter((job) => ownerOf(job) === undefined)
    .slice(0, 2)
    .map(({ id }) => id);
  const isOneOf = (ids: readonly string[]) => (job: OwnedJob) => ids.includes(job.id);
  const reader = { scope: 'jobs:read jobs:submit', sub: undefined };
  const bearer = (name: string, claims: object, sees: (job: OwnedJob) => boolean): Bearer => ({
    name,
    claims: { ...reader, ...claims },
    sees,
    code: undefined,
  });
  return [
    bearer('alice', { owner: 'alice', sub: 'alice' }, owned('alice')),
    bearer('alice on another device', { owner: 'alice', sub: 'alice-2' }, owned('alice')),
    bearer('bob', { owner: 'bob', sub: 'bob' }, owned('bob')),
    bearer('seven', { owner: 7 }, owned(7)),
    bearer('the text seven', { owner: '7' }, () => false),
    bearer('one job', { job_ids: [bobs] }, isOneOf([bobs])),
    bearer('jobs in a text', { job_ids: others.join(' ') }, isOneOf(others)),
    bearer('no jobs', { job_ids: [] }, () => false),
    bearer('alice, of one job of hers', { owner: 'alice', job_ids: [alices] }, isOneOf([alices])),
    bearer('alice, of a job of bob', { owner: 'alice', job_ids: [bobs] }, () => false),
    { name: 'nobody', claims: reader, sees: undefined, code: 'FORBIDDEN' },
    {
      name: 'alice without the scope',
      claims: { owner: 'alice', scope: 'jobs:submit' },
      sees: undefined,
      code: 'FORBIDDEN',
    },
    { name: 'expired', claims: { owner: 'alice', exp: 1 }, sees: undefined, code: 'UNAUTHENTICATED' },
    { name: 'without a token', claims: {}, sees: undefined, code: 'UNAUTHENTICATED' },
  ];
}

export async function createWorld(): Promise<World> {
  const issuer = await startIssuer();
  let ahead = 0;
  const gateway = await startGateway({
    emulator: { seed: 'none' },
    now: () => Date.now() + ahead,
    // Subscriptions to all jobs are told sooner.
    env: { ...issuer.env, OWNER_CLAIM: 'owner', OWNER_FIELD: 'owner', POLL_MIN_MS: '100' },
  });
  const jobs = addJobs(gateway);
  const byName = new Map(jobs.map((job) => [job.name, job]));
  const headers = new Map<Bearer, Promise<string | undefined>>();
  let renewals = 0;

  async function sign({ name, claims }: Bearer): Promise<string | undefined> {
    if (name === 'without a token') return undefined;
    renewals += 1;
    const exp = Math.floor(Date.now() / 1000) + 10_000_000;
    const { authorization } = await issuer.bearer({ exp, jti: String(renewals), ...claims });
    return authorization;
  }

  return {
    gateway,
    issuer,
    bearers: bearersOf(jobs),
    jobs,
    addJob(owner) {
      const name = `marker-${String(CHANGING + byName.size)}-end`;
      const userData = JSON.stringify({ owner });
      const id = gateway.emulator.jobs.add({ name, userData, finishTime: Infinity });
      const job: OwnedJob = { id, name, userData, status: 'INIT' };
      byName.set(name, job);
      return job;
    },
    named: (name) => byName.get(name),
    authorization(bearer) {
      let header = headers.get(bearer);
      if (header === undefined) {
        header = sign(bearer);
        headers.set(bearer, header);
      }
      return header;
    },
    renew: (bearer) => void headers.delete(bearer),
    advance: (ms) => (ahead += ms),
    async close() {
      await gateway.close();
      await issuer.close();
    },
  };
}
