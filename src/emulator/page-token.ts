import { createCipheriv, createDecipheriv } from 'node:crypto';

export type JobOrder = 'CreateTimeDesc' | 'CreateTimeAsc';

/** The position of the last job of a page. The next page starts after it. */
export interface PagePosition {
  readonly order: JobOrder;
  readonly createTime: number;
  readonly sequence: number;
}

// The key is not a secret. Encryption makes tokens look like ICE's, and an invented token fails the magic number.
const KEY = Buffer.from('package-job-page');
const MAGIC = 0x1ce2;
const ORDERS: readonly JobOrder[] = ['CreateTimeDesc', 'CreateTimeAsc'];

/**
 * A position as 32 lower-case hexadecimal characters. They are one AES block: magic number (2 bytes), order (1),
 * zero (1), create time in ms (6), sequence (6).
 *
 * The token has the whole position, so the emulator stores nothing for it. It never expires and survives a restart.
 */
export function encodePageToken({ order, createTime, sequence }: PagePosition): string {
  const block = Buffer.alloc(16);
  block.writeUInt16BE(MAGIC, 0);
  block.writeUInt8(ORDERS.indexOf(order), 2);
  block.writeUIntBE(createTime, 4, 6);
  block.writeUIntBE(sequence, 10, 6);
  const cipher = createCipheriv('aes-128-ecb', KEY, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]).toString('hex');
}

/** The reverse of {@link encodePageToken}, in either case. Undefined when the text is not a token. */
export function decodePageToken(token: string): PagePosition | undefined {
  if (!/^[0-9a-f]{32}$/i.test(token)) return undefined;
  const decipher = createDecipheriv('aes-128-ecb', KEY, null).setAutoPadding(false);
  const block = Buffer.concat([decipher.update(token, 'hex'), decipher.final()]);
  const order = ORDERS[block.readUInt8(2)];
  if (block.readUInt16BE(0) !== MAGIC || block.readUInt8(3) !== 0 || order === undefined) return undefined;
  return { order, createTime: block.readUIntBE(4, 6), sequence: block.readUIntBE(10, 6) };
}
