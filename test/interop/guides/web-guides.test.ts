import { readFileSync } from 'node:fs';
import type { ApolloClient, TypedDocumentNode } from '@apollo/client';
import type { Client } from '@urql/core';
import type { DocumentNode } from 'graphql';
import { createElement, type ComponentType } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, runFile } from '../../support/command.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { codeBlocks, load, writeSources } from '../../support/guide.ts';
import { startIssuer } from '../../support/issuer.ts';

const TSCONFIG = JSON.stringify({
  compilerOptions: {
    module: 'esnext',
    moduleResolution: 'bundler',
    target: 'es2024',
    lib: ['es2024', 'dom', 'dom.iterable'],
    jsx: 'react-jsx',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  },
  exclude: ['src'],
});

/** How long something may take on a machine that is busy with other suites. */
const PATIENCE = { timeout: 15_000 };

let gateway: TestGateway;
let url: string;
beforeAll(async () => {
  gateway = await startGateway({ env: { POLL_MIN_MS: '100', JOB_MAX_AGE_MS: '100' } });
  url = `${gateway.url}/graphql`;
});
afterAll(() => gateway.close());

const addJob = () => gateway.emulator.jobs.add({ name: 'trailer', finishTime: Infinity });
const finish = (id: string) => gateway.emulator.jobs.finish(id, { status: 'Success' });

const GUIDES = [
  'apollo-client',
  'urql',
  'relay',
  'graphql-ws',
  'graphql-sse',
  'fetch',
  'tokens',
  'code-generation',
];

describe.for(GUIDES)('the guide to %s', (guide) => {
  it('compiles', async () => {
    const folder = writeSources(guide, { 'tsconfig.json': TSCONFIG });
    const tsc = 'node_modules/typescript/bin/tsc';
    expect(await runFile(tsc, ['--project', folder], folder)).toEqual({ code: 0, output: '' });
  });
});

describe('the socket of the guides', () => {
  it.for(['apollo-client', 'urql', 'relay', 'graphql-ws'])('is the one of the job board in %s', (guide) => {
    const source = readFileSync(`${ROOT}web/socket.ts`, 'utf8');
    const [, body = ''] = source.split("'graphql-ws';\n");
    const code = codeBlocks(guide, 'ts').find((block) => block.includes('createSocket('));
    expect(code).toContain(body.trim());
    expect(code).toContain(source.slice(0, source.indexOf("'graphql-ws';")));
  });
});

describe('the guide to plain fetch', () => {
  it('waits until a job has finished', async () => {
    const { finishedJob } = (await load(writeSources('fetch'), 'finished-job.ts')) as unknown as {
      finishedJob: (url: string, id: string) => Promise<unknown>;
    };
    const id = addJob();
    gateway.emulator.resetRequests();
    const job = finishedJob(url, id);
    await expect.poll(() => gateway.emulator.countRequests()).toBeGreaterThan(0);
    finish(id);
    expect(await job).toMatchObject({ id, status: 'SUCCESS', isFinished: true });
    expect(await finishedJob(url, 'no-such-job')).toBeNull();
    await expect(finishedJob(url, 'a b')).rejects.toThrow('BAD_USER_INPUT');
  });

  it('goes on after an error that is worth a retry', async () => {
    const { finishedJob } = (await load(writeSources('fetch'), 'finished-job.ts')) as unknown as {
      finishedJob: (url: string, id: string) => Promise<unknown>;
    };
    const id = gateway.emulator.jobs.add({ finishTime: 0 });
    gateway.emulator.faults.add({ kind: 'throttle', action: 'GetPackageJob', times: 3, retryAfterMs: 10 });
    expect(await finishedJob(url, id)).toMatchObject({ id, isFinished: true });
  });

  it('reads a status by GET, with a token where one is needed', async ({ onTestFinished }) => {
    const { jobStatus } = (await load(writeSources('fetch'), 'job-status.ts')) as unknown as {
      jobStatus: (url: string, id: string, authorize?: () => Promise<object>) => Promise<unknown>;
    };
    const issuer = await startIssuer();
    const asking = await startGateway({ env: issuer.env });
    onTestFinished(async () => {
      await asking.close();
      await issuer.close();
    });
    const asked = asking.emulator.jobs.add({ finishTime: 0 });
    await expect(jobStatus(`${asking.url}/graphql`, asked)).rejects.toThrow('needs a token');
    expect(await jobStatus(`${asking.url}/graphql`, asked, () => issuer.bearer())).toBe('SUCCESS');
    const id = gateway.emulator.jobs.add({ finishTime: 0 });
    expect(await jobStatus(url, id)).toBe('SUCCESS');
    expect(await jobStatus(url, 'no-such-job')).toBeNull();
    await expect(jobStatus(url, 'a b')).rejects.toThrow('id');
  });
});

