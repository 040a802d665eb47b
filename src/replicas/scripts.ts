import { readFileSync } from 'node:fs';

/** A Lua script that runs in Redis as a whole. */
export interface Script {
  /** The name of its file. */
  readonly name: string;
  readonly lua: string;
  /** How many of its arguments are keys. */
  readonly keys: number;
}

/**
 * Reads the script `lua/<name>.lua`. It is sent once for each connection, and then called by its hash.
 *
 * @param keys how many of its arguments are keys
 */
export function loadScript(name: string, keys: number): Script {
  return { name, keys, lua: readFileSync(new URL(`lua/${name}.lua`, import.meta.url), 'utf8') };
}
