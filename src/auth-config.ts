import type { Environment, Reader } from './environment.ts';
import { isLoopback } from './loopback.ts';
import { ALGORITHMS, OTHERS, SCOPES } from './variables.ts';

/** Whose tokens are accepted, and what they mean. */
export interface AuthConfig {
  /** Whether the emulator in this process issues the tokens. {@link withIssuer} adds it once it has an address. */
  readonly isLocal: boolean;
  readonly issuers: readonly {
    readonly issuer: string;
    /** A token is for one of them. */
    readonly audiences: readonly string[];
    /** The claim that names it. */
    readonly audienceClaim: string;
    /** `undefined`: the issuer's discovery document tells it. */
    readonly jwksUrl: URL | undefined;
  }[];
  readonly algorithms: readonly string[];
  readonly clockSkewS: number;
  readonly claims: {
    /** A text with spaces between scopes, or a list of them. */
    readonly scope: string;
    /** What the issuer writes before each scope, such as `package-jobs/`. */
    readonly scopePrefix: string;
    /** The scopes of a token without the claim. */
    readonly scopeDefault: readonly string[];
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

/** What decides whether tokens of this machine may do. */
export interface Situation {
  readonly production: boolean;
  /** Whether there is an account of ICE. */
  readonly hasAccount: boolean;
}

/** Reads how callers show who they are. It is `undefined` when nobody is asked. */
export function readAuth(
  env: Environment,
  read: Reader,
  situation: Situation,
  problems: string[],
): AuthConfig | undefined {
  const auth = read.oneOf('AUTH', OTHERS.AUTH.values);
  return auth === 'local'
    ? readLocalAuth(env, read, situation, problems)
    : readIssuers(env, read, auth === 'jwt', problems);
}

/** What only tokens of other issuers can differ in. */
const OF_ISSUERS = [
  'JWT_ISSUER',
  'JWT_AUDIENCE',
  'JWT_AUDIENCE_CLAIM',
  'JWT_JWKS_URL',
  'JWT_ALGORITHMS',
  'SCOPE_CLAIM',
  'SCOPE_PREFIX',
  'SCOPE_DEFAULT',
  'JOBS_CLAIM',
  'OWNER_CLAIM',
] as const;

/** Tokens of the emulator in this process. Anyone on this machine can have one, so they open nothing that is real. */
function readLocalAuth(
  env: Environment,
  read: Reader,
  { production, hasAccount }: Situation,
  problems: string[],
): AuthConfig {
  if (production) problems.push('AUTH=local is for development: with NODE_ENV=production say AUTH=jwt');
  if (hasAccount) problems.push('AUTH=local is for the built-in emulator: with an ICE account say AUTH=jwt');
  for (const name of OF_ISSUERS)
    if (env[name] !== undefined) problems.push(`${name} has no effect with AUTH=local`);
  return {
    isLocal: true,
    issuers: [],
    algorithms: ['ES256'],
    clockSkewS: read.integer('JWT_CLOCK_SKEW_S'),
    claims: {
      scope: OTHERS.SCOPE_CLAIM.default,
      scopePrefix: '',
      scopeDefault: [],
      jobs: OTHERS.JOBS_CLAIM.default,
      owner: 'sub',
    },
    ownerField: readOwnerField(read) ?? 'owner',
    cursorSecret: readCursorSecret(read, problems),
  };
}

/** The configuration that also accepts tokens of an issuer on this machine, where it asks for that. */
export function withIssuer<Settings extends { readonly auth: AuthConfig | undefined }>(
  settings: Settings,
  issuer: string,
): Settings {
  const { auth } = settings;
  if (auth?.isLocal !== true) return settings;
  const local = { issuer, audiences: ['package-jobs'], audienceClaim: 'aud', jwksUrl: undefined };
  return { ...settings, auth: { ...auth, issuers: [local] } };
}

function readOwnerField(read: Reader): string | undefined {
  return read.text('OWNER_FIELD', /^[^\0]{1,128}$/, 'the name of a member');
}

function readCursorSecret(read: Reader, problems: string[]): string | undefined {
  const secret = read.secret('CURSOR_SECRET');
  if (secret !== undefined && secret.length < 16)
    problems.push('CURSOR_SECRET must have 16 characters or more');
  return secret;
}

function readIssuers(
  env: Environment,
  read: Reader,
  isOn: boolean,
  problems: string[],
): AuthConfig | undefined {
  const issuers = read.list('JWT_ISSUER', readName, 'issuers such as https://login.example.com/');
  const audiences = read.list('JWT_AUDIENCE', readNames, 'audiences such as package-jobs');
  const urls = read.list('JWT_JWKS_URL', readUrl, 'https URLs (http on loopback)');
  const algorithms = read.list('JWT_ALGORITHMS', readAlgorithm, `some of ${ALGORITHMS.join(', ')}`);
  const clockSkewS = read.integer('JWT_CLOCK_SKEW_S');
  const audienceClaims = read.list('JWT_AUDIENCE_CLAIM', readClaim, 'names of claims');
  const claims = readClaims(read);
  const ownerField = readOwnerField(read);
  if ((env['OWNER_CLAIM'] === undefined) !== (env['OWNER_FIELD'] === undefined))
    problems.push('OWNER_CLAIM and OWNER_FIELD must be set together');
  const cursorSecret = readCursorSecret(read, problems);
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
    ['JWT_AUDIENCE_CLAIM', audienceClaims],
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
    isLocal: false,
    issuers: found.map((issuer, index) => ({
      issuer,
      audiences: audiences?.[index]?.split(' ') ?? [],
      audienceClaim: audienceClaims?.[index] ?? OTHERS.JWT_AUDIENCE_CLAIM.default,
      jwksUrl: URL.parse(urls?.[index] ?? '') ?? undefined,
    })),
    algorithms: algorithms ?? OTHERS.JWT_ALGORITHMS.default.split(','),
    clockSkewS,
    claims,
    ownerField,
    cursorSecret,
  };
}

/** One name, or several with a space between them. */
function readNames(text: string): string | undefined {
  return /^\S{1,512}(?: \S{1,512}){0,15}$/.test(text) ? text : undefined;
}

function readClaims(read: Reader): AuthConfig['claims'] {
  const claim = (name: 'SCOPE_CLAIM' | 'JOBS_CLAIM' | 'OWNER_CLAIM') =>
    read.text(name, CLAIM, 'the name of a claim');
  return {
    scope: claim('SCOPE_CLAIM') ?? OTHERS.SCOPE_CLAIM.default,
    scopePrefix:
      read.text('SCOPE_PREFIX', /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/, 'a text without spaces') ?? '',
    scopeDefault: read.list('SCOPE_DEFAULT', readScope, `some of ${SCOPES.join(', ')}`) ?? [],
    jobs: claim('JOBS_CLAIM') ?? OTHERS.JOBS_CLAIM.default,
    owner: claim('OWNER_CLAIM'),
  };
}

function readClaim(text: string): string | undefined {
  return CLAIM.test(text) ? text : undefined;
}

function readScope(text: string): string | undefined {
  return SCOPES.find((known) => known === text);
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
