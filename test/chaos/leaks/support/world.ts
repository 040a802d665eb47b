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
  /** Whether its tokens end while the hunt is under way. @default false */
  readonly isBrief?: boolean;
}

/** What a bearer sends to show who it is. */
export interface Token {
  /** `undefined`: it sends nothing. */
  readonly header: string | undefined;
  /** From when on it must be refused, by the clock of the gateway. */
  readonly endsAt: number;
}

/** How often what a hunt is for has happened. */
export interface Counts {
  /** Tokens that were refused as they had ended. */
  ended: number;
  /** Answers that said with 304 that another bearer's is the same. */
  unmodified: number;
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
  /** The token of a bearer. It is another one after {@link renew}. */
  token(bearer: Bearer): Promise<Token>;
  renew(bearer: Bearer): void;
  /** The header of a bearer with a token that does not end, for streams: these end by the clock of the machine. */
  lasting(bearer: Bearer): Promise<string | undefined>;
  /** The clock of the gateway and of ICE. */
  now(): number;
  advance(ms: number): void;
  readonly counts: Counts;
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

/** For how long tokens are accepted after they have ended, in seconds. */
const SKEW_S = 5;

/** How long tokens last that end while the hunt is under way, in seconds. They take turns. */
const BRIEF_S = [10, 20, 30] as const;
const LASTING_S = 10_000_000;

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
  const brief = (bearer: Bearer): Bearer => ({ ...bearer, isBrief: true });
  const reader = { scope: 'jobs:read jobs:submit', sub: undefined };
  const bearer = (name: string, claims: object, sees: (job: OwnedJob) => boolean): Bearer => ({
    name,
    claims: { ...reader, ...claims },
    sees,
    code: undefined,
  });
  return [
    bearer('alice', { owner: 'alice', sub: 'alice' }, owned('alice')),
    brief(bearer('alice on another device', { owner: 'alice', sub: 'alice-2' }, owned('alice'))),
    brief(bearer('bob', { owner: 'bob', sub: 'bob' }, owned('bob'))),
    bearer('seven', { owner: 7 }, owned(7)),
    bearer('the text seven', { owner: '7' }, () => false),
    bearer('one job', { job_ids: [bobs] }, isOneOf([bobs])),
    brief(bearer('jobs in a text', { job_ids: others.join(' ') }, isOneOf(others))),
    bearer('no jobs', { job_ids: [] }, () => false),
    brief(bearer('alice, of one job of hers', { owner: 'alice', job_ids: [alices] }, isOneOf([alices]))),
    bearer('alice, of a job of bob', { owner: 'alice', job_ids: [bobs] }, () => false),
    { name: 'nobody', claims: reader, sees: undefined, code: 'FORBIDDEN' },
    {
      name: 'alice without the scope',
      claims: { owner: 'alice', scope: 'jobs:submit' },
      sees: undefined,
      code: 'FORBIDDEN',
      isBrief: true,
    },
    { name: 'expired', claims: { owner: 'alice', exp: 1 }, sees: undefined, code: 'UNAUTHENTICATED' },
    { name: 'without a token', claims: {}, sees: undefined, code: 'UNAUTHENTICATED' },
  ];
}

export async function createWorld(): Promise<World> {
  const issuer = await startIssuer();
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const gateway = await startGateway({
    emulator: { seed: 'none' },
    now,
    env: {
      ...issuer.env,
      OWNER_CLAIM: 'owner',
      OWNER_FIELD: 'owner',
      JWT_CLOCK_SKEW_S: String(SKEW_S),
      // Subscriptions to all jobs are told sooner.
      POLL_MIN_MS: '100',
    },
  });
  const jobs = addJobs(gateway);
  const byName = new Map(jobs.map((job) => [job.name, job]));
  const tokens = new Map<Bearer, Promise<Token>>();
  let renewals = 0;

  async function sign({ name, claims }: Bearer, seconds: number): Promise<Token> {
    if (name === 'without a token') return { header: undefined, endsAt: Infinity };
    renewals += 1;
    const { exp = Math.floor(now() / 1000) + seconds } = claims as { readonly exp?: number };
    const { authorization } = await issuer.bearer({ ...claims, exp, jti: String(renewals) });
    return { header: authorization, endsAt: 1000 * (exp + SKEW_S) };
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
    token(bearer) {
      let token = tokens.get(bearer);
      if (token === undefined) {
        const brief = BRIEF_S[renewals % BRIEF_S.length] ?? LASTING_S;
        token = sign(bearer, bearer.isBrief === true ? brief : LASTING_S);
        tokens.set(bearer, token);
      }
      return token;
    },
    renew: (bearer) => void tokens.delete(bearer),
    lasting: async (bearer) => (await sign(bearer, LASTING_S)).header,
    now,
    advance: (ms) => (ahead += ms),
    counts: { ended: 0, unmodified: 0 },
    async close() {
      await gateway.close();
      await issuer.close();
    },
  };
}
