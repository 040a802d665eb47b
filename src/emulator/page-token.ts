import { createCipheriv, createDecipheriv } from 'node:crypto';

export type JobOrder = 'CreateTimeDesc' | 'CreateTimeAsc';

/** The last job of a page: where the next page goes on. */
export interface PagePosition {
  readonly order: JobOrder;
  readonly createTime: number;
  readonly sequence: number;
}

// Not a secret: it only makes tokens look like ICE's, and makes made-up ones fail the check below.
const key = Buffer.from('package-job-page');
const check = 0x1ce2;
const orders: readonly JobOrder[] = ['CreateTimeDesc', 'CreateTimeAsc'];

/**
 * A position as 32 lower-case hex characters: one AES block, laid out as
 * check (2 bytes), order (1), zero (1), create time in ms (6), sequence (6).
 *
 * The token says all there is to know, so it needs no memory here, never ages, and outlives a restart.
 */
export function encodePageToken({ order, createTime, sequence }: PagePosition): string {
  const block = Buffer.alloc(16);
  block.writeUInt16BE(check, 0);
  block.writeUInt8(orders.indexOf(order), 2);
  block.writeUIntBE(createTime, 4, 6);
  block.writeUIntBE(sequence, 10, 6);
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]).toString('hex');
}

/** The reverse of {@link encodePageToken}; undefined for text that is not one of its results. */
export function decodePageToken(token: string): PagePosition | undefined {
  if (!/^[0-9a-f]{32}$/.test(token)) return undefined;
  const decipher = createDecipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  const block = Buffer.concat([decipher.update(token, 'hex'), decipher.final()]);
  const order = orders[block.readUInt8(2)];
  if (block.readUInt16BE(0) !== check || block.readUInt8(3) !== 0 || order === undefined) return undefined;
  return { order, createTime: block.readUIntBE(4, 6), sequence: block.readUIntBE(10, 6) };
}
