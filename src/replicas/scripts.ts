import { readFileSync } from 'node:fs';

/** A Lua script that runs in Redis as a whole. */
export interface Script {
  /** The name of its file. */
  readonly name: string;
  readonly lua: string;
}

/** Reads the script `lua/<name>.lua`. It is sent once for each connection, and then called by its hash. */
export function loadScript(name: string): Script {
  return { name, lua: readFileSync(new URL(`lua/${name}.lua`, import.meta.url), 'utf8') };
}
