import { startEmulator } from '../../../src/emulator/server.ts';
import { startIssuer, type Issuer } from '../../support/issuer.ts';
import { NO_LIMITS } from '../../support/limits.ts';
import { startGateway } from '../support/gateway.ts';
import { fire } from '../support/load.ts';
import { createRequests } from '../support/requests.ts';
import {
  figureOf,
  median,
  percentile,
  type Check,
  type Figure,
  type SectionResult,
} from '../support/result.ts';
import { sharesOf, takeTurns } from '../support/rounds.ts';
import { mainThreadMs } from '../support/usage.ts';

/** Turns are short, so that what else the machine does meets all of them. */
const ROUNDS = 24;
const SECONDS = 0.4;
const TOKENS = 1000;
/** What the cached route keeps of its rate when each request has to show a token. */
const WITH_TOKENS = 0.8;

/** Rounds of floods, in turns. All are over before an issuer may be asked for an unknown key again. */
const FLOODS = 4;
const FLOOD_SECONDS = 2;
/** How much longer the slowest requests with a known token may take beside unknown ones than beside any that are refused. */
const BESIDE_UNKNOWN = 2;

interface Part {
  readonly figures: readonly Figure[];
  readonly checks: readonly Check[];
}

/** What tokens and limits cost where they cost most, and what tokens that nobody has signed cost others. */
export async function identity(): Promise<SectionResult> {
  const issuer = await startIssuer();
  const rates = await cachedRoute(issuer);
  const floods = await besideUnknownKeys(issuer);
  await issuer.close();
  return {
    summary:
      `requests for one job, answered from memory, ${String(ROUNDS)} rounds of ${String(SECONDS)} s in turns; then known ` +
      `tokens beside 32 connections that send what is refused, ${String(FLOODS)} rounds of ${String(FLOOD_SECONDS)} s in turns`,
    figures: [...rates.figures, ...floods.figures],
    checks: [...rates.checks, ...floods.checks],
  };
}

/** The same request with a header. */
const withBearer = (request: string, bearer: string) =>
  request.replace('\r\n\r\n', `\r\nauthorization: ${bearer}\r\n\r\n`);

