import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemsInPassing, type Row } from './support/rows.ts';
import { startTarget, type Target } from './support/target.ts';
import type { Transport } from './support/transports.ts';
import { CONNECTIONS } from './tables/connections.ts';
import { DOCUMENTS } from './tables/documents.ts';
import { SUBSCRIPTIONS } from './tables/subscriptions.ts';
import { WAITS } from './tables/waits.ts';

/** Some of the kinds of abuse, those that take a second or two. */
const SOME: readonly (readonly [rows: readonly Row[], name: RegExp, over: Transport])[] = [
  [DOCUMENTS, /^documents of one field/, 'POST'],
  [SUBSCRIPTIONS, /^a hundred thousand listeners/, 'WebSocket'],
  [WAITS, /^a hundred waits in each/, 'POST'],
  [CONNECTIONS, /^60 bodies in chunks of one byte/, 'POST'],
  [CONNECTIONS, /^10 sockets that ask 90 times/, 'WebSocket'],
];

const ATTACKS = SOME.map(([rows, name, over]) => {
  const row = rows.find((one) => name.test(one.name));
  if (row === undefined) throw new TypeError(`no row is ${String(name)}`);
  return { name: row.name, over, row };
});

/**
 * What does not depend on the machine: the error that the attacker is told, live features of others while all is held, and what is
 * left of memory, connections and watched jobs afterwards. `npm run test:abuse` measures delays too, for all rows.
 */
describe('one attack after another on one gateway', () => {
  let target: Target;

  beforeAll(async () => {
    target = await startTarget();
  });
  afterAll(async () => {
    await target.close();
  });

  it.for(ATTACKS)('$name, over $over: nothing is left of it', { timeout: 120_000 }, async ({ row, over }) => {
    expect(await problemsInPassing(row, over, target)).toEqual([]);
  });
});
