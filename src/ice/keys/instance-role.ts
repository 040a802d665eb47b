import { KeySourceError, type KeySource } from './key-source.ts';
import { readKeys, refusalOf, type ServiceRequest, type ServiceResponse, type Services } from './service.ts';

/** The metadata service, which only this instance can reach. */
const METADATA = 'http://100.100.100.200';
/** It is in the same machine room. */
const TIMEOUT_MS = 1000;
const TOKEN_S = 21_600;

/**
 * The keys of the role of this instance (ECS), by its metadata service. A token is asked for first. A service that gives none
 * is asked without.
 *
 * @param role without it the service names the role
 * @see https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
 */
export function instanceRole(
  role: string | undefined,
  services: Services,
  origin: string = METADATA,
): KeySource {
  const name = 'instance role';
  const ask = (request: Omit<ServiceRequest, 'url'>, path: string): Promise<ServiceResponse> =>
    services.askInstance(name, { ...request, url: new URL(path, origin), timeoutMs: TIMEOUT_MS });

  return {
    name,
    async lookUp() {
      const token = await ask(
        { method: 'PUT', headers: { 'x-aliyun-ecs-metadata-token-ttl-seconds': String(TOKEN_S) } },
        '/latest/api/token',
      );
      const headers: Record<string, string> =
        token.status === 200 ? { 'x-aliyun-ecs-metadata-token': token.text.trim() } : {};
      const read = async (path: string) => {
        const response = await ask({ method: 'GET', headers }, path);
        if (response.status !== 200) throw refusalOf(name, response);
        return response;
      };
      const folder = '/latest/meta-data/ram/security-credentials/';
      const roleName = role ?? (await read(folder)).text.trim();
      if (!/^[\w.@-]{1,64}$/.test(roleName)) throw new KeySourceError(name, 'NoRole');
      const response = await read(`${folder}${roleName}`);
      const { Code: code } = response.members;
      if (code !== undefined && code !== 'Success') throw refusalOf(name, response);
      return readKeys(name, response.members);
    },
  };
}
