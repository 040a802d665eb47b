import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment, Reader } from './environment.ts';
import { isJsonObject } from './json-object.ts';
import { ICE_REGIONS, OTHERS, type VariableName } from './variables.ts';

/** How ICE is reached, and the keys to sign calls with. */
export type UpstreamConfig =
  | { readonly kind: 'emulator' }
  | {
      readonly kind: 'ice';
      readonly endpoint: URL;
      /** `undefined`: a source of keys is chosen by its settings. */
      readonly credentials:
        | { readonly accessKeyId: string; readonly accessKeySecret: string; readonly securityToken?: string }
        | undefined;
      readonly keySettings: KeySettings;
      readonly proxies: ProxySettings;
      /** What names the endpoint: a variable, or the profile of the CLI. `undefined`: nothing does. */
      readonly endpointFrom: string | undefined;
    };

/** Which source of keys is chosen. See `ice/keys/key-source`. */
export interface KeySettings {
  readonly cliFile: string | undefined;
  readonly sdkFile: { readonly path: string; readonly isNamed: boolean };
  readonly profile: string | undefined;
  readonly oidc:
    { readonly roleArn: string; readonly providerArn: string; readonly tokenFile: string } | undefined;
  readonly sessionName: string | undefined;
  readonly sts: { readonly region: string | undefined; readonly isVpc: boolean };
  readonly instanceRole: string | undefined;
  readonly isInstanceRoleOff: boolean;
  readonly uri: string | undefined;
}

/** The proxies of the environment. See `ice/proxy`. */
export interface ProxySettings {
  readonly https: URL | undefined;
  readonly http: URL | undefined;
  readonly except: string;
}

/** Each of these says that there is an account to ask. */
const NAMES_OF_ICE = [
  'ICE_ENDPOINT',
  'ICE_REGION',
  'ALIBABA_CLOUD_ACCESS_KEY_ID',
  'ALIBABA_CLOUD_ACCESS_KEY_SECRET',
  'ALIBABA_CLOUD_ROLE_ARN',
  'ALIBABA_CLOUD_OIDC_PROVIDER_ARN',
  'ALIBABA_CLOUD_OIDC_TOKEN_FILE',
  'ALIBABA_CLOUD_PROFILE',
  'ALIBABA_CLOUD_CREDENTIALS_FILE',
  'ALIBABA_CLOUD_ECS_METADATA',
  'ALIBABA_CLOUD_CREDENTIALS_URI',
] as const satisfies readonly VariableName[];

export function readUpstream(
  env: Environment,
  read: Reader,
  production: boolean,
  problems: string[],
): UpstreamConfig {
  const region = read.oneOf('ICE_REGION', OTHERS.ICE_REGION.values, 'set ICE_ENDPOINT for any other');
  const endpoint = read.endpoint('ICE_ENDPOINT');
  const credentials = readKeys(read, problems);
  const kind = read.oneOf('UPSTREAM', OTHERS.UPSTREAM.values);
  if (production && env['UPSTREAM'] === undefined) {
    problems.push('UPSTREAM must be set with NODE_ENV=production: emulator or ice');
  }
  const isIce = kind === undefined ? NAMES_OF_ICE.some((name) => env[name] !== undefined) : kind === 'ice';
  if (!isIce) return { kind: 'emulator' };
  const keySettings = readKeySettings(env, read, problems);
  const isProfileUsed = credentials === undefined && keySettings.oidc === undefined;
  const proxies = readProxies(env, problems);
  const upstream = { kind: 'ice', credentials, keySettings, proxies } as const;
  if (endpoint !== undefined) return { ...upstream, endpoint, endpointFrom: 'ICE_ENDPOINT' };
  const found =
    region === undefined
      ? findRegion(env, isProfileUsed || keySettings.profile !== undefined, keySettings, problems)
      : { region, from: 'ICE_REGION' };
  return {
    ...upstream,
    endpoint: new URL(`https://ice.${found.region}.aliyuncs.com`),
    endpointFrom: found.from,
  };
}

function readKeys(read: Reader, problems: string[]) {
  const accessKeyId = read.secret('ALIBABA_CLOUD_ACCESS_KEY_ID');
  const accessKeySecret = read.secret('ALIBABA_CLOUD_ACCESS_KEY_SECRET');
  const securityToken = read.secret('ALIBABA_CLOUD_SECURITY_TOKEN');
  if ((accessKeyId === undefined) !== (accessKeySecret === undefined)) {
    problems.push('ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET must be set together');
  }
  if (securityToken !== undefined && accessKeyId === undefined) {
    problems.push('ALIBABA_CLOUD_SECURITY_TOKEN needs ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET');
  }
  if (accessKeyId === undefined || accessKeySecret === undefined) return undefined;
  return { accessKeyId, accessKeySecret, ...(securityToken === undefined ? {} : { securityToken }) };
}

