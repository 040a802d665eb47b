import { scryptSync } from 'node:crypto';

/** The version of what stands in Redis. Gateways of another version use other keys, so neither misreads the other. */
const VERSION = 1;
const HASH_BYTES = 8;

/**
 * What all keys begin with, such as `pjg:1:{cn-shanghai:0123456789abcdef}`.
 *
 * It has the one hash tag of all keys, so that they are on one node of a Redis Cluster and scripts can use several. The
 * account is hashed, so that who reads keys does not learn it. Its numbers are few enough to be tried, so the hash is a slow
 * one. Two endpoints of one region are two namespaces, unless both are ICE's own.
 *
 * @param account what all replicas of one account have in common
 */
export function namespaceOf(account: string, endpoint: URL): string {
  const region = /^ice(?:-vpc)?\.([a-z\d-]+)\.aliyuncs\.com$/.exec(endpoint.host)?.[1] ?? endpoint.host;
  const hash = scryptSync(account, 'package-job-gateway', HASH_BYTES, { N: 4096 }).toString('hex');
  return `pjg:${String(VERSION)}:{${region}:${hash}}`;
}
