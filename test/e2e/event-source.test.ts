import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished } from 'vitest';
import { chromiumProgram, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import { it } from './support/board.ts';

const SUBSCRIPTION = 'subscription($ids: [ID!]!) { packageJobUpdated(ids: $ids) { status } }';

/** Runs in the page. What an `EventSource` is told until it completes or fails. */
function listen(url: string): Promise<string[]> {
  return new Promise((resolve) => {
    const told: string[] = [];
    const source = new EventSource(url);
    const end = (event: Event) => {
      source.close();
      resolve([...told, event.type]);
    };
    source.addEventListener('next', ({ data }) => told.push(String(data)));
    source.addEventListener('complete', end);
    source.addEventListener('error', end);
  });
}

/** A page of another origin than the gateway's. */
async function startSite(): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><link rel="icon" href="data:," />');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

describe.skipIf(chromiumProgram.skip)(`an EventSource in ${chromiumProgram.label}`, () => {
  it.for([
    { of: 'the gateway’s own origin', isOwn: true, origins: 'none', isTold: true },
    { of: 'an origin in CORS_ORIGINS', isOwn: false, origins: 'site', isTold: true },
    { of: 'another origin', isOwn: false, origins: 'none', isTold: false },
  ])('on a page of $of is told: $isTold', async ({ isOwn, origins, isTold }, { browser }) => {
    const site = await startSite();
    const gateway = await startGateway({
      env: { CORS_ORIGINS: origins === 'site' ? site : 'https://app.example.com' },
    });
    onTestFinished(() => gateway.close());
    const id = gateway.emulator.jobs.add({ createTime: Date.now() - 60_000, finishTime: Date.now() - 1000 });
    const { page } = await openPage(browser, gateway.url);
    onTestFinished(() => page.context().close());
    await page.context().unrouteAll();
    await page.goto(isOwn ? `${gateway.url}/board` : site);
    const search = new URLSearchParams({ query: SUBSCRIPTION, variables: JSON.stringify({ ids: [id] }) });
    const told = await page.evaluate(listen, `${gateway.url}/graphql?${search.toString()}`);
    const state = JSON.stringify({ data: { packageJobUpdated: { status: 'SUCCESS' } } });
    expect(told).toEqual(isTold ? [state, 'complete'] : ['error']);
  });
});
