import { createHash } from 'node:crypto';
import type { Buckets, RatePolicy, Taken } from '../server/rate-limit/buckets.ts';
import type { Connection } from './connection.ts';
import { loadScript } from './scripts.ts';

const BUCKET = loadScript('bucket');
const HASH_CHARACTERS = 22;

/**
 * Buckets that all replicas share, by Redis's clock. A replica that is alone goes by those of its own, which are full at
 * first: a client can then have a bucket at each.
 *
 * @param own the buckets of this replica
 */
export function createSharedBuckets(
  { cost: size, seconds }: RatePolicy,
  connection: Connection,
  own: Buckets,
): Buckets {
  async function takeShared(clientKey: string, cost: number): Promise<Taken> {
    // Keys have one length, and show no address and no name.
    const hash = createHash('sha256').update(clientKey).digest('base64url').slice(0, HASH_CHARACTERS);
    try {
      // A policy of another size has buckets of its own, so that replicas that differ do not disturb each other.
      const key = connection.key('bucket', `${String(size)}/${String(seconds)}`, hash);
      const reply = await connection.call(BUCKET, [key], [cost, size, seconds]);
      const [isTaken = 0, left = 0] = Array.isArray(reply) ? reply.map(Number) : [];
      return { isTaken: isTaken === 1, left };
    } catch {
      return own.take(clientKey, cost);
    }
  }

  return {
    take: (clientKey, cost) =>
      connection.mode === 'joined' ? takeShared(clientKey, cost) : own.take(clientKey, cost),
  };
}
