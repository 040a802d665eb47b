import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { nginx, startReverseProxy, type ConnectAs } from '../../interop/support/nginx.ts';
import { quantile } from '../support/load.ts';
import { openRaw, requestBytes } from './support/http.ts';
import { kindsOf } from './support/log.ts';
import { rotated } from './support/payloads.ts';
import { times } from './support/rows.ts';
import { startTarget, type Target, type TargetOptions } from './support/target.ts';
import { openThreadClock } from './support/thread-time.ts';
import { openWebSocket, send, type SendOptions } from './support/transports.ts';

const ATTACKER = '127.0.0.9';
const OTHERS_ADDRESSES = Array.from({ length: 100 }, (_, index) => `127.0.0.${String(10 + index)}`);

/** Small, so that one address is soon there. */
const STREAMS = 50;

let target: Target | undefined;
afterEach(async () => {
  await target?.close();
  target = undefined;
});

/** How long the gateway took for reads of the others, in milliseconds, as its log says. By the ids of the requests. */
const tookMs = new Map<string, number>();

function noteDuration(line: string): void {
  const [, id = '', took] = /"requestId":"(others-[^"]*)".*"durationMs":([\d.]+)/.exec(line) ?? [];
  if (took !== undefined) tookMs.set(id, Number(took));
}

async function start(options: TargetOptions = {}): Promise<Target> {
  const env = { MAX_STREAMS_PER_ADDRESS: String(STREAMS), ...options.env };
  target = await startTarget({ ...options, env, onLogLine: noteDuration });
  return target;
}

const SUBSCRIPTION = 'subscription($ids:[ID!]!){packageJobUpdated(ids:$ids){id}}';
const JSON_HEADERS = { 'content-type': 'application/json' };

/** Has one address do all it can, and runs something meanwhile. Resolves to the codes it was refused with. */
async function atItsCaps(
  { port, jobs }: Target,
  connectAs: ConnectAs,
  run: () => Promise<void>,
): Promise<ReadonlySet<string>> {
  const asAttacker = () => connectAs(ATTACKER);
  const open: { destroy(): void }[] = [];
  const hold = async (options: Pick<SendOptions, 'transport' | 'connections' | 'operations'>) => {
    const held = Promise.withResolvers<undefined>();
    const isHeld = Promise.withResolvers<undefined>();
    const tally = send({
      target: target as Target,
      connectAs: asAttacker,
      ...options,
      whileHeld: () => {
        isHeld.resolve(undefined);
        return held.promise;
      },
    });
    await Promise.race([isHeld.promise, tally]);
    return { tally, release: () => held.resolve(undefined) };
  };

  for (let index = 0; index < 300; index += 1) {
    const idle = await openRaw({ port, connectAs: asAttacker }).catch(() => undefined);
    if (idle !== undefined) open.push(idle.socket);
  }
  const held = [
    await hold({
      transport: 'WebSocket',
      connections: 10,
      operations: times(600, (index) => ({
        query: SUBSCRIPTION,
        variables: { ids: rotated(jobs.running, index) },
      })),
    }),
    await hold({
      transport: 'event stream',
      connections: STREAMS + 20,
      operations: times(STREAMS + 20, (index) => ({
        query: SUBSCRIPTION,
        variables: { ids: rotated(jobs.running, index) },
      })),
    }),
    await hold({
      transport: 'POST',
      connections: 300,
      operations: times(300, (index) => ({
        query: 'query($id:ID!){packageJob(id:$id,wait:{timeoutSeconds:55}){id}}',
        variables: { id: jobs.running[index % 100] ?? '' },
      })),
    }),
    await hold({
      transport: 'POST',
      connections: 60,
      operations: times(60, () => ({
        query: 'query($ids:[ID!]!){packageJobsById(ids:$ids){id}}',
        variables: { ids: Array.from({ length: 100 }, () => randomUUID()) },
      })),
    }),
  ];
  await run();
  for (const { release } of held) release();
  for (const socket of open) socket.destroy();
  const tallies = await Promise.all(held.map(({ tally }) => tally));
  return new Set(tallies.flatMap(({ codes }) => Array.from(codes.keys())));
}