function readKeySettings(env: Environment, read: Reader, problems: string[]): KeySettings {
  const text = (name: VariableName) => read.text(name, /\S/, 'set to a value or left out')?.trim();
  const isOn = (name: VariableName) =>
    read.text(name, /^(true|false)$/i, 'true or false')?.toLowerCase() === 'true';
  const roleArn = text('ALIBABA_CLOUD_ROLE_ARN');
  const providerArn = text('ALIBABA_CLOUD_OIDC_PROVIDER_ARN');
  const tokenFile = text('ALIBABA_CLOUD_OIDC_TOKEN_FILE');
  const isOidc = roleArn !== undefined && providerArn !== undefined && tokenFile !== undefined;
  if (!isOidc && [roleArn, providerArn, tokenFile].some((value) => value !== undefined)) {
    problems.push(
      'ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN and ALIBABA_CLOUD_OIDC_TOKEN_FILE must be set together',
    );
  }
  const uri = text('ALIBABA_CLOUD_CREDENTIALS_URI');
  if (uri !== undefined && !/^https?:$/.test(URL.parse(uri)?.protocol ?? '')) {
    // It may hold a password, so it is not shown.
    problems.push('ALIBABA_CLOUD_CREDENTIALS_URI must be an http or https URL');
  }
  const home = env['HOME'] ?? env['USERPROFILE'] ?? homedir();
  const sdkFile = text('ALIBABA_CLOUD_CREDENTIALS_FILE');
  const isCliOff = isOn('ALIBABA_CLOUD_CLI_PROFILE_DISABLED');
  return {
    cliFile: isCliOff ? undefined : join(home, '.aliyun', 'config.json'),
    sdkFile: { path: sdkFile ?? join(home, '.alibabacloud', 'credentials'), isNamed: sdkFile !== undefined },
    profile: text('ALIBABA_CLOUD_PROFILE'),
    oidc: isOidc ? { roleArn, providerArn, tokenFile } : undefined,
    sessionName: text('ALIBABA_CLOUD_ROLE_SESSION_NAME'),
    sts: { region: text('ALIBABA_CLOUD_STS_REGION'), isVpc: isOn('ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED') },
    instanceRole: text('ALIBABA_CLOUD_ECS_METADATA'),
    isInstanceRoleOff: isOn('ALIBABA_CLOUD_ECS_METADATA_DISABLED'),
    uri,
  };
}

/** The region that the account's own settings name. */
function findRegion(
  env: Environment,
  isProfileUsed: boolean,
  settings: KeySettings,
  problems: string[],
): { readonly region: string; readonly from: string | undefined } {
  const byVariable = env['ALIBABA_CLOUD_REGION_ID'];
  const byProfile = isProfileUsed ? regionOfProfile(settings) : undefined;
  const region = byVariable ?? byProfile;
  if (region === undefined) return { region: OTHERS.ICE_REGION.default, from: undefined };
  const from = byVariable === undefined ? 'the profile of the CLI' : 'ALIBABA_CLOUD_REGION_ID';
  if (!ICE_REGIONS.some((known) => known === region)) {
    const shown = /^[\w-]{1,64}$/.test(region) ? ` ${region}` : '';
    problems.push(
      `ICE is not in the region${shown} that ${from} names: set ICE_REGION to one of ${ICE_REGIONS.join(', ')}`,
    );
  }
  return { region: ICE_REGIONS.find((known) => known === region) ?? OTHERS.ICE_REGION.default, from };
}

/** A file that cannot be read names no region. The source of keys tells what is wrong with it. */
function regionOfProfile({ cliFile, profile }: KeySettings): string | undefined {
  if (cliFile === undefined) return undefined;
  try {
    const file: unknown = JSON.parse(readFileSync(cliFile, 'utf8'));
    if (!isJsonObject(file) || !Array.isArray(file['profiles'])) return undefined;
    const name = profile ?? file['current'] ?? 'default';
    const found: unknown = file['profiles'].find(
      (item: unknown) => isJsonObject(item) && item['name'] === name,
    );
    const region = isJsonObject(found) ? found['region_id'] : undefined;
    return typeof region === 'string' && region !== '' ? region : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The proxies, as curl understands them: the name in lower case goes first, an empty value is none, `ALL_PROXY` counts where
 * no other does.
 *
 * @see https://curl.se/docs/manpage.html#ENVIRONMENT
 */
export function readProxies(env: Environment, problems: string[]): ProxySettings {
  const find = (name: 'HTTPS_PROXY' | 'HTTP_PROXY' | 'ALL_PROXY' | 'NO_PROXY') =>
    env[name.toLowerCase()] ?? env[name];
  const proxy = (name: 'HTTPS_PROXY' | 'HTTP_PROXY'): URL | undefined => {
    const set = find(name) === undefined ? 'ALL_PROXY' : name;
    const value = find(set)?.trim() ?? '';
    if (value === '') return undefined;
    const url = URL.parse(/^[a-z][\w+.-]*:\/\//i.test(value) ? value : `http://${value}`);
    if (url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '' && isUserReadable(url)) {
      // curl's own port. The URL does not tell it from one that is not there.
      if (url.protocol === 'http:' && !/:\d+\/?$/.test(value)) url.port = '1080';
      return url;
    }
    // It may hold a password, so it is not shown.
    const problem = `${set} must be an http or https URL such as http://proxy.example.com:3128`;
    if (!problems.includes(problem)) problems.push(problem);
    return undefined;
  };
  return { https: proxy('HTTPS_PROXY'), http: proxy('HTTP_PROXY'), except: find('NO_PROXY') ?? '' };
}

function isUserReadable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(`${username}${password}`);
    return true;
  } catch {
    return false;
  }
}
