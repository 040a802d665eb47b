import { join } from 'node:path';
import type { ApolloClient, TypedDocumentNode } from '@apollo/client';
import type { Client } from '@urql/core';
import type { DocumentNode } from 'graphql';
import type { Client as SocketClient } from 'graphql-ws';
import { requestSubscription, type ConcreteRequest, type Environment } from 'relay-runtime';
import { effectScope, watch, type ShallowRef } from 'vue';
import { printSorted } from '../../../schema/tools/files.ts';
import { createSchema } from '../../../src/server/graphql/schema.ts';
import { runFile } from '../../support/command.ts';
import { codeBlocks, load, writeSources } from '../../support/guide.ts';

/** What an app sees of one job through a client of a guide. */
export interface Seen {
  /** Each status that it was shown, in order, without repeats. */
  readonly states: string[];
  /** Whether it was told, at least once, that what it shows may be old. */
  wasLost: boolean;
  /** The status of the job at the end. Rejects with the error that the app is told. */
  readonly end: Promise<string>;
}

/** Gives what shows who asks, as the guides call it. */
export type Authorize = () => Promise<{ authorization: string }>;

/** Follows one job to its end. The URL is the gateway's `/graphql`. */
export type Follow = (url: string, id: string, authorize?: Authorize) => Seen;

interface LiveSocket extends SocketClient {
  readonly connection: () => string;
  readonly onConnection: (listener: () => void) => () => void;
}

interface SocketGuide {
  readonly createSocket: (url: string, connectionParams?: Authorize) => LiveSocket;
}

interface Job {
  readonly status: string;
  readonly isFinished: boolean;
}

type Start = (told: {
  readonly show: (status: string | undefined) => void;
  readonly lost: () => void;
  readonly done: () => void;
  readonly fail: (error: unknown) => void;
}) => void;

function see(start: Start): Seen {
  const { promise: end, resolve, reject } = Promise.withResolvers<string>();
  end.catch(() => undefined);
  const seen: Seen = { states: [], wasLost: false, end };
  start({
    show: (status) =>
      void (status !== undefined && status !== seen.states.at(-1) && seen.states.push(status)),
    lost: () => (seen.wasLost = true),
    done: () => resolve(seen.states.at(-1) ?? ''),
    fail: (error) => reject(error instanceof Error ? error : new Error(String(error), { cause: error })),
  });
  return seen;
}

function tellOf(socket: LiveSocket, lost: () => void): void {
  socket.onConnection(() => void (socket.connection() === 'lost' && lost()));
}

type OnDone = (remove: () => void) => void;

/** The clients of all guides for JavaScript, each made by the code of its guide. */
export interface Followers {
  readonly follow: Readonly<Record<string, Follow>>;
  /** The path of Relay's manifest, which the gateway has to know. */
  readonly manifest: string;
}

export async function loadFollowers(onDone: OnDone): Promise<Followers> {
  const { relay, manifest } = await relayClient(onDone);
  const follow = {
    'Apollo Client': await apolloClient(onDone),
    urql: await urqlClient(onDone),
    Relay: relay,
    ...(await graphqlWs(onDone)),
    'graphql-sse': await graphqlSse(onDone),
    fetch: await finishedJob(onDone),
  };
  return { follow, manifest };
}

async function apolloClient(onDone: OnDone): Promise<Follow> {
  const folder = writeSources('apollo-client', {}, onDone);
  const guide = (await load(folder, 'client.ts')) as unknown as SocketGuide & {
    createApolloClient: (url: string, socket: LiveSocket, authorize?: Authorize) => ApolloClient;
  };
  const { JOB, JOB_UPDATED } = (await load(folder, 'job-status.tsx')) as {
    JOB: TypedDocumentNode<{ packageJob: Job | null }>;
    JOB_UPDATED: TypedDocumentNode;
  };
  return (url, id, authorize) =>
    see(({ show, lost, done, fail }) => {
      const socket = guide.createSocket(url, authorize);
      tellOf(socket, lost);
      const client = guide.createApolloClient(url, socket, authorize);
      client.watchQuery({ query: JOB, variables: { id } }).subscribe(({ data, error }) => {
        if (error) fail(error);
        const job = data?.packageJob as Job | null | undefined;
        show(job?.status);
        if (job?.isFinished) done();
      });
      const updates = client.subscribe({ query: JOB_UPDATED, variables: { ids: [id] } });
      updates.subscribe({
        next({ error }) {
          if (error) fail(error);
        },
        error: fail,
      });
    });
}

