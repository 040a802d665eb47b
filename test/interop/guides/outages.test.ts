import { setTimeout as passes } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadFollowers, type Followers } from '../support/followers.ts';
import { goThrough, truthOf, type Outage } from '../support/outages.ts';

let followers: Followers;
beforeAll(async () => {
  const removals: (() => void)[] = [];
  followers = await loadFollowers((remove) => removals.push(remove));
  return () => {
    for (const remove of removals) remove();
  };
});

/** The longest pause of a client between two attempts, on a machine that is busy, after the longest outage. */
const TIMEOUT_MS = 120_000;

/** An answer in the words of a proxy. */
function answer(status: string, type: string, body: string): string {
  const headers = `content-type: ${type}\r\ncontent-length: ${String(body.length)}\r\nconnection: close`;
  return `HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${body}`;
}

/** What proxies say for a server that is away. */
const ANSWERS = {
  'an HTML page': answer('502 Bad Gateway', 'text/html', '<html><h1>502 Bad Gateway</h1></html>'),
  JSON: answer('503 Service Unavailable', 'application/json', '{"message":"Service Unavailable"}'),
  nothing: answer('504 Gateway Timeout', 'text/plain', ''),
};

const behindProxy = Object.entries(ANSWERS).map(([name, bytes]): [string, Outage] => [
  `is away behind a proxy that answers ${name}`,
  {
    isTold: true,
    async happen(line, _gateway, meanwhile) {
      await line.answer(bytes);
      meanwhile();
      await passes(1_000);
      await line.restore();
    },
  },
]);

const OUTAGES: Readonly<Record<string, Outage>> = {
  'is away for a moment': {
    isTold: true,
    async happen(line, _gateway, meanwhile) {
      await line.refuse();
      meanwhile();
      await line.restore();
    },
  },
  'refuses connections for 3 s': {
    isTold: true,
    async happen(line, _gateway, meanwhile) {
      await line.refuse();
      meanwhile();
      await passes(3_000);
      await line.restore();
    },
  },
  'resets all connections, as one that was killed': {
    isTold: true,
    async happen(line, _gateway, meanwhile) {
      line.reset();
      await line.refuse();
      meanwhile();
      await line.restore();
    },
  },
  'is behind a proxy that cuts what is idle for a second': {
    line: { idleMs: 1_000 },
    isTold: true,
    async happen(_line, _gateway, meanwhile) {
      await passes(2_500);
      meanwhile();
    },
  },
  'stops, and starts again': {
    isTold: false,
    happen: (_line, gateway, meanwhile) => gateway.restart(meanwhile),
  },
  ...Object.fromEntries(behindProxy),
};

describe.concurrent('each client, as its guide makes it, shows the end of a job when the gateway', () => {
  it.for(Object.entries(OUTAGES))('%s', { timeout: TIMEOUT_MS }, async ([, outage]) => {
    expect(await goThrough(outage, followers)).toEqual(truthOf(outage, followers));
  });
});
