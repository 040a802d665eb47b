import type { DocumentNode } from 'graphql';

/** What a token keeps alive, in bytes: itself, its nodes and their places. It was measured at 110 to 510. */
const TOKEN_BYTES = 500;

/** What a document takes besides, in bytes. */
const DOCUMENT_BYTES = 1000;

/** Whether V8 needs two bytes for each character. */
const IS_WIDE = /[^\0-\xff]/;

/** What a text takes in memory, in bytes. */
export function textBytes(text: string): number {
  return IS_WIDE.test(text) ? 2 * text.length : text.length;
}

/** What a parsed document keeps alive, in bytes: its whole text too, with all comments. */
export function documentBytes({ loc }: DocumentNode): number {
  let tokens = 0;
  for (let token = loc?.startToken ?? null; token !== null; token = token.next) tokens += 1;
  return DOCUMENT_BYTES + textBytes(loc?.source.body ?? '') + TOKEN_BYTES * tokens;
}
