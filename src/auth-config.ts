import type { Environment, Reader } from './environment.ts';
import { isLoopback } from './loopback.ts';
import { ALGORITHMS, OTHERS } from './variables.ts';

/** Whose tokens are accepted, and what they mean. */
export interface AuthConfig {
  readonly issuers: readonly {
    readonly issuer: string;
    readonly audience: string;
    /** `undefined`: the issuer's discovery document tells it. */
    readonly jwksUrl: URL | undefined;
  }[];
  readonly algorithms: readonly string[];
  readonly clockSkewS: number;
  readonly claims: {
    /** A text with spaces between scopes, or a list of them. */
    readonly scope: string;
    /** The same for ids of jobs. */
    readonly jobs: string;
    /** Whose jobs a token is for. `undefined`: no claim says so. */
    readonly owner: string | undefined;
  };
  /** The member of `userData` that says whose job it is. `undefined`: nothing does. */
  readonly ownerField: string | undefined;
  /** What cursors of bearers that see few jobs are sealed with. `undefined`: what is derived from the access key. */
  readonly cursorSecret: string | undefined;
}

const CLAIM = /^[^\s,]{1,128}$/;

/** Reads how callers show who they are. It is `undefined` when nobody is asked. */
export function readAuth(env: Environment, read: Reader, problems: string[]): AuthConfig | undefined {
  const isOn = read.oneOf('AUTH', OTHERS.AUTH.values) === 'jwt';
  const issuers = read.list('JWT_ISSUER', readName, 'issuers such as https://login.example.com/');
  const audiences = read.list('JWT_AUDIENCE', readName, 'audiences such as package-jobs');
  const urls = read.list('JWT_JWKS_URL', readUrl, 'https URLs (http on loopback)');
  const algorithms = read.list('JWT_ALGORITHMS', readAlgorithm, `some of ${ALGORITHMS.join(', ')}`);
  const clockSkewS = read.integer('JWT_CLOCK_SKEW_S');
  const scope = read.text('SCOPE_CLAIM', CLAIM, 'the name of a claim') ?? OTHERS.SCOPE_CLAIM.default;
  const jobs = read.text('JOBS_CLAIM', CLAIM, 'the name of a claim') ?? OTHERS.JOBS_CLAIM.default;
  const owner = read.text('OWNER_CLAIM', CLAIM, 'the name of a claim');
  const ownerField = read.text('OWNER_FIELD', /^[^\0]{1,128}$/, 'the name of a member');
  if ((env['OWNER_CLAIM'] === undefined) !== (env['OWNER_FIELD'] === undefined))
    problems.push('OWNER_CLAIM and OWNER_FIELD must be set together');
  const cursorSecret = read.secret('CURSOR_SECRET');
  if (cursorSecret !== undefined && cursorSecret.length < 16)
    problems.push('CURSOR_SECRET must have 16 characters or more');
  if (!isOn) {
    for (const name of ['JWT_ISSUER', 'OWNER_CLAIM'] as const)
      if (env['AUTH'] === undefined && env[name] !== undefined)
        problems.push(`${name} has no effect without AUTH=jwt`);
    return undefined;
  }
  for (const name of ['JWT_ISSUER', 'JWT_AUDIENCE'] as const)
    if (env[name] === undefined) problems.push(`${name} must be set with AUTH=jwt`);
  const found = issuers ?? [];
  for (const [name, list] of [
    ['JWT_AUDIENCE', audiences],
    ['JWT_JWKS_URL', urls],
  ] as const) {
    if (list !== undefined && issuers !== undefined && list.length !== issuers.length)
      problems.push(`${name} must have as many items as JWT_ISSUER, one for each`);
  }
  if (new Set(found).size < found.length) problems.push('JWT_ISSUER must not name an issuer twice');
  if (urls === undefined && env['JWT_JWKS_URL'] === undefined) {
    for (const issuer of found) {
      if (readUrl(issuer) === undefined)
        problems.push(
          `JWT_ISSUER must be an https URL (http on loopback), or JWT_JWKS_URL be set, got ${JSON.stringify(issuer)}`,
        );
    }
  }
  return {
    issuers: found.map((issuer, index) => ({
      issuer,
      audience: audiences?.[index] ?? '',
      jwksUrl: URL.parse(urls?.[index] ?? '') ?? undefined,
    })),
    algorithms: algorithms ?? OTHERS.JWT_ALGORITHMS.default.split(','),
    clockSkewS,
    claims: { scope, jobs, owner },
    ownerField,
    cursorSecret,
  };
}

function readName(text: string): string | undefined {
  return /^\S{1,512}$/.test(text) ? text : undefined;
}

function readAlgorithm(text: string): string | undefined {
  return ALGORITHMS.find((known) => known === text);
}

/** A URL that nobody in between can read or change what comes from. */
function readUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return undefined;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
    ? text
    : undefined;
}