/** How far apart the others begin to ask, in milliseconds. All at once they would wait for each other. */
const APART_MS = 10;

/** What a hundred others saw. The p99s are those of their reads, in milliseconds. */
interface Seen {
  readonly failures: readonly string[];
  /** From their side, less the time for which the gateway was ready to run, and the machine ran something else. */
  readonly p99Ms: number;
  /** For how long the gateway's main thread ran meanwhile. No other program is in it. */
  readonly ranP99Ms: number;
  /** From the gateway's side. What is between it and them, such as a proxy, is not in it. */
  readonly ownP99Ms: number;
}

/** The ways to the gateway by their names. The others are on them in equal parts, so that ways are compared under the same load. */
type Ways = Readonly<Record<string, ConnectAs>>;

/** What the others see on each way. */
async function askOnWays(target: Target, ways: Ways, phase: string): Promise<Readonly<Record<string, Seen>>> {
  const all = Object.entries(ways);
  const seen = all.map(async ([way, connectAs], turn) => {
    const addresses = OTHERS_ADDRESSES.filter((_, index) => index % all.length === turn);
    return [way, await askAsOthers(target, connectAs, addresses, `${phase}-${way}`)] as const;
  });
  return Object.fromEntries(await Promise.all(seen));
}

/** What each of these others is answered: to a read, a wait, a subscription on an event stream and on a WebSocket. */
async function askAsOthers(
  { port, pid, emulator, jobs }: Target,
  connectAs: ConnectAs,
  addresses: readonly string[],
  phase: string,
): Promise<Seen> {
  const failures: string[] = [];
  const unhinderedMs: number[] = [];
  const ranMs: number[] = [];
  const clock = openThreadClock(pid);
  await Promise.all(
    addresses.map(async (address, index) => {
      const turn = OTHERS_ADDRESSES.indexOf(address);
      await new Promise((resolve) => setTimeout(resolve, APART_MS * turn));
      const id = emulator.jobs.add({ createTime: Date.now() - 60_000, finishTime: Date.now() - 50_000 });
      const running = jobs.running[7] ?? '';
      const from = () => connectAs(address);
      const headers = { ...JSON_HEADERS, 'x-request-id': `others-${phase}-${String(index)}` };
      const begun = clock.read();
      const startedAt = performance.now() - begun.waitedMs;
      const answers = [await ask(port, from, headers, { query: `{packageJob(id:"${id}"){id}}` })];
      const ended = clock.read();
      unhinderedMs.push(performance.now() - ended.waitedMs - startedAt);
      ranMs.push(ended.ranMs - begun.ranMs);
      answers.push(
        await ask(port, from, JSON_HEADERS, {
          query: `{packageJob(id:"${running}",wait:{timeoutSeconds:1}){id}}`,
        }),
        await ask(port, from, { ...JSON_HEADERS, accept: 'text/event-stream' }, subscriptionTo(running)),
        await subscribe(port, from, running),
      );
      for (const answer of answers) if (!answer.includes(`"id":"`)) failures.push(`${address}: ${answer}`);
    }),
  );
  clock.close();
  const took = Array.from(tookMs).flatMap(([id, ms]) => (id.startsWith(`others-${phase}-`) ? [ms] : []));
  if (took.length < addresses.length) failures.push(`the log has ${String(took.length)} reads`);
  return {
    failures,
    p99Ms: quantile(unhinderedMs, 0.99),
    ranP99Ms: quantile(ranMs, 0.99),
    ownP99Ms: quantile(took, 0.99),
  };
}

const subscriptionTo = (id: string) => ({ query: SUBSCRIPTION, variables: { ids: [id] } });

/** The first part of an answer that has something to say. */
async function ask(
  port: number,
  connectAs: () => Socket,
  headers: Readonly<Record<string, string>>,
  body: object,
): Promise<string> {
  const first = Promise.withResolvers<string>();
  const connection = await openRaw({
    port,
    connectAs,
    onResponse: ({ status, body }) => first.resolve(`${String(status)} ${body}`),
    onChunk: (text) => text.includes('"data"') && first.resolve(text),
  });
  void connection.closed.then(() => first.resolve('closed'));
  await connection.send(requestBytes('POST', '/graphql', headers, JSON.stringify(body)));
  const answer = await first.promise;
  connection.socket.destroy();
  return answer.slice(0, 300);
}

