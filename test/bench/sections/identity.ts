import { startEmulator } from '../../../src/emulator/server.ts';
import { startIssuer } from '../../support/issuer.ts';
import { NO_LIMITS } from '../../support/limits.ts';
import { startGateway } from '../support/gateway.ts';
import { createRequests } from '../support/requests.ts';
import { figureOf, median, type SectionResult } from '../support/result.ts';
import { sharesOf, takeTurns } from '../support/rounds.ts';

const ROUNDS = 7;
const SECONDS = 1;
const TOKENS = 1000;
/** What the cached route keeps of its rate when each request has to show a token. */
const WITH_TOKENS = 0.8;

/** What tokens and limits cost where they cost most: a request for one job that is answered from memory. */
export async function identity(): Promise<SectionResult> {
  const emulator = await startEmulator({ limits: NO_LIMITS });
  const issuer = await startIssuer();
  const bearers: string[] = [];
  for (let index = 0; index < TOKENS; index += 1)
    bearers.push((await issuer.bearer({ sub: `user-${String(index)}` })).authorization);
  const none = await startGateway(emulator, { AUTH: 'none' });
  const jwt = await startGateway(emulator, issuer.env);
  const limited = await startGateway(emulator, { AUTH: 'none', RATE_LIMIT: '999999999/1' });
  const next = createRequests(emulator).repeated(1);
  const asBearer = bearers.map((bearer) =>
    next().replace('\r\n\r\n', `\r\nauthorization: ${bearer}\r\n\r\n`),
  );
  let count = 0;
  const inTurn = () => asBearer[(count += 1) % TOKENS] ?? '';
  const { rates } = await takeTurns(
    [
      { next, name: 'none', url: none.url, pid: none.pid },
      { next: () => asBearer[0] ?? '', name: 'jwt', url: jwt.url, pid: jwt.pid },
      { next: inTurn, name: 'many', url: jwt.url, pid: jwt.pid },
      { next, name: 'limited', url: limited.url, pid: limited.pid },
    ],
    ROUNDS,
    SECONDS,
  );
  await Promise.all([none.stop(), jwt.stop(), limited.stop()]);
  await issuer.close();
  await emulator.close();
  const shares = (name: string) => sharesOf(rates, name, 'none');
  const rate = (title: string, name: string) => figureOf(title, rates.get(name) ?? [], 'requests/s');
  const share = median(shares('jwt'));
  return {
    summary: `requests for one job, answered from memory, ${String(ROUNDS)} rounds of ${String(SECONDS)} s in turns`,
    figures: [
      rate('AUTH=none', 'none'),
      rate('AUTH=jwt', 'jwt'),
      rate(`AUTH=jwt, ${String(TOKENS)} tokens in turn on each connection`, 'many'),
      rate('AUTH=none, RATE_LIMIT', 'limited'),
      figureOf('jwt / none', shares('jwt'), ''),
      figureOf(`jwt / none, ${String(TOKENS)} tokens in turn`, shares('many'), ''),
      figureOf('RATE_LIMIT / none', shares('limited'), ''),
    ],
    checks: [
      {
        promise: `with AUTH=jwt at least ${String(WITH_TOKENS)} of the rate with AUTH=none, it was ${share.toFixed(2)}`,
        isKept: share >= WITH_TOKENS,
      },
    ],
  };
}