describe('the guide to graphql-sse', () => {
  it('asks again while there is no room for its subscription, and not for one that is refused for good', async () => {
    const { watchJob } = (await load(writeSources('graphql-sse'), 'watch-job.ts')) as unknown as {
      watchJob: (url: string, id: string, listener: object) => () => void;
    };
    const small = await startGateway({ env: { CACHE_MAX_JOBS: '100', POLL_MIN_MS: '100' } });
    try {
      const watch = (id: string) => {
        const told = {
          states: [] as string[],
          errors: [] as string[],
          lost: [] as boolean[],
          hasEnded: false,
        };
        const stop = watchJob(`${small.url}/graphql`, id, {
          onJob: ({ status }: { status: string }) => void told.states.push(status),
          onError: ({ message }: Error) => void told.errors.push(message),
          onLost: (isLost: boolean) => void told.lost.push(isLost),
          onEnd: () => (told.hasEnded = true),
        });
        return { told, stop };
      };
      const ids = Array.from({ length: 101 }, () => small.emulator.jobs.add({ finishTime: Infinity }));
      const begun = ids.slice(1).map(watch);
      await expect.poll(() => begun.filter(({ told }) => told.states.length > 0), PATIENCE).toHaveLength(100);
      const [late, stopped] = [watch(ids[0] ?? ''), watch(ids[0] ?? '')];
      await expect.poll(() => [late.told.lost, stopped.told.lost], PATIENCE).toEqual([[true], [true]]);
      stopped.stop();
      begun[0]?.stop();
      await expect.poll(() => late.told.states, PATIENCE).toEqual(['INIT']);
      expect(late.told).toMatchObject({ errors: [], lost: [true, false], hasEnded: false });
      expect(stopped.told.states).toEqual([]);
      const wrong = watch('a b');
      await expect.poll(() => wrong.told.hasEnded, PATIENCE).toBe(true);
      expect(wrong.told.errors).toEqual([expect.stringContaining('ids')]);
      for (const { stop } of [...begun, late]) stop();
    } finally {
      await small.close();
    }
  });
});

/** What the component of a guide shows of a job that its client has read, before any effect has run. */
function render(component: unknown, id: string, provider: unknown, props: object): string {
  const child = createElement(component as ComponentType<{ id: string }>, { id });
  return renderToStaticMarkup(createElement(provider as ComponentType<object>, props, child));
}

describe('the guide to Apollo Client', () => {
  it('shows a job, and then what the subscription tells, without another query', async () => {
    const folder = writeSources('apollo-client');
    const { createApolloClient } = (await load(folder, 'client.ts')) as unknown as {
      createApolloClient: (url: string) => ApolloClient;
    };
    const { JobStatus, JOB, JOB_UPDATED } = await load(folder, 'job-status.tsx');
    const { ApolloProvider } = await import('@apollo/client/react');
    const client = createApolloClient(url);
    const id = addJob();
    const show = () => render(JobStatus, id, ApolloProvider, { client });

    await client.query({ query: JOB as TypedDocumentNode, variables: { id } });
    expect(show()).toBe('<p>trailer: packaging</p>');
    finish(id);
    await new Promise<void>((resolve) => {
      const options = { query: JOB_UPDATED as TypedDocumentNode, variables: { ids: [id] } };
      client.subscribe(options).subscribe({ complete: resolve });
    });
    expect(show()).toBe('<p>trailer: done</p>');
    const { data } = await client.query({ query: JOB as TypedDocumentNode, variables: { id } });
    expect(data).toMatchObject({ packageJob: { outputUrl: expect.stringMatching(/^http/) } });
  });
});

describe('the guide to urql', () => {
  it('shows a job, and then what the subscription tells, without another query', async () => {
    const folder = writeSources('urql');
    const { createUrqlClient } = (await load(folder, 'client.ts')) as unknown as {
      createUrqlClient: (url: string) => Client;
    };
    const { JobStatus, JOB, JOB_UPDATED } = await load(folder, 'job-status.tsx');
    const { Provider } = await import('urql');
    const client = createUrqlClient(url);
    const id = addJob();
    const show = () => render(JobStatus, id, Provider, { value: client });

    await client.query(JOB as DocumentNode, { id });
    expect(show()).toBe('<p>INIT</p>');
    finish(id);
    await new Promise<void>((resolve) => {
      client.subscription(JOB_UPDATED as DocumentNode, { ids: [id] }).subscribe(({ data }) => {
        if ((data as { packageJobUpdated: { status: string } }).packageJobUpdated.status === 'SUCCESS')
          resolve();
      });
    });
    expect(show()).toBe('<p>SUCCESS</p>');
    const { data } = await client.query(JOB as DocumentNode, { id });
    expect(data).toMatchObject({ packageJob: { outputUrl: expect.stringMatching(/^http/) } });
  });
});