async function subscribe(port: number, connectAs: () => Socket, id: string): Promise<string> {
  const socket = await openWebSocket(port, { connectAs });
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.once('close', (code) => resolve(`closed by ${String(code)}`));
  socket.on('message', (data: Buffer) => {
    const text = data.toString();
    if (!text.includes('connection_ack')) return resolve(text);
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: subscriptionTo(id) }));
  });
  socket.send('{"type":"connection_init"}');
  const answer = await promise;
  socket.terminate();
  return answer.slice(0, 300);
}

/** How long a turn of the event loop may take, in milliseconds that the gateway has computed. */
const MAX_TURN_MS = 100;

/**
 * By how much longer the gateway may run before a read of the others is answered than without the one, in milliseconds, besides half
 * of that again. Each comes on a connection of its own, and Node accepts one in each turn of the event loop.
 */
const SLACK_MS = 250;

/**
 * What is different for the others from when nobody else asks, and what went wrong. What a proxy takes, and the machine, is not in
 * it: only the gateway's part is judged. The figures show the rest: what takes longer on one way alone is not the gateway's.
 *
 * @param ways how the others connect. The one connects on the first
 */
async function problemsOf(target: Target, ways: Ways): Promise<string[]> {
  const connectAs = Object.values(ways)[0] as ConnectAs;
  await askOnWays(target, ways, 'first');
  const quiet = await askOnWays(target, ways, 'quiet');
  let busy = quiet;
  let turnMs = 0;
  const codes = await atItsCaps(target, connectAs, async () => {
    await target.holding(false);
    busy = await askOnWays(target, ways, 'busy');
    ({ longestTurnMs: turnMs } = await target.holding(false));
  });
  await target.untilUnwatched();
  const figures = Object.keys(ways).map((way) => {
    const kinds = (['p99Ms', 'ranP99Ms', 'ownP99Ms'] as const).map(
      (kind) => `${kind} ${quiet[way]?.[kind].toFixed(0)} -> ${busy[way]?.[kind].toFixed(0)}`,
    );
    return `${way}: ${kinds.join(', ')}`;
  });
  const turn = `longest turn of the event loop ${turnMs.toFixed(0)} ms`;
  if (process.env['ABUSE_REPORT'] === '1')
    process.stderr.write(`a hundred others: ${figures.join('; ')}; ${turn}\n`);
  const slow = Object.keys(ways).filter(
    (way) => (busy[way]?.ranP99Ms ?? NaN) > 1.5 * (quiet[way]?.ranP99Ms ?? NaN) + SLACK_MS,
  );
  return [
    ...(slow.length === 0 ? [] : [`slow ${slow.join(' ')}: ${figures.join('; ')}`]),
    ...Object.values(quiet).flatMap(({ failures }) => failures),
    ...Object.values(busy).flatMap(({ failures }) => failures.slice(0, 5)),
    ...(turnMs <= MAX_TURN_MS ? [] : [turn]),
    ...(codes.has('RATE_LIMITED') ? [] : [`the one was answered: ${Array.from(codes).join(' ')}`]),
    ...kindsOf(target.log.errors),
  ];
}

const directly =
  ({ port }: Target): ConnectAs =>
  (address) =>
    connect({ port, host: '127.0.0.1', localAddress: address });

describe('while one address is at all its caps, a hundred others notice nothing', () => {
  it('connected directly', { timeout: 120_000 }, async () => {
    const target = await start();
    expect(await problemsOf(target, { directly: directly(target) })).toEqual([]);
  });

  it.skipIf(nginx.skip)(
    `behind ${nginx.label}, which is trusted, by another and directly`,
    { timeout: 120_000 },
    async () => {
      const target = await start({ env: { TRUST_PROXY: '1' } });
      const url = `http://127.0.0.1:${String(target.port)}`;
      const ways = {
        'its-nginx': await startReverseProxy(url),
        'other-nginx': await startReverseProxy(url),
        directly: directly(target),
      };
      expect(await problemsOf(target, ways)).toEqual([]);
    },
  );
});
