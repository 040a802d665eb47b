import { setTimeout } from 'node:timers/promises';
import { createClient } from 'graphql-ws';

/** How many people read, how many watch, and how many jobs each of these looks at. */
const READERS = 8;
const WATCHERS = 10;
const LOOKED_AT = 10;
/** The pauses between what each does, in milliseconds. */
const READ_MS = 100;
const SUBMIT_MS = 1000;
const MISTAKE_MS = 5000;
const RETRY_MS = 1000;
/** How many jobs are remembered, newest first. */
const KNOWN = 100;

const LIST = `query Recent { packageJobs(first: 50) { nodes { id name status } } }`;
const READ = `query Job($id: ID!) { packageJob(id: $id) { id name status outputUrl pollAfterMs observedAt } }`;
const READ_MANY = `query Jobs($ids: [ID!]!) { packageJobsById(ids: $ids) { id status isFinished } }`;
const MISTAKE = `query Mistake { packageJobs(first: 1000) { nodes { id } } }`;
const SUBMIT = `mutation Submit($input: SubmitPackageJobInput!) { submitPackageJob(input: $input) { packageJob { id } } }`;
const WATCH = `subscription Watch($ids: [ID!]!) { packageJobUpdated(ids: $ids) { id status } }`;
const FOLLOW = `subscription Follow { packageJobsUpdated { id status } }`;

const BUCKET = 'http://demo-bucket.oss-cn-shanghai.aliyuncs.com';

const media = (file: string) => ({ type: 'OSS', media: `${BUCKET}/${file}` });

/** What clients of all kinds do with one gateway, until it is stopped. */
export interface Load {
  /** What it is, in one line. */
  readonly summary: string;
  stop(): Promise<void>;
}

/** @param url of the gateway, without a slash at its end */
export function startLoad(url: string): Load {
  const over = new AbortController();
  const { signal } = over;
  const jobs: string[] = [];
  const newest = (count: number) => jobs.slice(0, count);
  const any = () => jobs[Math.floor(Math.random() * jobs.length)] ?? '';
  const know = (...ids: readonly string[]) => {
    jobs.unshift(...ids.filter((id) => !jobs.includes(id)));
    jobs.length = Math.min(jobs.length, KNOWN);
  };
  const ask = async (query: string, variables: object = {}) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
      signal,
    });
    // oxlint-disable-next-line no-unsafe-type-assertion -- the operations of this file ask for it
    return (await response.json()) as Answer;
  };
  /** Does something again and again. While the gateway fails it goes on. */
  const repeat = async (pauseMs: number, act: () => Promise<unknown>) => {
    while (!signal.aborted) {
      const isDone = await act().then(
        () => true,
        () => false,
      );
      const afterMs = (isDone ? pauseMs : RETRY_MS) * (0.5 + Math.random());
      await setTimeout(afterMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const read = async () => {
    const chance = Math.random();
    if (jobs.length === 0 || chance < 0.1) {
      const { data } = await ask(LIST);
      know(...(data?.packageJobs?.nodes ?? []).map(({ id }) => id));
    } else if (chance < 0.3) await ask(READ_MANY, { ids: newest(LOOKED_AT) });
    else await ask(READ, { id: any() });
  };
  const submit = async () => {
    const name = `demo ${new Date().toISOString().slice(11, 19)}`;
    const input = { name, inputs: [media('in.mp4')], output: media('out.m3u8') };
    const { data } = await ask(SUBMIT, { input });
    if (data?.submitPackageJob) know(data.submitPackageJob.packageJob.id);
  };
  const sockets = createClient({ url: `${url.replace('http', 'ws')}/graphql`, retryAttempts: 0 });
  /** It is told of some jobs until all have finished. */
  const watch = async () => {
    const ids = newest(LOOKED_AT);
    if (ids.length === 0) return;
    for await (const _ of sockets.iterate({ query: WATCH, variables: { ids } })) if (signal.aborted) return;
  };
  const follow = async () => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: FOLLOW }),
      signal,
    });
    for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? [])
      for (const [, id = ''] of text.matchAll(/"packageJobsUpdated":\{"id":"([^"]+)"/g)) know(id);
  };
  const all = [
    ...Array.from({ length: READERS }, () => repeat(READ_MS, read)),
    ...Array.from({ length: WATCHERS }, () => repeat(RETRY_MS, watch)),
    repeat(SUBMIT_MS, submit),
    repeat(MISTAKE_MS, () => ask(MISTAKE)),
    repeat(RETRY_MS, follow),
  ];
  return {
    summary: `${String(READERS)} readers, ${String(WATCHERS)} watchers on WebSockets, a follower of all jobs on an event stream, one who submits, and one who makes mistakes`,
    async stop() {
      over.abort();
      await sockets.dispose();
      await Promise.all(all);
    },
  };
}

interface Answer {
  readonly data?: {
    readonly packageJobs?: { readonly nodes: readonly { readonly id: string }[] } | null;
    readonly submitPackageJob?: { readonly packageJob: { readonly id: string } } | null;
  } | null;
}
