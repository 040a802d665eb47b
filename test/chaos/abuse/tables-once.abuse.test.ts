import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBystander, type Bystander } from './support/bystander.ts';
import { ALL, problemsInPassing } from './support/rows.ts';
import { startTarget, type Target } from './support/target.ts';
import { CALLS } from './tables/calls.ts';
import { CONNECTIONS } from './tables/connections.ts';
import { DOCUMENTS } from './tables/documents.ts';
import { SUBSCRIPTIONS } from './tables/subscriptions.ts';
import { WAITS } from './tables/waits.ts';

/** Each kind of abuse over one of its transports, the first and the last in turn. `npm run test:abuse` has all of them. */
const ATTACKS = [DOCUMENTS, SUBSCRIPTIONS, WAITS, CALLS, CONNECTIONS].flat().map((row, index) => {
  const transports = row.over ?? ALL;
  return { row, transport: transports.at(index % 2 === 0 ? 0 : -1) ?? 'POST' };
});

const GATEWAYS = Array.from(Map.groupBy(ATTACKS, ({ row }) => row.target?.emulator !== undefined));

describe.for(GATEWAYS)('one attack after another, where the call budget is small: %s', ([, attacks]) => {
  let target: Target;
  let bystander: Bystander;

  beforeAll(async () => {
    target = await startTarget(attacks[0]?.row.target);
    bystander = await createBystander(target);
  });
  afterAll(async () => {
    await bystander.close();
    await target.close();
  });

  it.for(attacks)(
    '$row.name, over $transport: others are served',
    { timeout: 90_000 },
    async ({ row, transport }) => {
      expect(await problemsInPassing(row, transport, target, bystander)).toEqual([]);
    },
  );
});
