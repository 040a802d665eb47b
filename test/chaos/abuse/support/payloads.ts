/** The longest list that passes the limits, with room to spare. */
const LIST_SIZE = 900;

/** JSON of about so many characters, each third of which is an array once it is parsed. */
export function arrays(length: number, mark: string): string {
  const list = `[[]${',[]'.repeat(LIST_SIZE - 1)}]`;
  return `["${mark}"${`,${list}`.repeat(Math.floor(length / list.length))}]`;
}

/** So many brackets inside each other. */
export const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

/** Text of a length that begins with a mark. */
export const filler = (length: number, mark: string): string => mark.padEnd(length, 'x');

/** A list that begins elsewhere. */
export function rotated(ids: readonly string[], by: number): string[] {
  const start = by % ids.length;
  return [...ids.slice(start), ...ids.slice(0, start)];
}

/** How much text a document carries besides its tokens. A document may have 64 KiB, and the line of a request 15 KB. */
export const roomOf = (transport: string): number => (transport === 'GET' ? 12_000 : 60_000);
