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
  };
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
  if (!isOn) {
    if (env['AUTH'] === undefined && env['JWT_ISSUER'] !== undefined)
      problems.push('JWT_ISSUER has no effect without AUTH=jwt');
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
    claims: { scope },
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
