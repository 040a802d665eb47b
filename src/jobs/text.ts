/**
 * A copy of a text of one byte a character, with memory of its own. A text that was cut out of another keeps all of that one
 * in memory: an id that a document spells out keeps the whole document.
 */
export function ownText(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** What the characters of a text take in memory, in bytes: two each as soon as one of them is beyond Latin-1. */
export function textBytes(text: string): number {
  // Latin-1 beyond ASCII is rare, and is counted double too.
  return Buffer.byteLength(text) === text.length ? text.length : 2 * text.length;
}
