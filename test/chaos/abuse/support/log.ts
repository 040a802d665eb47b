/** One line of each kind: of the lines with the same stack, or the same message, the last. */
export function kindsOf(lines: readonly string[]): string[] {
  const kinds = new Map(lines.map((line) => [/"(?:stack|msg)":"[^"]*"/.exec(line)?.[0] ?? line, line]));
  return Array.from(kinds.values(), (line) => `logged: ${line.slice(0, 1500)}`);
}
