import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { encodeQuery, signHeaders } from '../sign.ts';
import { KeySourceError, type KeySource, type OidcRole, type StsPlace } from './key-source.ts';
import { readKeys, refusalOf, type ServiceResponse, type Services } from './service.ts';

const STS_VERSION = '2015-04-01';
/** How long the keys of a role are asked for, in seconds, where nothing says it. STS gives 15 minutes at least. */
const DEFAULT_DURATION_S = 3600;

/** A role that keys are asked for. */
export interface AssumedRole {
  readonly roleArn: string;
  readonly sessionName?: string | undefined;
  readonly durationS?: number | undefined;
  readonly policy?: string | undefined;
  readonly externalId?: string | undefined;
  readonly sts?: StsPlace | undefined;
}

/**
 * The keys of a role that a token of an identity provider may take (RRSA).
 *
 * @see https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerolewithoidc
 */
export function oidcRole(role: AssumedRole & OidcRole, services: Services): KeySource {
  const name = 'OIDC role';
  return {
    name,
    async lookUp() {
      const token = await readFile(role.tokenFile, 'utf8').catch(() => {
        throw new KeySourceError(name, 'TokenFileUnreadable');
      });
      const url = stsUrl(role.sts);
      url.search = encodeQuery({
        Action: 'AssumeRoleWithOIDC',
        Version: STS_VERSION,
        Format: 'JSON',
        Timestamp: `${new Date(services.clock.now()).toISOString().slice(0, 19)}Z`,
        SignatureNonce: randomBytes(16).toString('hex'),
      });
      const form = { ...parametersOf(role), OIDCProviderArn: role.providerArn, OIDCToken: token.trim() };
      return readRoleKeys(name, await services.ask(name, { method: 'POST', url, form }));
    },
  };
}

/**
 * The keys of a role that the keys of another source may take.
 *
 * @see https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerole
 */
export function ramRole(role: AssumedRole, by: KeySource, services: Services): KeySource {
  const name = 'RAM role';
  const ask = async (): Promise<ServiceResponse> => {
    const { credentials } = await by.lookUp();
    const url = stsUrl(role.sts);
    const query = parametersOf(role);
    url.search = encodeQuery(query);
    const headers = signHeaders(
      {
        method: 'POST',
        host: url.host,
        action: 'AssumeRole',
        version: STS_VERSION,
        query,
        headers: { accept: 'application/json' },
        at: new Date(services.clock.now()),
        nonce: randomBytes(16).toString('hex'),
      },
      credentials,
    );
    return services.ask(name, { method: 'POST', url, headers, body: '' });
  };
  return {
    name,
    async lookUp() {
      const response = await ask();
      const isRepeated = response.status !== 200 && response.isClockCorrected;
      return readRoleKeys(name, isRepeated ? await ask() : response);
    },
  };
}

function parametersOf({ roleArn, sessionName, durationS, policy, externalId }: AssumedRole) {
  return {
    RoleArn: roleArn,
    RoleSessionName: sessionName ?? 'package-job-gateway',
    DurationSeconds: String(durationS ?? DEFAULT_DURATION_S),
    ...(policy && { Policy: policy }),
    ...(externalId && { ExternalId: externalId }),
  };
}

function readRoleKeys(name: string, response: ServiceResponse) {
  if (response.status !== 200) throw refusalOf(name, response);
  return readKeys(name, response.members['Credentials']);
}

function stsUrl({ region, isVpc = false, host }: StsPlace = {}): URL {
  const regional = region === undefined ? undefined : `${isVpc ? 'sts-vpc' : 'sts'}.${region}.aliyuncs.com`;
  return new URL(`https://${host ?? regional ?? 'sts.aliyuncs.com'}/`);
}
