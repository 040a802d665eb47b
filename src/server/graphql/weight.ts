import type { DocumentNode } from 'graphql';
import { textBytes } from '../../jobs/text.ts';

/** What a token keeps alive, in bytes: itself, its nodes and their places. It was measured at 110 to 510. */
const TOKEN_BYTES = 500;

/** What a document takes besides, in bytes. */
const DOCUMENT_BYTES = 1000;

/** What a parsed document keeps alive, in bytes: its whole text too, with all comments. */
export function documentBytes({ loc }: DocumentNode): number {
  let tokens = 0;
  for (let token = loc?.startToken ?? null; token !== null; token = token.next) tokens += 1;
  return DOCUMENT_BYTES + textBytes(loc?.source.body ?? '') + TOKEN_BYTES * tokens;
}
