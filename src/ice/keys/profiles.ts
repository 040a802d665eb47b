import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { isJsonObject } from '../../json-object.ts';
import type { Profile, Profiles } from './files.ts';
import { instanceRole } from './instance-role.ts';
import { KeySourceError, type KeySettings, type KeySource } from './key-source.ts';
import { oidcRole, ramRole } from './roles.ts';
import { readKeys, refusalOf, type Services } from './service.ts';

/** A profile, and how to read it. */
interface Reading {
  readonly profile: Profile;
  readonly profiles: Profiles;
  readonly settings: KeySettings;
  readonly services: Services;
  /** The file, for sources that write new tokens into it. */
  readonly path: string;
}

/** Makes the source that a profile describes, by its mode. */
type Mode = (reading: Reading) => KeySource;

/** Profiles that name each other, at most. */
const MAX_CHAIN = 8;

/**
 * The source that a profile of the CLI describes.
 *
 * @throws {KeySourceError} ProfileNotFound, ProfileIncomplete, UnsupportedMode
 */
export function cliProfile(name: string, reading: Omit<Reading, 'profile'>, depth = 0): KeySource {
  const profile = reading.profiles.get(name);
  if (profile === undefined) throw new KeySourceError('CLI profile', 'ProfileNotFound');
  if (depth > MAX_CHAIN) throw new KeySourceError('CLI profile', 'ProfileIncomplete');
  if (profile['mode'] === 'ChainableRamRoleArn') {
    const by = cliProfile(needed(profile, 'source_profile'), reading, depth + 1);
    return ramRole(roleOf(profile, reading.settings), by, reading.services);
  }
  const mode = CLI_MODES[String(profile['mode'])];
  if (mode === undefined) throw new KeySourceError('CLI profile', 'UnsupportedMode');
  return mode({ ...reading, profile });
}

const CLI_MODES: Readonly<Record<string, Mode>> = {
  AK: ({ profile }) => writtenKeys('CLI profile', profile, false),
  StsToken: ({ profile }) => writtenKeys('CLI profile', profile, true),
  RamRoleArn: ({ profile, settings, services }) =>
    ramRole(roleOf(profile, settings), writtenKeys('CLI profile', profile, false), services),
  EcsRamRole: ({ profile, services }) => instanceRole(optional(profile, 'ram_role_name'), services),
  OIDC: ({ profile, settings, services }) =>
    oidcRole(
      {
        ...roleOf(profile, settings),
        providerArn: needed(profile, 'oidc_provider_arn'),
        tokenFile: needed(profile, 'oidc_token_file'),
      },
      services,
    ),
  CloudSSO: ({ profile, services }) => cloudSso(profile, services),
  OAuth: ({ profile, path, services }) => oauth(profile, path, services),
  External: ({ profile }) => command(needed(profile, 'process_command')),
};

/**
 * The source that a profile of the SDKs describes.
 *
 * @throws {KeySourceError} ProfileNotFound, ProfileIncomplete, UnsupportedMode
 */
export function sdkProfile(
  name: string,
  profiles: Profiles,
  settings: KeySettings,
  services: Services,
): KeySource {
  const source = 'SDK profile';
  const profile = profiles.get(name);
  if (profile === undefined) throw new KeySourceError(source, 'ProfileNotFound');
  switch (profile['type']) {
    case 'access_key':
      return writtenKeys(source, profile, false);
    case 'sts':
      return writtenKeys(source, profile, true);
    case 'ecs_ram_role':
      return instanceRole(optional(profile, 'role_name'), services);
    case 'ram_role_arn':
      return ramRole(
        {
          roleArn: needed(profile, 'role_arn', source),
          sessionName: optional(profile, 'role_session_name') ?? settings.sessionName,
          policy: optional(profile, 'policy'),
          sts: settings.sts,
        },
        writtenKeys(source, profile, false),
        services,
      );
    default:
      throw new KeySourceError(source, 'UnsupportedMode');
  }
}

/** Keys that stand in the profile itself. */
function writtenKeys(name: string, profile: Profile, mustHaveToken: boolean): KeySource {
  const members = {
    access_key_id: profile['access_key_id'],
    access_key_secret: profile['access_key_secret'],
    ...(mustHaveToken && { sts_token: profile['sts_token'] ?? profile['security_token'] }),
  };
  return {
    name,
    // oxlint-disable-next-line require-await -- what it throws is a rejection
    async lookUp() {
      try {
        return readKeys(name, members, mustHaveToken);
      } catch {
        throw new KeySourceError(name, 'ProfileIncomplete');
      }
    },
  };
}

function roleOf(profile: Profile, settings: KeySettings) {
  const durationS = [profile['duration_seconds'], profile['expired_seconds']]
    .map(Number)
    .find((value) => value > 0);
  const region = optional(profile, 'sts_region');
  return {
    roleArn: needed(profile, 'ram_role_arn'),
    sessionName: optional(profile, 'ram_session_name') ?? settings.sessionName,
    durationS,
    externalId: optional(profile, 'external_id'),
    sts: {
      ...settings.sts,
      ...(region !== undefined && { region }),
      ...(typeof profile['enable_vpc'] === 'boolean' && { isVpc: profile['enable_vpc'] }),
      host: optional(profile, 'sts_endpoint'),
    },
  };
}