async function cachedRoute(issuer: Issuer): Promise<Part> {
  const emulator = await startEmulator({ limits: NO_LIMITS });
  const bearers: string[] = [];
  for (let index = 0; index < TOKENS; index += 1)
    bearers.push((await issuer.bearer({ sub: `user-${String(index)}` })).authorization);
  const none = await startGateway(emulator, { AUTH: 'none' });
  const jwt = await startGateway(emulator, issuer.env);
  const limited = await startGateway(emulator, { AUTH: 'none', RATE_LIMIT: '999999999/1' });
  const next = createRequests(emulator).repeated(1);
  const asBearer = bearers.map((bearer) => withBearer(next(), bearer));
  let count = 0;
  const inTurn = () => asBearer[(count += 1) % TOKENS] ?? '';
  const { rates, ratesByCpu } = await takeTurns(
    [
      { next, name: 'none', url: none.url, pid: none.pid },
      { next: () => asBearer[0] ?? '', name: 'jwt', url: jwt.url, pid: jwt.pid },
      { next: inTurn, name: 'many', url: jwt.url, pid: jwt.pid },
      { next, name: 'limited', url: limited.url, pid: limited.pid },
    ],
    ROUNDS,
    SECONDS,
    mainThreadMs,
  );
  await Promise.all([none.stop(), jwt.stop(), limited.stop()]);
  await emulator.close();
  const shares = (name: string) => sharesOf(rates, name, 'none');
  const byCpu = (title: string, name: string) =>
    figureOf(`${title}, by time of the main thread`, sharesOf(ratesByCpu, name, 'none'), '');
  const rate = (title: string, name: string) => figureOf(title, rates.get(name) ?? [], 'requests/s');
  const share = median(sharesOf(ratesByCpu, 'jwt', 'none'));
  return {
    figures: [
      rate('AUTH=none', 'none'),
      rate('AUTH=jwt', 'jwt'),
      rate(`AUTH=jwt, ${String(TOKENS)} tokens in turn on each connection`, 'many'),
      rate('AUTH=none, RATE_LIMIT', 'limited'),
      figureOf('jwt / none', shares('jwt'), ''),
      byCpu('jwt / none', 'jwt'),
      figureOf(`jwt / none, ${String(TOKENS)} tokens in turn`, shares('many'), ''),
      byCpu(`jwt / none, ${String(TOKENS)} tokens in turn`, 'many'),
      figureOf('RATE_LIMIT / none', shares('limited'), ''),
      byCpu('RATE_LIMIT / none', 'limited'),
    ],
    checks: [
      {
        promise: `with AUTH=jwt at least ${String(WITH_TOKENS)} of the requests for each second of CPU, it was ${share.toFixed(2)}`,
        isKept: share >= WITH_TOKENS,
      },
    ],
  };
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Tokens with keys that nobody knows. Anyone can make them. */
function unknownTokens({ url }: Issuer): string[] {
  const claims = part({ iss: url, aud: 'package-jobs', sub: 'x', exp: Math.floor(Date.now() / 1000) + 3600 });
  return Array.from(
    { length: 10_000 },
    (_, index) =>
      `Bearer ${part({ alg: 'ES256', kid: `unknown-${String(index)}` })}.${claims}.${part({ index })}`,
  );
}

async function besideUnknownKeys(issuer: Issuer): Promise<Part> {
  const emulator = await startEmulator({ limits: NO_LIMITS });
  const gateway = await startGateway(emulator, issuer.env);
  const { url } = gateway;
  const request = createRequests(emulator).repeated(1)();
  const known = await issuer.bearer();
  const unknown = unknownTokens(issuer).map((bearer) => withBearer(request, bearer));
  const ask = () =>
    fetch(`${url}/graphql?query=%7B__typename%7D`, {
      headers: { ...known, 'apollo-require-preflight': '1' },
    });
  const before = issuer.asked;
  // The issuer is asked for the first of them.
  await fire({ url, next: () => unknown[0] ?? '', status: 401 }, { answers: 1 }, 1);
  let count = 0;
  const floods = { none: () => request, unknown: () => unknown[(count += 1) % unknown.length] ?? '' };
  const p99s: Record<keyof typeof floods, number[]> = { none: [], unknown: [] };
  const rates: number[] = [];
  for (let round = 0; round < 2 * FLOODS; round += 1) {
    const kind = round % 2 === 0 ? 'none' : 'unknown';
    const flood = fire({ url, next: floods[kind], status: 401 }, { seconds: FLOOD_SECONDS });
    const { times, fired } = await timesUntil(flood, ask);
    p99s[kind].push(percentile(times, 99));
    if (kind === 'unknown') rates.push(fired.answers / fired.seconds);
  }
  const asked = issuer.asked - before;
  await gateway.stop();
  await emulator.close();
  const shares = p99s.unknown.map((ms, round) => ms / (p99s.none[round] ?? NaN));
  return {
    figures: [
      figureOf('unknown keys', rates, 'requests/s'),
      figureOf('known token beside requests without one: p99', p99s.none, 'ms'),
      figureOf('known token beside unknown keys: p99', p99s.unknown, 'ms'),
      figureOf('beside unknown keys / beside none', shares, ''),
      { name: 'the issuer was asked for them', value: asked, unit: 'times' },
    ],
    checks: [
      {
        promise: `a known token takes at most ${String(BESIDE_UNKNOWN)} times as long beside unknown ones, it was ${median(shares).toFixed(2)}`,
        isKept: median(shares) <= BESIDE_UNKNOWN,
      },
      { promise: `the issuer is asked once, it was ${String(asked)} times`, isKept: asked <= 1 },
    ],
  };
}

/** How long requests take, one after the other, in milliseconds, for as long as a flood lasts. */
async function timesUntil<T>(flood: Promise<T>, ask: () => Promise<Response>) {
  const over = new AbortController();
  const ended = flood.finally(() => over.abort());
  const times: number[] = [];
  while (!over.signal.aborted) {
    const startedAt = performance.now();
    const response = await ask();
    await response.text();
    if (response.status !== 200) throw new Error(`a known token is refused with ${String(response.status)}`);
    times.push(performance.now() - startedAt);
  }
  return { times, fired: await ended };
}
