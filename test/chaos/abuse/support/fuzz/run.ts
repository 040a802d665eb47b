import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema } from 'graphql';
import { createRandom, type Random } from '../../../../../src/emulator/random.ts';
import { ROOT } from '../../../../support/command.ts';
import { createBystander, type Samples } from '../bystander.ts';
import { openRaw, type RawConnection, type RawResponse } from '../http.ts';
import { kindsOf } from '../log.ts';
import { isUnknownCoding } from '../tally.ts';
import { startTarget, type Holding, type Target } from '../target.ts';
import { anyFrame, frame, handshake } from './frames.ts';
import type { Vocabulary } from './operations.ts';
import { anyEventStream, anyRequest, lastRequest } from './requests.ts';

export interface FuzzOptions {
  /** How many requests and messages are sent at least. */
  readonly requests: number;
  /** The same seed sends the same. */
  readonly seed: number;
  /** After how many equal parts of the run it is looked at what the process holds. @default 4 */
  readonly parts?: number;
}

/** What a run saw. */
export interface FuzzReport {
  readonly sent: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly codes: Readonly<Record<string, number>>;
  /** What must not be: faults, with the number of the batch that sends the same again. */
  readonly problems: readonly string[];
  readonly bystander: { readonly quiet: Samples; readonly busy: Samples };
  /** What the process held after each part of the run. */
  readonly memory: readonly Holding[];
}

/** Connections at once. */
const LANES = 12;

/** The most problems that are told. */
const MAX_PROBLEMS = 10;

/** How long a connection that is not closed by the server is kept, in milliseconds. */
const PATIENCE_MS = 1200;

/** Full after the first part of the run, so that what grows after that is no cache. */
const SMALL_CACHES = { CACHE_MAX_JOBS: '1000', ANSWERS_MAX_MB: '8' };

/** How long the bystander is measured while nobody else asks, in milliseconds. */
const QUIET_MS = 500;

/** The one batch to send, and to show. */
const ONLY = process.env['FUZZ_BATCH'] === undefined ? undefined : Number(process.env['FUZZ_BATCH']);

/** One batch is one connection, and has random numbers of its own, so that it can be sent again alone. */
interface Batch {
  readonly random: Random;
  readonly vocabulary: Vocabulary;
  readonly connect: () => Promise<RawConnection>;
  readonly count: (requests: number) => void;
  /** The header that names the batch in the log. */
  readonly id: string;
}

