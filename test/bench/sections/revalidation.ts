import { startEmulator } from '../../../src/emulator/server.ts';
import { startGateway } from '../support/gateway.ts';
import { getOf } from '../support/load.ts';
import { startProgram } from '../support/program.ts';
import { createRequests } from '../support/requests.ts';
import { figureOf, median, type SectionResult } from '../support/result.ts';
import { sharesOf, takeTurns } from '../support/rounds.ts';
import { NO_LIMITS } from '../../support/limits.ts';

const ROUNDS = 5;
const SECONDS = 1;
const PREFLIGHTED = { 'apollo-require-preflight': 'true' };
const LEAST = 0.8;

/** A job that the client has already: `GET` with `If-None-Match`, answered with 304. */
export async function revalidation(): Promise<SectionResult> {
  const emulator = await startEmulator({ limits: NO_LIMITS });
  const gateway = await startGateway(emulator);
  const raw = await startProgram('servers/raw.ts', {}, 'server');
  const request = createRequests(emulator).repeated(1)();
  const { query, variables } = JSON.parse(request.slice(request.indexOf('{'))) as Record<string, unknown>;
  const search = new URLSearchParams({ query: String(query), variables: JSON.stringify(variables) });
  const path = `/graphql?${search.toString()}`;
  const first = await fetch(gateway.url + path, { headers: PREFLIGHTED });
  const etag = first.headers.get('etag');
  if (etag === null) throw new Error(`the gateway sent no ETag: ${await first.text()}`);

  const bytes = Buffer.from(getOf(path, { ...PREFLIGHTED, 'if-none-match': etag }));
  const load = { next: () => bytes, status: 304 };
  const { rates, ratesByCpu } = await takeTurns(
    [
      { ...load, name: 'raw', url: raw.url, pid: raw.pid },
      { ...load, name: 'gateway', url: gateway.url, pid: gateway.pid },
    ],
    ROUNDS,
    SECONDS,
  );
  await Promise.all([gateway.stop(), raw.stop()]);
  await emulator.close();
  const shares = sharesOf(rates, 'gateway', 'raw');
  const share = median(shares);
  return {
    summary: `requests a second answered with 304, ${String(ROUNDS)} rounds of ${String(SECONDS)} s in turns`,
    figures: [
      figureOf('raw node:http', rates.get('raw') ?? [], 'requests/s'),
      figureOf('gateway', rates.get('gateway') ?? [], 'requests/s'),
      figureOf('gateway / raw', shares, ''),
      figureOf('gateway / raw, by CPU time', sharesOf(ratesByCpu, 'gateway', 'raw'), ''),
    ],
    checks: [
      {
        promise: `at least ${String(LEAST)} of a raw 304, it was ${share.toFixed(2)}`,
        isKept: share >= LEAST,
      },
    ],
  };
}
