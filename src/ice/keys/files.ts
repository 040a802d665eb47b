import { readFile } from 'node:fs/promises';
import ini from 'ini';
import { isJsonObject } from '../../json-object.ts';
import { KeySourceError } from './key-source.ts';

/** The members of one profile. */
export type Profile = Readonly<Record<string, unknown>>;

/** The profiles of a file. */
export interface Profiles {
  /** The profile that is used where nothing names one. */
  readonly current: string;
  get(name: string): Profile | undefined;
}

/**
 * Reads the file of the CLI. It is `undefined` when there is none.
 *
 * @throws {KeySourceError} FileUnreadable, FileInvalid
 */
export async function readCliFile(path: string): Promise<Profiles | undefined> {
  const text = await readText('CLI profile', path);
  if (text === undefined) return undefined;
  const value = parseJson(text);
  const list = isJsonObject(value) ? value['profiles'] : undefined;
  if (!isJsonObject(value) || !Array.isArray(list)) throw new KeySourceError('CLI profile', 'FileInvalid');
  const profiles = list.filter(isJsonObject);
  const { current } = value;
  return {
    current: typeof current === 'string' && current !== '' ? current : 'default',
    get: (name) => profiles.find((profile) => profile['name'] === name),
  };
}

/**
 * Reads the ini file of the SDKs. It is `undefined` when there is none.
 *
 * @throws {KeySourceError} FileUnreadable
 */
export async function readSdkFile(path: string): Promise<Profiles | undefined> {
  const text = await readText('SDK profile', path);
  if (text === undefined) return undefined;
  const sections: unknown = ini.parse(text);
  return {
    current: 'default',
    get(name) {
      const section = isJsonObject(sections) ? sections[name] : undefined;
      return isJsonObject(section) ? section : undefined;
    },
  };
}

async function readText(source: string, path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new KeySourceError(source, 'FileUnreadable');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
