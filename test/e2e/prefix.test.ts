import { describe, expect, onTestFinished } from 'vitest';
import { nginx, startPrefixProxy } from '../interop/support/nginx.ts';
import { chromiumProgram, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import { openSocket, openEventStream, subscribeTo } from '../support/socket.ts';
import { it } from './support/board.ts';

const KINDS = [
  { kind: 'takes off', prefix: '/media/jobs', isTakenOff: true, env: {} },
  { kind: 'leaves', prefix: '/media/jobs', isTakenOff: false, env: { PATH_PREFIX: '/media/jobs' } },
];

describe.skipIf(nginx.skip)(`behind ${nginx.label}`, () => {
  it.for(KINDS)('under a prefix that it $kind, the API is there', async ({ prefix, isTakenOff, env }) => {
    const gateway = await startGateway({ env });
    onTestFinished(() => gateway.close());
    const url = await startPrefixProxy(gateway.url, prefix, isTakenOff);
    const id = gateway.emulator.jobs.add({ createTime: Date.now() - 60_000, finishTime: Date.now() - 1 });

    const schema = await fetch(`${url}/schema.graphql`);
    expect([schema.status, await schema.text()]).toEqual([200, expect.stringContaining('type PackageJob ')]);
    for (let time = 0; time < 3; time += 1) {
      const response = await fetch(`${url}/graphql?query={packageJob(id:"${id}"){status}}`, {
        headers: { 'content-type': 'application/json' },
      });
      expect(await response.json()).toEqual({ data: { packageJob: { status: 'SUCCESS' } } });
    }
    const { socket, send, message } = await openSocket(url);
    send(subscribeTo('1', [id]));
    expect(await message(({ type }) => type === 'next')).toMatchObject({ id: '1' });
    socket.terminate();
    const stream = await openEventStream(url, [id]);
    expect(await stream.rest()).toContain('event: complete');

    const help = await fetch(`${url}/graphql`, { headers: { accept: 'text/html' } });
    for (const [, link = ''] of (await help.text()).matchAll(/href="([^"]+)"/g)) {
      expect([link, (await fetch(new URL(link, `${url}/graphql`))).status]).toEqual([link, 200]);
    }
    // A health check comes without the proxy.
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
  });

  it.for(KINDS)(
    'under a prefix that it $kind, the pages work in a browser',
    { skip: chromiumProgram.skip },
    async ({ prefix, isTakenOff, env }, { browser }) => {
      const gateway = await startGateway({ env, emulator: { seed: 'none' } });
      onTestFinished(() => gateway.close());
      const url = await startPrefixProxy(gateway.url, prefix, isTakenOff);
      const id = gateway.emulator.jobs.add({ name: 'mine', finishTime: Infinity });
      const { page, observed } = await openPage(browser, new URL(url).origin);
      onTestFinished(() => page.context().close());

      for (const board of ['/board', '/board/']) {
        await page.goto(url + board);
        await page.getByRole('listitem').filter({ hasText: 'mine' }).getByRole('link').click();
        await expect.poll(() => page.url()).toBe(`${url}${board}?job=${id}`);
      }
      // What is pushed comes by WebSocket.
      gateway.emulator.jobs.finish(id, { status: 'Success' });
      await page
        .getByRole('listitem')
        .filter({ hasText: /mine.*Succeeded|Succeeded.*mine/s })
        .waitFor();

      await page.getByRole('link', { name: 'Open in the IDE' }).click();
      await page.getByRole('button', { name: 'Execute query' }).click();
      await page.getByLabel('Result Window').getByText('"mine"').waitFor();
      await page.getByRole('link', { name: 'Job board' }).click();
      await expect.poll(() => page.url()).toBe(`${url}/board`);
      // It is loaded on demand.
      await page.getByRole('link', { name: 'Overview' }).click();
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
      expect(observed).toEqual({ foreignRequests: [], complaints: [] });
    },
  );
});
