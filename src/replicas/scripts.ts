import { readFileSync } from 'node:fs';

/** A Lua script that runs in Redis as a whole. */
export interface Script {
  /** The name of its file. */
  readonly name: string;
  readonly lua: string;
}

/**
 * Reads the script `lua/<name>.lua`. It is sent once for each connection, and then called by its hash.
 *
 * @param uses other scripts, which it can call as functions of their names, with keys and values of their own
 */
export function loadScript(name: string, uses: readonly string[] = []): Script {
  const used = uses.map((other) => `local function ${other}(KEYS, ARGV)\n${read(other)}\nend\n`);
  return { name, lua: `${used.join('')}${read(name)}` };
}

function read(name: string): string {
  return readFileSync(new URL(`lua/${name}.lua`, import.meta.url), 'utf8');
}
