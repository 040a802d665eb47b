import { RATE_POLICY, type Charge } from '../rate-limit/rate-limit.ts';
import { refusedForNow } from './checked-operation.ts';
import { overLimit } from './limits.ts';
import { isSubscription, type OperationRecord } from './record.ts';

/**
 * Charges a client for an operation before it is executed.
 *
 * @throws {GraphQLError} RATE_LIMITED when the client has not as much left. OPERATION_TOO_COMPLEX when it never can have
 */
export async function chargeFor(cost: number, charge: Charge): Promise<void> {
  const { policy } = charge;
  if (cost > policy.cost) throw overLimit(RATE_POLICY, policy.cost, cost, `a cost of ${String(cost)}`);
  try {
    await charge.raise(cost);
  } catch (error) {
    throw refusedForNow(error);
  }
}

/**
 * What an operation came to: the fields of its response, or the calls of ICE that it took if these are more. It is 1 at least,
 * and at most what was expected of it. A subscription comes to just that when it begins, and its events cost nothing more.
 */
export function costSpent(record: OperationRecord, data: unknown): number {
  const { cost, mostSpent, calls } = record;
  if (isSubscription(record)) return mostSpent;
  return Math.max(1, Math.min(mostSpent, Math.max(calls.length, countFields(data, cost))));
}

/** Counts members of objects until there are so many. Values can be nested deeper than the stack. */
function countFields(data: unknown, most: number): number {
  const pending: unknown[] = [data];
  let fields = 0;
  while (pending.length > 0 && fields < most) {
    const value = pending.pop();
    if (typeof value !== 'object' || value === null) continue;
    const members: unknown[] = Array.isArray(value) ? value : Object.values(value);
    if (!Array.isArray(value)) fields += members.length;
    for (const member of members) pending.push(member);
  }
  return fields;
}