async function urqlClient(onDone: OnDone): Promise<Follow> {
  const folder = writeSources('urql', {}, onDone);
  const guide = (await load(folder, 'client.ts')) as unknown as SocketGuide & {
    createUrqlClient: (url: string, socket: LiveSocket, authorize?: Authorize) => Client;
  };
  const { JOB, JOB_UPDATED } = (await load(folder, 'job-status.tsx')) as Record<string, DocumentNode>;
  return (url, id, authorize) =>
    see(({ show, lost, done, fail }) => {
      const socket = guide.createSocket(url, authorize);
      tellOf(socket, lost);
      const client = guide.createUrqlClient(url, socket, authorize);
      client.query(JOB ?? '', { id }).subscribe(({ data, error }) => {
        if (error) fail(error);
        const { packageJob } = (data ?? {}) as { packageJob?: Job };
        show(packageJob?.status);
        if (packageJob?.isFinished) done();
      });
      client.subscription(JOB_UPDATED ?? '', { ids: [id] }).subscribe(({ error }) => {
        if (error) fail(error);
      });
    });
}

async function relayClient(onDone: OnDone): Promise<{ relay: Follow; manifest: string }> {
  const more = {
    'relay.config.json': codeBlocks('relay', 'json')[0] ?? '',
    'schema.graphql': printSorted(createSchema()),
    'persisted.json': '{}',
  };
  const folder = writeSources('relay', more, onDone);
  const { output } = await runFile('node_modules/relay-compiler/cli.js', [], folder);
  if (!output.includes('Compilation completed')) throw new Error(output);
  const guide = (await load(folder, 'environment.ts')) as unknown as SocketGuide & {
    createEnvironment: (url: string, socket: LiveSocket, authorize?: Authorize) => Environment;
  };
  const generated = await load(folder, 'src/__generated__/jobsUpdatedSubscription.graphql.ts');
  const subscription = generated['default'] as ConcreteRequest;
  const relay: Follow = (url, id, authorize) =>
    see(({ show, lost, done, fail }) => {
      const socket = guide.createSocket(url, authorize);
      tellOf(socket, lost);
      const environment = guide.createEnvironment(url, socket, authorize);
      requestSubscription(environment, {
        subscription,
        variables: { ids: [id] },
        onNext: () => show(environment.getStore().getSource().get(id)?.['status'] as string | undefined),
        onError: fail,
        onCompleted: done,
      });
    });
  return { relay, manifest: join(folder, 'persisted.json') };
}

async function graphqlWs(onDone: OnDone): Promise<Record<'graphql-ws' | 'Vue', Follow>> {
  const folder = writeSources('graphql-ws', {}, onDone);
  const { useJob } = (await load(folder, 'use-job.ts')) as unknown as {
    useJob: (
      socket: LiveSocket,
      id: string,
    ) => { job: ShallowRef<Job | undefined>; error: ShallowRef<unknown>; connection: ShallowRef<string> };
  };
  const { createSocket, watchJobs } = (await load(folder, 'watch-jobs.ts')) as unknown as SocketGuide & {
    watchJobs: (socket: LiveSocket, ids: readonly string[], listener: object) => () => void;
  };
  return {
    'graphql-ws': (url, id, authorize) =>
      see(({ show, lost, done, fail }) => {
        const socket = createSocket(url, authorize);
        tellOf(socket, lost);
        watchJobs(socket, [id], { onJob: ({ status }: Job) => show(status), onError: fail, onEnd: done });
      }),
    Vue: (url, id, authorize) =>
      see(({ show, lost, done, fail }) => {
        effectScope().run(() => {
          const { job, error, connection } = useJob(createSocket(url, authorize), id);
          const now = { flush: 'sync' } as const;
          watch(error, fail, now);
          watch(connection, (next) => void (next === 'lost' && lost()), now);
          watch(
            job,
            (next) => {
              show(next?.status);
              if (next?.isFinished) done();
            },
            now,
          );
        });
      }),
  };
}

async function graphqlSse(onDone: OnDone): Promise<Follow> {
  const { watchJob } = (await load(writeSources('graphql-sse', {}, onDone), 'watch-job.ts')) as unknown as {
    watchJob: (url: string, id: string, listener: object, authorize?: Authorize) => () => void;
  };
  return (url, id, authorize) =>
    see(({ show, lost, done, fail }) => {
      const listener = {
        onJob: ({ status }: Job) => show(status),
        onLost: (isLost: boolean) => void (isLost && lost()),
        onError: fail,
        onEnd: done,
      };
      watchJob(url, id, listener, authorize);
    });
}

async function finishedJob(onDone: OnDone): Promise<Follow> {
  const { finishedJob } = (await load(writeSources('fetch', {}, onDone), 'finished-job.ts')) as unknown as {
    finishedJob: (url: string, id: string, options: object) => Promise<Job | null>;
  };
  return (url, id, authorize) =>
    see(({ show, lost, done, fail }) => {
      const onLost = (reason?: Error) => {
        if (reason) lost();
      };
      const follow = async () => {
        const job = await finishedJob(url, id, { onLost, ...(authorize && { authorize }) });
        show(job?.status);
        done();
      };
      follow().catch(fail);
    });
}
