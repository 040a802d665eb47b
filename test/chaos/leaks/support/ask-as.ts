import { hash } from 'node:crypto';
import fc from 'fast-check';
import { ask, type Answer, type Operation, type Transport } from './ask.ts';
import { KeptAnswers } from './kept-answers.ts';
import type { Bearer, World } from './world.ts';

/** How a client asks, whatever it asks for. */
export interface Manner {
  readonly transport: Transport;
  /** What it sends besides: nothing, `x-upstream-receipt`, or `If-None-Match` with the ETag of another bearer. */
  readonly extra: 'nothing' | 'receipt' | 'etag';
  /** Whether it names its document by a hash, and sends the text once it is told to. */
  readonly isHashed: boolean;
}

export const MANNER: fc.Arbitrary<Manner> = fc.record({
  transport: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('post' as const, 'get' as const) },
    { weight: 1, arbitrary: fc.constantFrom('socket' as const, 'events' as const, 'multipart' as const) },
  ),
  extra: fc.oneof(
    { weight: 4, arbitrary: fc.constant('nothing' as const) },
    { weight: 1, arbitrary: fc.constant('receipt' as const) },
    { weight: 3, arbitrary: fc.constant('etag' as const) },
  ),
  isHashed: fc.oneof(
    { weight: 4, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
});

/** The manner of one who sends nothing besides. */
export function plainly(transport: Transport): Manner {
  return { transport, extra: 'nothing', isHashed: false };
}

/**
 * Asks as a bearer does: by hash if it likes, and with a new token once the one that it has is refused.
 *
 * @throws when a token is accepted that has ended, or a 304 answers one who has nothing
 */
export async function askAs(
  world: World,
  bearer: Bearer,
  manner: Manner,
  operation: Operation & { readonly query: string },
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  if (!manner.isHashed) return askKept(world, bearer, manner, operation, headers);
  const { query, ...named } = operation;
  const extensions = { persistedQuery: { version: 1, sha256Hash: hash('sha256', query) } };
  const answer = await askKept(world, bearer, manner, { ...named, extensions }, headers);
  return codeOf(answer) === 'PERSISTED_QUERY_NOT_FOUND'
    ? askKept(world, bearer, manner, { ...operation, extensions }, headers)
    : answer;
}

const KEPT = new WeakMap<World, KeptAnswers>();

/** Asks as one who has what another bearer was answered, and shows that where it is told that it has not changed. */
async function askKept(
  world: World,
  bearer: Bearer,
  { transport, extra }: Manner,
  operation: Operation,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const kept = KEPT.get(world) ?? new KeptAnswers();
  KEPT.set(world, kept);
  // Answers to other methods have no ETag.
  const had = extra === 'etag' && transport === 'get' ? kept.ofAnother(operation, bearer) : undefined;
  const answer = await askRenewing(world, bearer, transport, operation, {
    ...headers,
    ...(extra === 'receipt' && { 'x-upstream-receipt': '1' }),
    // Without the latter, `fetch` says that it wants no cached response.
    ...(had !== undefined && { 'if-none-match': had.etag, 'cache-control': 'max-age=0' }),
  });
  if (answer.status !== 304) {
    kept.keep(operation, bearer, answer);
    return answer;
  }
  if (had === undefined) throw new Error('it is told that what it does not have has not changed');
  world.counts.unmodified += 1;
  return { ...had, text: `${answer.text}\n${had.text}` };
}

/** Asks, and again with a new token where the one that it has may be refused, and is. */
async function askRenewing(
  world: World,
  bearer: Bearer,
  transport: Transport,
  operation: Operation,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  for (;;) {
    const { header, endsAt } = await world.token(bearer);
    const hadEnded = world.now() >= endsAt;
    const answer = await ask(world, header, transport, operation, headers);
    const isRefused = answer.data === null && codeOf(answer) === 'UNAUTHENTICATED';
    if (hadEnded && !isRefused) throw new Error('a token that has ended is accepted');
    const mayBeRefused = bearer.isBrief === true && world.now() >= endsAt;
    if (!isRefused || !mayBeRefused) return answer;
    world.counts.ended += 1;
    world.renew(bearer);
  }
}

function codeOf({ errors }: Answer): string | undefined {
  return errors[0]?.extensions.code;
}
