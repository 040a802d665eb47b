import { describe, expect, it } from 'vitest';
import { followAll } from '../support/account-streams.ts';
import { openEventStream, openSocket, subscribeTo } from '../support/socket.ts';
import { PATIENT } from './support/row.ts';
import { lineage, named, PARENT, TRACE, traced, TRACEPARENT } from './support/traced.ts';

describe('traces of subscriptions', () => {
  it('link an event of a subscription to the read of the sweep that found its state', async () => {
    const { spans } = await traced(
      async ({ emulator, url }) => {
        const id = emulator.jobs.add({ finishTime: Infinity });
        const stream = await openEventStream(url, [id]);
        await stream.until(/INIT/);
        emulator.jobs.finish(id, { status: 'Success' });
        await stream.rest();
      },
      { POLL_MIN_MS: '100', POLL_MAX_MS: '100' },
    );
    const events = named(spans, 'subscription event');
    expect(lineage(spans, events.at(-1))).toEqual(['subscription event', 'subscription', 'POST /graphql']);
    const [link] = events.at(-1)?.links ?? [];
    const found = spans.find(({ spanId }) => spanId === link?.spanId);
    expect(lineage(spans, found)).toEqual(['read job', 'sweep']);
    expect(named(spans, 'sweep')[0]?.attributes).toEqual({ 'pjg.sweep.jobs': 1 });
  });

  it('show the list that stands in for the reads of many watched jobs, below the sweep or the look', async () => {
    const { spans } = await traced(
      async ({ emulator, url }) => {
        const ids = Array.from({ length: 25 }, () => emulator.jobs.add({ finishTime: Infinity }));
        const { send, message, messages, socket, closed } = await openSocket(url);
        send(subscribeTo('1', ids));
        await expect
          .poll(() => messages.filter(({ type }) => type === 'next').length, PATIENT)
          .toBe(ids.length);
        emulator.resetRequests();
        await expect.poll(() => emulator.countRequests('ListPackageJobs'), PATIENT).toBeGreaterThan(0);
        for (const id of ids) emulator.jobs.finish(id, { status: 'Success' });
        await message(({ type }) => type === 'complete');
        socket.close();
        await closed;
      },
      { POLL_MIN_MS: '100', POLL_MAX_MS: '100' },
    );
    const lists = named(spans, 'ICE ListPackageJobs').map((span) =>
      lineage(spans, span).slice(1).join(' < '),
    );
    // The gateway asks for one list at its start, and the first states are read for the subscription.
    const own = new Set(lists.filter((above) => above !== '' && !above.endsWith('subscription')));
    expect([...own].filter((above) => above !== 'look' && above !== 'read job < sweep')).toEqual([]);
    expect(own.size).toBeGreaterThan(0);
  });

  it('link an event of all jobs to the look that found it, which belongs to nobody who follows', async () => {
    const { spans } = await traced(
      async ({ emulator, url }) => {
        const stream = await followAll(url, 'server-sent events');
        emulator.jobs.add({ createTime: Date.now(), finishTime: Infinity });
        await stream.until(({ length }) => length === 1);
        stream.leave();
      },
      { POLL_MIN_MS: '100', POLL_MAX_MS: '100' },
    );
    const [event] = named(spans, 'subscription event');
    expect(lineage(spans, event).slice(0, 2)).toEqual(['subscription event', 'subscription']);
    const found = spans.find(({ spanId }) => spanId === event?.links[0]?.spanId);
    expect(lineage(spans, found)).toEqual(['look']);
    expect(found?.attributes).toEqual({ 'pjg.look.for': 'new jobs' });
    const lists = named(spans, 'ICE ListPackageJobs').filter(({ traceId }) => traceId === event?.traceId);
    expect(lists).toEqual([]);
  });

  it('show the operations of a WebSocket below the span that its upgrade names', async () => {
    const { spans } = await traced(async ({ emulator, url }) => {
      const id = emulator.jobs.add({ finishTime: Infinity });
      const { send, message, socket, closed } = await openSocket(url, { headers: TRACEPARENT });
      send(subscribeTo('1', [id]));
      await message(({ type }) => type === 'next');
      socket.close();
      await closed;
    });
    const own = spans.filter(({ traceId }) => traceId === TRACE);
    expect(named(own, 'subscription')).toMatchObject([{ kind: 2, parentSpanId: PARENT }]);
    const [event] = named(own, 'subscription event');
    expect(lineage(own, event)).toEqual(['subscription event', 'subscription']);
  });
});
