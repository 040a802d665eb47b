import { readCliFile, readSdkFile } from './files.ts';
import { instanceRole } from './instance-role.ts';
import { KeySourceError, type Keys, type KeySettings, type KeySource } from './key-source.ts';
import { cliProfile, sdkProfile } from './profiles.ts';
import { oidcRole } from './roles.ts';
import { readKeys, refusalOf, type Services } from './service.ts';

/**
 * Chooses the source of keys. The order is that of the official SDKs: the role of an OIDC token, a profile of the CLI, a
 * profile of the SDKs, the role of this instance, a URI. A URI goes before an instance role that nothing names.
 *
 * A source that is there is the one, also when it gives no keys: another identity must not take its place. A profile that
 * a file does not have is not there.
 *
 * @throws {KeySourceError} NoCredentials when there is none
 */
export async function chooseSource(settings: KeySettings, services: Services): Promise<KeySource> {
  const { oidc, sessionName, sts, instanceRole: role, isInstanceRoleOff = false, uri } = settings;
  if (oidc !== undefined) return oidcRole({ ...oidc, sessionName, sts }, services);
  const found = (await findCliProfile(settings, services)) ?? (await findSdkProfile(settings, services));
  if (found !== undefined) return found;
  if (role !== undefined && !isInstanceRoleOff) return instanceRole(role, services);
  if (uri !== undefined) return uriSource(uri, services);
  if (!isInstanceRoleOff && settings.profile === undefined) return unnamedInstanceRole(services);
  throw new KeySourceError('no source', settings.profile === undefined ? 'NoCredentials' : 'ProfileNotFound');
}

/** A file is read again at each look-up. */
async function findCliProfile(settings: KeySettings, services: Services): Promise<KeySource | undefined> {
  const path = settings.cliFile;
  if (path === undefined) return undefined;
  const open = async () => {
    const profiles = await readCliFile(path);
    if (profiles === undefined) throw new KeySourceError('CLI profile', 'FileMissing');
    const name = settings.profile ?? profiles.current;
    return cliProfile(name, { profiles, settings, services, path });
  };
  const isThere = await findProfile(() => readCliFile(path), settings);
  return isThere ? { name: 'CLI profile', lookUp: async () => (await open()).lookUp() } : undefined;
}

async function findSdkProfile(settings: KeySettings, services: Services): Promise<KeySource | undefined> {
  if (settings.sdkFile === undefined) return undefined;
  const { path, isNamed } = settings.sdkFile;
  const open = async () => {
    const profiles = await readSdkFile(path);
    if (profiles === undefined) throw new KeySourceError('SDK profile', 'FileMissing');
    return sdkProfile(settings.profile ?? profiles.current, profiles, settings, services);
  };
  const isThere = isNamed || (await findProfile(() => readSdkFile(path), settings));
  return isThere ? { name: 'SDK profile', lookUp: async () => (await open()).lookUp() } : undefined;
}

/** Whether a file has the profile. One that cannot be read has it, so that its fault is told. */
async function findProfile(
  read: () => ReturnType<typeof readCliFile>,
  { profile }: KeySettings,
): Promise<boolean> {
  try {
    const profiles = await read();
    return profiles?.get(profile ?? profiles.current) !== undefined;
  } catch {
    return true;
  }
}

function uriSource(uri: string, services: Services): KeySource {
  const name = 'credentials URI';
  return {
    name,
    async lookUp() {
      const url = URL.parse(uri);
      if (url === null || !/^https?:$/.test(url.protocol)) throw new KeySourceError(name, 'InvalidUri');
      const response = await services.ask(name, { method: 'GET', url });
      if (response.status !== 200) throw refusalOf(name, response);
      return readKeys(name, response.members);
    },
  };
}

/** Nothing says that this is an instance. Where no metadata service answers, there are no keys. */
function unnamedInstanceRole(services: Services): KeySource {
  const source = instanceRole(undefined, services);
  return {
    name: source.name,
    async lookUp(): Promise<Keys> {
      try {
        return await source.lookUp();
      } catch (error) {
        if (!(error instanceof KeySourceError && error.isTransient)) throw error;
        throw new KeySourceError('no source', 'NoCredentials', true);
      }
    },
  };
}
