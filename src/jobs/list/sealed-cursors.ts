import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { invalidCursor } from './cursor.ts';
import type { PackageJobConnection } from './connection.ts';

/** Hides what a cursor says, and ties it to those who may see the same. */
export interface CursorSeal {
  seal(cursor: string): string;
  /** @throws {InputError} when the cursor was not sealed for the same */
  open(text: string): string;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * A cursor has the place of a job in the account's list, with marks of jobs beside it, which others may own. Sealed, it tells
 * nothing of them. The same cursor is always the same text, as that of other clients is: its nonce is made of it.
 *
 * @param secret is the same for all replicas, and after a restart
 */
export function createCursorSeals(secret: string): (view: string) => CursorSeal {
  const keyFor = (use: string) =>
    Buffer.from(hkdfSync('sha256', secret, '', `package-job-gateway ${use}`, 32));
  const [key, nonceKey] = [keyFor('cursor'), keyFor('cursor nonce')];
  return (view) => ({
    seal(cursor) {
      const iv = createHmac('sha256', nonceKey).update(`${view}\n${cursor}`).digest().subarray(0, IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(view));
      const sealed = [cipher.update(cursor, 'base64url'), cipher.final()];
      return Buffer.concat([iv, cipher.getAuthTag(), ...sealed]).toString('base64url');
    },
    open(text) {
      const bytes = Buffer.from(text, 'base64url');
      if (bytes.length <= IV_BYTES + TAG_BYTES || bytes.toString('base64url') !== text) throw invalidCursor();
      const [iv, rest] = [bytes.subarray(0, IV_BYTES), bytes.subarray(IV_BYTES)];
      const decipher = createDecipheriv('aes-256-gcm', key, iv)
        .setAAD(Buffer.from(view))
        .setAuthTag(rest.subarray(0, TAG_BYTES));
      try {
        const parts = [decipher.update(rest.subarray(TAG_BYTES)), decipher.final()];
        return Buffer.concat(parts).toString('base64url');
      } catch {
        throw invalidCursor();
      }
    },
  });
}

/** The page with its cursors sealed. */
export function sealCursors(page: PackageJobConnection, seal: CursorSeal): PackageJobConnection {
  const sealed = (cursor: string | null) => cursor && seal.seal(cursor);
  const { startCursor, endCursor } = page.pageInfo;
  return {
    ...page,
    edges: page.edges.map(({ cursor, node }) => ({ cursor: seal.seal(cursor), node })),
    pageInfo: { ...page.pageInfo, startCursor: sealed(startCursor), endCursor: sealed(endCursor) },
  };
}