function readSchema() {
  const folder = join(ROOT, 'schema');
  const files = readdirSync(folder).filter((name) => name.endsWith('.graphql'));
  return buildSchema(files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n'));
}

/** Requests after one another on one connection, some of them before the answers to those before. */
async function sendRequests({ random, vocabulary, connect, count, id }: Batch): Promise<void> {
  const connection = await connect();
  const parts: Buffer[] = [];
  let isWhole = true;
  for (let left = random.between(1, 30); left > 0 && isWhole; left -= 1) {
    const request = anyRequest(random, vocabulary, id);
    ({ isWhole } = request);
    parts.push(request.bytes);
  }
  parts.push(lastRequest());
  const bytes = Buffer.concat(parts);
  for (const piece of inPieces(random, bytes)) await connection.send(piece);
  if (random.next() < 0.05) connection.socket.resetAndDestroy();
  await closedSoon(connection, PATIENCE_MS);
  // What follows a request that ends the connection is not read.
  count(Math.min(parts.length, connection.responses));
}

/** An event stream, which is left after its beginning. */
async function sendEventStream({ random, vocabulary, connect, count, id }: Batch): Promise<void> {
  const connection = await connect();
  const begun = firstBytes(connection);
  await connection.send(anyEventStream(random, vocabulary, id));
  await begun;
  count(1);
  await closedSoon(connection, random.pick([0, 10, 50, 200]));
}

/** The messages of one WebSocket. The last is a ping, whose pong tells that those before have been read. */
async function sendFrames({ random, vocabulary, connect, count, id }: Batch): Promise<void> {
  const connection = await connect();
  const begun = firstBytes(connection);
  await connection.send(handshake(random, id));
  await begun;
  count(1);
  for (let left = random.between(1, 40); left > 0 && !connection.isClosed; left -= 1) {
    await connection.send(anyFrame(random, vocabulary));
    count(1);
  }
  const answered = new Promise<void>((resolve) =>
    connection.socket.on('data', (chunk: Buffer) => {
      if (chunk.includes('"type":"pong"')) resolve();
    }),
  );
  await connection.send(frame(1, Buffer.from('{"type":"ping"}')));
  await soon(Promise.race([answered, connection.closed]));
  connection.socket.destroy();
}

function firstBytes({ socket, closed }: RawConnection): Promise<void> {
  return soon(Promise.race([once(socket, 'data'), closed]));
}

/** Waits for it, but not for ever. */
async function soon(event: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
  await Promise.race([event.catch(() => undefined), promise]);
  clearTimeout(timer);
}

/** The bytes as they may come out of a network. */
function inPieces(random: Random, bytes: Buffer): Buffer[] {
  if (random.next() < 0.8) return [bytes];
  const cuts = Array.from({ length: 3 }, () => random.between(0, bytes.length)).toSorted((a, b) => a - b);
  return [0, ...cuts].map((start, index) => bytes.subarray(start, cuts[index] ?? bytes.length));
}

async function closedSoon(connection: RawConnection, patienceMs: number): Promise<void> {
  const timer = setTimeout(() => connection.socket.destroy(), patienceMs);
  await connection.closed;
  clearTimeout(timer);
}

const SENDERS = [sendRequests, sendRequests, sendRequests, sendEventStream, sendEventStream, sendFrames];

/** What is wrong with a response. It is `undefined` when a client can act on it. */
export function faultOf({ status, head, body }: RawResponse): string | undefined {
  const isTyped = body.includes('"code":"');
  const isFault =
    (status >= 500 &&
      !(status === 503 && body.includes('"OVERLOADED"')) &&
      status !== 505 &&
      !isUnknownCoding(status, body)) ||
    body.includes('INTERNAL_SERVER_ERROR') ||
    (/"errors":\[/.test(body) && !isTyped) ||
    status === 0;
  return isFault ? `${head}${body}`.slice(0, 600) : undefined;
}

/** Sends generated requests over all transports to a gateway of its own. */
// oxlint-disable-next-line max-lines-per-function -- its short functions share the counts
export async function fuzz({ requests, seed, parts = 4 }: FuzzOptions): Promise<FuzzReport> {
  const target = await startTarget({ env: SMALL_CACHES });
  process.stderr.write(`fuzz: FUZZ_SEED=${String(seed)}, process ${String(target.pid)}\n`);
  const vocabulary: Vocabulary = {
    schema: readSchema(),
    ids: [...target.jobs.finished.slice(0, 50), ...target.jobs.running.slice(0, 50)],
  };
  const statuses: Record<string, number> = {};
  const codes: Record<string, number> = {};
  const problems: string[] = [];
  let sent = 0;
  let batches = 0;

  function count(text: string): void {
    for (const [, code = ''] of text.matchAll(/"code":"([A-Z_]+)"/g)) codes[code] = (codes[code] ?? 0) + 1;
  }

  async function runBatch(number: number): Promise<void> {
    const random = createRandom((Math.imul(seed, 0x9e3779b1) + number) | 0);
    const tell = (problem: string) => {
      if (problems.length < MAX_PROBLEMS) problems.push(`FUZZ_BATCH=${String(number)}: ${problem}`);
    };
    const connect = async () => {
      const connection = await openRaw({
        port: target.port,
        onResponse: (response) => {
          statuses[response.status] = (statuses[response.status] ?? 0) + 1;
          count(response.body);
          const fault = faultOf(response);
          if (fault !== undefined) tell(fault);
        },
      });
      connection.socket.on('data', (chunk: Buffer) => {
        const text = chunk.toString();
        if (text.includes('INTERNAL_SERVER_ERROR')) tell(text.slice(0, 400));
      });
      if (ONLY === undefined) return connection;
      const sendAndShow: RawConnection['send'] = (bytes) => {
        process.stderr.write(`${bytes.toString('latin1')}\n`);
        return connection.send(bytes);
      };
      return Object.assign(connection, { send: sendAndShow });
    };
    const send = random.pick(SENDERS);
    const id = `x-request-id: batch-${String(number)}`;
    await send({ random, vocabulary, connect, id, count: (more) => (sent += more) });
  }

  async function runUntil(limit: number): Promise<void> {
    if (ONLY !== undefined) return runBatch(ONLY);
    await Promise.all(
      Array.from({ length: LANES }, async () => {
        while (sent < limit && target.end === undefined) {
          batches += 1;
          await runBatch(batches).catch((error: unknown) => problems.push(String(error)));
        }
      }),
    );
  }

  const bystander = await createBystander(target);
  try {
    await runUntil(requests / parts);
    const memory: Holding[] = [];
    const look = async () => {
      memory.push(await afterAll(target));
      process.stderr.write(`fuzz: ${String(sent)} sent, ${describeHolding(memory.at(-1))}\n`);
    };
    await look();
    bystander.start();
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    const quiet = await bystander.stop();
    const busy = {
      elapsedMs: [] as number[],
      unhinderedMs: [] as number[],
      ranMs: [] as number[],
      failures: [] as string[],
    };
    for (let part = 2; part <= parts; part += 1) {
      bystander.start();
      await runUntil((requests * part) / parts);
      const seen = await bystander.stop();
      for (const kind of ['elapsedMs', 'unhinderedMs', 'ranMs'] as const) busy[kind].push(...seen[kind]);
      busy.failures.push(...seen.failures);
      await look();
    }
    problems.push(...kindsOf(target.log.errors));
    return {
      sent,
      statuses,
      codes,
      problems,
      bystander: { quiet, busy },
      memory,
    };
  } finally {
    await bystander.close();
    await target.close();
  }
}

/** What the process holds once it has nothing to do. @throws when it has ended */
async function afterAll(target: Target): Promise<Holding> {
  if (target.end !== undefined) throw new Error(`the gateway ${target.end}: ${target.log.errors.join('\n')}`);
  await target.untilIdle();
  await target.untilUnwatched();
  return target.holding();
}

const MIB = 1024 * 1024;

/** What a process held, in one line. */
export function describeHolding(holding: Holding | undefined): string {
  if (holding === undefined) return 'nothing';
  const [retained, heap, rss] = [holding.retained, holding.heap, holding.rss].map((bytes) =>
    (bytes / MIB).toFixed(1),
  );
  const turn = holding.longestTurnMs.toFixed(0);
  return `retained ${retained ?? ''} MiB, heap ${heap ?? ''} MiB, rss ${rss ?? ''} MiB, longest turn ${turn} ms`;
}

/** The seed of the environment, or a new one. */
export function seedOfRun(): number {
  return Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
}