/** The keys that a person gets who is logged in with the CLI by CloudSSO. */
function cloudSso(profile: Profile, services: Services): KeySource {
  const name = 'CloudSSO';
  return {
    name,
    async lookUp() {
      const isOver = Number(profile['cloud_sso_access_token_expire']) * 1000 <= services.clock.now();
      if (isOver) throw new KeySourceError(name, 'LoginExpired');
      const response = await services.ask(name, {
        method: 'POST',
        url: serviceUrl(name, needed(profile, 'cloud_sso_sign_in_url'), '/cloud-credentials'),
        headers: {
          accept: 'application/json',
          'content-type': 'application/json',
          authorization: `Bearer ${needed(profile, 'access_token')}`,
        },
        body: JSON.stringify({
          AccountId: needed(profile, 'cloud_sso_account_id'),
          AccessConfigurationId: needed(profile, 'cloud_sso_access_config'),
        }),
      });
      if (response.status !== 200) throw refusalOf(name, response);
      return readKeys(name, response.members['CloudCredential']);
    },
  };
}

/** Where a person logs in, and the id of the CLI there. */
const OAUTH_SITES: Readonly<Record<string, { readonly url: string; readonly client: string }>> = {
  CN: { url: 'https://oauth.aliyun.com', client: '4038181954557748008' },
  INTL: { url: 'https://oauth.alibabacloud.com', client: '4103531455503354461' },
};

/** A token of less than this is renewed, in seconds. */
const OAUTH_RENEW_S = 1200;

/** The keys that a person gets who is logged in with the CLI by OAuth. New tokens are written into its file, as the CLI does. */
function oauth(profile: Profile, path: string, services: Services): KeySource {
  const name = 'OAuth';
  const site = OAUTH_SITES[String(profile['oauth_site_type']).toUpperCase()];
  if (site === undefined) throw new KeySourceError('CLI profile', 'ProfileIncomplete');
  const now = () => Math.floor(services.clock.now() / 1000);

  async function renew(refreshToken: string): Promise<string> {
    const response = await services.ask(name, {
      method: 'POST',
      url: new URL('/v1/token', site?.url),
      form: { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: site?.client ?? '' },
    });
    const { access_token: access, refresh_token: refresh, expires_in: seconds } = response.members;
    if (response.status !== 200) throw refusalOf(name, response);
    if (typeof access !== 'string' || typeof refresh !== 'string')
      throw new KeySourceError(name, 'InvalidAnswer');
    try {
      await writeProfile(path, profile['name'], {
        oauth_access_token: access,
        oauth_refresh_token: refresh,
        oauth_access_token_expire: now() + (typeof seconds === 'number' ? seconds : 3600),
      });
    } catch {
      // The old token may be good for nothing now. So a new one that cannot be kept is told, before it is needed again.
      throw new KeySourceError(name, 'FileUnwritable');
    }
    return access;
  }

  return {
    name,
    async lookUp() {
      const isOld = !(Number(profile['oauth_access_token_expire']) - now() > OAUTH_RENEW_S);
      const refreshToken = optional(profile, 'oauth_refresh_token');
      const token =
        isOld && refreshToken !== undefined
          ? await renew(refreshToken)
          : needed(profile, 'oauth_access_token');
      const response = await services.ask(name, {
        method: 'POST',
        url: new URL('/v1/exchange', site.url),
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: '',
      });
      if (response.status !== 200) throw refusalOf(name, response);
      return readKeys(name, response.members);
    },
  };
}

/** The file is replaced as a whole, so that nobody reads half of it, and stays as private as it was. */
async function writeProfile(path: string, name: unknown, members: Profile): Promise<void> {
  const value: unknown = JSON.parse(await readFile(path, 'utf8'));
  if (!isJsonObject(value) || !Array.isArray(value['profiles'])) return;
  const profiles = value['profiles'].map((profile: unknown) =>
    isJsonObject(profile) && profile['name'] === name ? { ...profile, ...members } : profile,
  );
  const target = await realpath(path);
  const { mode } = await stat(target);
  const written = `${target}.${randomBytes(6).toString('hex')}`;
  await writeFile(written, JSON.stringify({ ...value, profiles }, null, 4), { mode: mode & 0o777 });
  await rename(written, target);
}

const run = promisify(execFile);
/** A command may ask a person. */
const COMMAND_TIMEOUT_MS = 60_000;

/** Keys that a command of the user writes as JSON. */
function command(text: string): KeySource {
  const name = 'external command';
  return {
    name,
    async lookUp() {
      const [file = '', ...args] = splitCommand(text);
      const { stdout } = await run(file, args, { timeout: COMMAND_TIMEOUT_MS }).catch(() => {
        throw new KeySourceError(name, 'CommandFailed');
      });
      try {
        return readKeys(name, JSON.parse(stdout), false);
      } catch {
        throw new KeySourceError(name, 'InvalidAnswer');
      }
    },
  };
}

/** Splits at spaces. Quotes and backslashes hold words together. */
function splitCommand(text: string): string[] {
  const words = text.match(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/g) ?? [];
  return words.map((word) =>
    word.replaceAll(
      /\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/g,
      (_, escaped, double: string | undefined, single) =>
        String(escaped ?? double?.replaceAll(/\\(["\\])/g, '$1') ?? single ?? ''),
    ),
  );
}

function serviceUrl(source: string, origin: string, path: string): URL {
  const url = URL.parse(path, origin);
  if (url === null) throw new KeySourceError(source, 'ProfileIncomplete');
  return url;
}

function optional(profile: Profile, name: string): string | undefined {
  const value = profile[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function needed(profile: Profile, name: string, source = 'CLI profile'): string {
  const value = optional(profile, name);
  if (value === undefined) throw new KeySourceError(source, 'ProfileIncomplete');
  return value;
}
