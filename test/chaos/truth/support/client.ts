import { setTimeout as pause } from 'node:timers/promises';
import { followAll } from './following.ts';
import type { Ice, TrueJob } from './ice.ts';
import type { Random } from './random.ts';
import { ask, get, shownById, shownIn, subscribe, type Answer } from './requests.ts';
import type { Shown, Showing, Way } from './showing.ts';

/** A place in a list that a client has kept. */
interface Kept {
  readonly variables: Readonly<Record<string, unknown>>;
  readonly cursor: string;
}

const FIELDS = 'id status modifiedTime observedAt pollAfterMs';

/** A client that does one thing after the other, as its random numbers say, and writes down what it is shown. */
export class Client {
  readonly showings: Showing[] = [];
  /** What broke a rule that only its own request can tell. */
  readonly violations: string[] = [];
  readonly #url: string;
  readonly #ice: Ice;
  readonly #random: Random;
  readonly #kept: Kept[] = [];

  constructor(url: string, ice: Ice, random: Random) {
    this.#url = url;
    this.#ice = ice;
    this.#random = random;
  }

  /** Does the next thing. */
  async step(until: AbortSignal): Promise<void> {
    const random = this.#random;
    const things = [
      () => this.#read(),
      () => this.#read(),
      () => this.#mixed(),
      () => this.#list(),
      () => this.#wait(),
      () => this.#poll(),
      () => this.#subscribe(until),
      () => this.#subscribe(until),
      () => this.#follow(until),
      () => (random.chance(0.3) ? this.#submit() : this.#goOn()),
      () => (random.chance(0.3) ? this.#walk() : this.#goOn()),
    ] as const;
    await random.pick(things)();
    await pause(random.integer(0, 300));
  }

  async #read(): Promise<void> {
    const random = this.#random;
    const ids = this.#ids(random.integer(1, 6));
    const [id = ''] = ids;
    const fields = this.#fields();
    const query = random.pick([
      `query ($id: ID!) { packageJob(id: $id) { ${fields} } }`,
      `query ($id: ID!) { node(id: $id) { id ... on PackageJob { ${fields} } } }`,
      `query ($ids: [ID!]!) { packageJobsById(ids: $ids) { ${fields} } }`,
      `query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on PackageJob { ${fields} } } }`,
    ]);
    const variables = query.includes('$ids') ? { ids } : { id };
    const answer = random.chance(0.3)
      ? await get(this.#url, query, variables)
      : await ask(this.#url, query, variables);
    this.#record('read', query, answer, shownById(answer, query.includes('$ids') ? ids : [id]));
  }

  /** One job in several places of one answer. */
  async #mixed(): Promise<void> {
    const [id = ''] = this.#ids(1);
    const fields = this.#fields();
    const parts = [
      `one: packageJob(id: $id) { ${fields} }`,
      `again: node(id: $id) { ... on PackageJob { ${fields} } }`,
      `all: packageJobs(first: 30) { nodes { ${fields} } }`,
      `unfinished: packageJobs(first: 30, filter: { status: INIT }) { nodes { ${fields} } }`,
      `finished: packageJobs(first: 30, filter: { status: SUCCESS }) { nodes { ${fields} } }`,
      `waited: packageJob(id: $id, wait: { timeoutSeconds: 1, until: CHANGE }) { ${fields} }`,
    ];
    const chosen = this.#random.some(parts, this.#random.integer(2, 4));
    const query = `query ($id: ID!) { ${chosen.join(' ')} other: node(id: $id) { id } }`;
    const answer = await ask(this.#url, query, { id });
    this.#checkFilters(query, answer);
    this.#record('mixed', query, answer, shownIn(answer.body.data));
  }

  async #list(): Promise<void> {
    const random = this.#random;
    const status = random.pick(['INIT', 'INIT', 'SUCCESS', 'FAIL', null] as const);
    const orderBy = random.pick(['CREATE_TIME_DESC', 'CREATE_TIME_ASC'] as const);
    const variables = { first: random.integer(1, 12), orderBy, ...(status && { filter: { status } }) };
    await this.#page(variables, null);
  }

  /** Goes on from a cursor that it got at any time before. */
  async #goOn(): Promise<void> {
    const [kept] = this.#random.some(this.#kept, 1);
    if (kept === undefined) return this.#list();
    await this.#page(kept.variables, kept.cursor);
  }

  async #page(variables: Kept['variables'], after: string | null) {
    const query = `query ($first: Int, $after: String, $orderBy: PackageJobOrder, $filter: PackageJobFilter) {
      packageJobs(first: $first, after: $after, orderBy: $orderBy, filter: $filter) {
        edges { cursor node { ${FIELDS} } } pageInfo { hasNextPage endCursor }
      }
    }`;
    const answer = await ask(this.#url, query, { ...variables, after });
    const page = answer.body.data?.['packageJobs'] as
      | {
          edges: { cursor: string; node: Shown }[];
          pageInfo: { hasNextPage: boolean; endCursor: string | null };
        }
      | null
      | undefined;
    const jobs = page?.edges.map(({ node }) => node) ?? [];
    const { status } = (variables['filter'] ?? {}) as { status?: string };
    if (status !== undefined && jobs.some((job) => job.status !== status)) {
      this.violations.push(`a filter does not hold: ${JSON.stringify([variables, jobs])}`);
    }
    if (new Set(jobs.map(({ id }) => id)).size < jobs.length) {
      this.violations.push(`a page shows a job twice: ${JSON.stringify([variables, jobs])}`);
    }
    this.#record('list', JSON.stringify({ ...variables, after }), answer, jobs);
    for (const edge of this.#random.some(page?.edges ?? [], 2))
      this.#kept.push({ variables, cursor: edge.cursor });
    if (page?.pageInfo.endCursor) this.#kept.push({ variables, cursor: page.pageInfo.endCursor });
    if (this.#kept.length > 60) this.#kept.splice(this.#random.integer(0, 50), 10);
    return page;
  }

  /** Walks the whole list. What was in it all the time is shown once. */
  async #walk(): Promise<void> {
    const random = this.#random;
    const status = random.pick(['INIT', null] as const);
    const orderBy = random.pick(['CREATE_TIME_DESC', 'CREATE_TIME_ASC'] as const);
    const variables = { first: random.integer(3, 40), orderBy, ...(status && { filter: { status } }) };
    const startedAt = Date.now();
    const seen: string[] = [];
    let after: string | null = null;
    for (let page = 0; page < 200; page += 1) {
      const shown = await this.#page(variables, after);
      if (!shown) return;
      seen.push(...shown.edges.map(({ node }) => node.id));
      after = shown.pageInfo.endCursor;
      if (!shown.pageInfo.hasNextPage) break;
    }
    const endedAt = Date.now();
    const isLasting = ({ addedAt, createdAt, finishedAt, removedAt }: TrueJob) =>
      addedAt < startedAt &&
      createdAt < startedAt - this.#ice.lagMs &&
      removedAt > endedAt &&
      (status === null || finishedAt > endedAt);
    const lost = [...this.#ice.jobs.values()].filter((job) => isLasting(job) && !seen.includes(job.id));
    if (lost.length > 0)
      this.violations.push(`a walk of ${JSON.stringify(variables)} lost ${JSON.stringify(lost)}`);
    if (new Set(seen).size < seen.length)
      this.violations.push(`a walk of ${JSON.stringify(variables)} shows a job twice`);
  }

  async #wait(): Promise<void> {
    const random = this.#random;
    const [id = ''] = this.#ids(1);
    const seconds = random.integer(1, 2);
    const isPreferred = random.chance(0.3);
    const until = random.pick(['FINISHED', 'CHANGE'] as const);
    const argument = isPreferred ? '' : `, wait: { until: ${until}, timeoutSeconds: ${String(seconds)} }`;
    const query = `query ($id: ID!) { packageJob(id: $id${argument}) { ${this.#fields()} } }`;
    const headers = isPreferred ? { prefer: `wait=${String(seconds)}` } : {};
    const answer = await ask(this.#url, query, { id }, headers);
    this.#record('wait', query, answer, shownById(answer, [id]), 1000 * seconds);
  }

  /** Reads a job, and again when it is told to. */
  async #poll(): Promise<void> {
    const [id = ''] = this.#ids(1);
    const query = `query ($id: ID!) { packageJob(id: $id) { ${FIELDS} } }`;
    const first = await ask(this.#url, query, { id });
    const [before] = shownById(first, [id]);
    this.#record('read', query, first, shownById(first, [id]));
    if (!before || before.status === null) return;
    if ((before.pollAfterMs === null) !== (before.status !== 'INIT')) {
      this.violations.push(`a hint and a status do not agree: ${JSON.stringify(before)}`);
    }
    const hint = before.pollAfterMs ?? Infinity;
    if (hint > 2500) return;
    await pause(hint);
    const second = await ask(this.#url, query, { id });
    const [after] = shownById(second, [id]);
    this.#record('read', query, second, shownById(second, [id]));
    const isDisturbed =
      this.#ice.wasDisturbed(first.askedAt - 5000, second.gotAt, 3000) ||
      this.#ice.wasForgotten(id, first.askedAt, second.gotAt);
    if (!isDisturbed && after?.status === 'INIT' && after.observedAt === before.observedAt) {
      this.violations.push(
        `${String(hint)} ms later, as told, nothing newer: ${JSON.stringify([before, after])}`,
      );
    }
  }

  async #submit(): Promise<void> {
    const query = `mutation { submitPackageJob(input: { inputs: [{ type: OSS, media: "oss://bucket/a.mp4" }],
      output: { type: OSS, media: "oss://bucket/a.m3u8" } }) { packageJob { ${FIELDS} } } }`;
    const answer = await ask(this.#url, query, {});
    const payload = answer.body.data?.['submitPackageJob'] as { packageJob: Shown } | null | undefined;
    if (!payload) return;
    const { id } = payload.packageJob;
    this.#ice.accepted(id, answer.gotAt);
    this.#record('submission', 'submitPackageJob', answer, [payload.packageJob]);
    for (let read = 0; read < 4; read += 1) {
      if (this.#random.chance(0.5)) this.#ice.forget(id);
      await pause(this.#random.integer(0, 400));
      const again = await ask(this.#url, `query ($id: ID!) { packageJob(id: $id) { ${FIELDS} } }`, { id });
      this.#record('read', 'a submitted job', again, shownById(again, [id]));
      if (this.#random.chance(0.3)) await this.#page({ first: 5 }, null);
    }
  }

  async #subscribe(until: AbortSignal): Promise<void> {
    const random = this.#random;
    const ids = this.#ids(random.integer(1, 4));
    const query = `subscription ($ids: [ID!]!) { packageJobUpdated(ids: $ids) { ${this.#fields()} } }`;
    const isSocket = random.chance(0.5);
    const leave = new AbortController();
    const stays = random.chance(0.5);
    const stop = AbortSignal.any([
      leave.signal,
      until,
      AbortSignal.timeout(stays ? 12_000 : random.integer(300, 4000)),
    ]);
    const startedAt = Date.now();
    const seen = new Map<string, Shown>();
    const onResult = (body: Answer['body']) => {
      const gotAt = Date.now();
      const answer = { askedAt: startedAt, gotAt, body, isStale: false };
      const [job] = shownIn(body.data);
      const before = job && seen.get(job.id);
      if (job) seen.set(job.id, job);
      this.#record(before ? 'event' : 'first event', query, answer, job ? [job] : []);
      if (!job) return;
      if (
        before &&
        before.status === job.status &&
        (job.status !== 'INIT' || before.modifiedTime === job.modifiedTime)
      ) {
        this.violations.push(`a subscription tells the same twice: ${JSON.stringify([before, job])}`);
      }
      if (before && before.status !== 'INIT' && job.status === 'INIT') {
        this.violations.push(`a subscription goes backwards: ${JSON.stringify([before, job])}`);
      }
      // ICE does not tell the address of a job that it has removed.
      const isRemoved = this.#ice.jobs.get(job.id)?.removedAt !== Infinity;
      if (job.status === 'SUCCESS' && job.outputUrl === null && query.includes('outputUrl') && !isRemoved) {
        this.violations.push(`a last event is not whole: ${JSON.stringify([job, body.errors])}`);
      }
    };
    const isComplete = await subscribe(this.#url, isSocket, query, { ids }, stop, onResult);
    const unfinished = [...seen.values()].filter(
      ({ id, status }) => status === 'INIT' && this.#ice.jobs.get(id)?.removedAt === Infinity,
    );
    if (isComplete && unfinished.length > 0) {
      this.violations.push(`a subscription completes before its jobs: ${JSON.stringify(unfinished)}`);
    }
  }

  /** Follows all jobs. */
  async #follow(until: AbortSignal): Promise<void> {
    const random = this.#random;
    const status = random.pick(['INIT', 'SUCCESS', null] as const);
    const stop = AbortSignal.any([until, AbortSignal.timeout(random.pick([1000, 12_000]))]);
    const following = await followAll(this.#url, this.#ice, random.chance(0.5), status, stop);
    this.violations.push(...following.violations);
    for (const { gotAt, job, body } of following.told) {
      const answer = { askedAt: following.startedAt, gotAt, body, isStale: false };
      this.#record('event', following.query, answer, [job]);
    }
  }

  #fields(): string {
    return this.#random.chance(0.5) ? `${FIELDS} outputUrl` : FIELDS;
  }

  /** Mostly jobs that change. */
  #ids(count: number): string[] {
    const random = this.#random;
    const jobs = random.chance(0.7) ? this.#ice.unfinished() : [...this.#ice.jobs.values()].slice(-40);
    return random.some(jobs, count).map(({ id }) => id);
  }

  #checkFilters(query: string, { body }: Answer): void {
    for (const [name, status] of [
      ['unfinished', 'INIT'],
      ['finished', 'SUCCESS'],
    ] as const) {
      const shown = shownIn(body.data?.[name]);
      if (shown.some((job) => job.status !== status)) {
        this.violations.push(`a filter does not hold in ${query}: ${JSON.stringify(shown)}`);
      }
    }
  }

  #record(way: Way, what: string, answer: Answer, jobs: readonly Shown[], waitMs = 0): void {
    const { askedAt, gotAt, body, isStale } = answer;
    const stale = body.extensions?.upstream?.stale;
    if (stale !== undefined && isStale !== stale > 0) {
      this.violations.push(`a receipt contradicts its header: ${String(stale)}`);
    }
    const errors = (body.errors ?? []).map(({ extensions, path }) => ({
      code: extensions.code,
      path: String(path),
    }));
    this.showings.push({ way, what, askedAt, gotAt, jobs, errors, isStale, waitMs });
  }
}
