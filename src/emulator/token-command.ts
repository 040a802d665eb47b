import { parseArgs } from 'node:util';
import { DEFAULT_PORT } from './default-port.ts';

/** The arguments are not such as the command takes. The message says which, and what it must be. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What the arguments ask for. */
export interface TokenCommand {
  /** The issuer, on this machine, such as `http://127.0.0.1:8791`. */
  readonly issuer: string;
  /** The body of `POST /_emulator/tokens`. */
  readonly request: {
    readonly owner?: string;
    readonly scopes: readonly string[];
    readonly jobIds?: readonly string[];
    readonly expiresInS: number;
  };
}

export const USAGE = `npm run token -- --owner alice [--scope jobs:read] [--job id] [--expires 1h] [--issuer url]

  --owner    whose jobs the token is for: those with this owner in their userData
  --scope    jobs:read (the default), jobs:submit, or both; more than once, or with a space between them
  --job      the id of a job that it is for, and of no other; more than once
  --expires  how long it is good: seconds, or a number with s, m, h or d, up to 30d; 1h by default
  --issuer   the emulator that issues it; http://127.0.0.1:${String(DEFAULT_PORT)} by default

The issuer is in the process that AUTH=local npm start, or npm run emulator, has started.`;

const SCOPES = ['jobs:read', 'jobs:submit'];
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const MAX_S = 30 * 86_400;

/**
 * Reads the arguments of the command. `undefined`: they ask for help.
 *
 * @throws {UsageError} when they are wrong
 */
export function readArguments(args: readonly string[]): TokenCommand | undefined {
  const values = parse(args);
  if (values.help === true) return undefined;
  const { owner, job: jobIds = [], expires = '1h', issuer } = values;
  if (owner === undefined && jobIds.length === 0)
    throw new UsageError('--owner is missing: whose jobs is the token for? --job names single jobs');
  if (owner === '') throw new UsageError('--owner must not be empty');
  return {
    issuer: readIssuer(issuer),
    request: {
      ...(owner !== undefined && { owner }),
      scopes: readScopes(values.scope),
      ...(jobIds.length > 0 && { jobIds: jobIds.map(readJobId) }),
      expiresInS: readDuration(expires),
    },
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const texts = { type: 'string', multiple: true } as const;
  const options = { owner: text, scope: texts, job: texts, expires: text, issuer: text };
  try {
    return parseArgs({ args: [...args], options: { ...options, help: { type: 'boolean', short: 'h' } } })
      .values;
  } catch (error) {
    // It names the argument, and says how to write it.
    if (error instanceof TypeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

function readScopes(given: readonly string[] = ['jobs:read']): string[] {
  const scopes = given.flatMap((text) => text.split(/[\s,]+/)).filter((scope) => scope !== '');
  const unknown = scopes.find((scope) => !SCOPES.includes(scope));
  if (unknown !== undefined || scopes.length === 0)
    throw new UsageError(`--scope must be ${SCOPES.join(' or ')}, got ${JSON.stringify(unknown ?? '')}`);
  return [...new Set(scopes)];
}

function readJobId(id: string): string {
  if (/^[\x21-\x7e]{1,128}$/.test(id)) return id;
  throw new UsageError(
    `--job must be 1 to 128 printable characters without spaces, got ${JSON.stringify(id)}`,
  );
}

function readDuration(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,7})([smhd]?)$/.exec(text) ?? [];
  const seconds = Number(count) * (SECONDS[unit] ?? 1);
  if (count !== '' && seconds >= 1 && seconds <= MAX_S) return seconds;
  throw new UsageError(
    `--expires must be a time such as 90s, 15m, 1h or 2d, up to 30d, got ${JSON.stringify(text)}`,
  );
}

function readIssuer(text = `http://127.0.0.1:${String(DEFAULT_PORT)}`): string {
  const url = URL.parse(text);
  const isHere = url?.protocol === 'http:' && ['127.0.0.1', 'localhost'].includes(url.hostname);
  if (url !== null && isHere && url.pathname === '/') return `http://127.0.0.1:${url.port || '80'}`;
  throw new UsageError(
    `--issuer must be an address of this machine such as http://127.0.0.1:${String(DEFAULT_PORT)}, got ${JSON.stringify(text)}`,
  );
}

/**
 * Asks the issuer for a token.
 *
 * @throws {Error} whose message says what to do
 */
export async function requestToken({ issuer, request }: TokenCommand): Promise<string> {
  const response = await fetch(`${issuer}/_emulator/tokens`, {
    method: 'POST',
    body: JSON.stringify(request),
  }).catch((error: unknown) => {
    throw new Error(`Nothing answers at ${issuer}. Start the gateway by AUTH=local npm start first.`, {
      cause: error,
    });
  });
  const text = await response.text();
  const token = response.status === 201 ? tokenIn(text) : undefined;
  if (token === undefined)
    throw new Error(
      `What answers at ${issuer} issues no tokens (status ${String(response.status)}: ${text.trim().slice(0, 200)}). AUTH=local npm start says where its issuer is.`,
    );
  return token;
}

function tokenIn(text: string): string | undefined {
  try {
    const content: unknown = JSON.parse(text);
    const isObject = typeof content === 'object' && content !== null;
    return isObject && 'token' in content && typeof content.token === 'string' ? content.token : undefined;
  } catch {
    return undefined;
  }
}
