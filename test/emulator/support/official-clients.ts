import { createRequire } from 'node:module';
import type { EmulatorCredentials } from '../../../src/emulator/server.ts';

export type OfficialCall = (
  action: string,
  params: Readonly<Record<string, string>>,
) => Promise<Readonly<Record<string, unknown>>>;

export type OfficialClient = (endpoint: string, credentials: EmulatorCredentials) => OfficialCall;

interface CallableClient {
  callApi(params: object, request: object, runtime: object): Promise<{ body: Record<string, unknown> }>;
}
type Constructor<Instance = object> = new (options: object) => Instance;

// The clients are CommonJS. Their types import packages that are not installed, so the types are here.
const load = createRequire(import.meta.url);
const core = load('@alicloud/openapi-core') as {
  default: Constructor<CallableClient>;
  $OpenApiUtil: Record<'Config' | 'Params' | 'OpenApiRequest', Constructor>;
};
const client = load('@alicloud/openapi-client') as Record<
  'Config' | 'Params' | 'OpenApiRequest',
  Constructor
> & {
  default: Constructor<CallableClient>;
};
const { RuntimeOptions } = load('@alicloud/tea-util') as { RuntimeOptions: Constructor };
const dara = load('@darabonba/typescript') as { RuntimeOptions: Constructor };
const PopCore = load('@alicloud/pop-core') as Constructor<{
  request(action: string, params: object, options: object): Promise<Record<string, unknown>>;
}>;

/** Every official client with every way to sign and send, by a name for the test title. */
export const OFFICIAL_CLIENTS: Readonly<Record<string, OfficialClient>> = {
  'openapi-core': (endpoint, credentials) => {
    const instance = new core.default(new core.$OpenApiUtil.Config(configOf(endpoint, credentials)));
    return callerOf(instance, core.$OpenApiUtil, new dara.RuntimeOptions({}));
  },
  'openapi-client': (endpoint, credentials) => {
    const instance = new client.default(new client.Config(configOf(endpoint, credentials)));
    return callerOf(instance, client, new RuntimeOptions({}));
  },
  'openapi-client with V1': (endpoint, credentials) => {
    const config = new client.Config({ ...configOf(endpoint, credentials), signatureAlgorithm: 'v2' });
    return callerOf(new client.default(config), client, new RuntimeOptions({}));
  },
  'pop-core with GET': (endpoint, credentials) => popCaller(endpoint, credentials, 'GET'),
  'pop-core with POST': (endpoint, credentials) => popCaller(endpoint, credentials, 'POST'),
};

function configOf(endpoint: string, credentials: EmulatorCredentials) {
  return { ...credentials, endpoint: new URL(endpoint).host, protocol: 'HTTP', regionId: 'cn-shanghai' };
}

function callerOf(
  instance: CallableClient,
  { Params, OpenApiRequest }: Record<'Params' | 'OpenApiRequest', Constructor>,
  runtime: object,
): OfficialCall {
  return async (action, params) => {
    const description = { action, version: '2020-11-09', protocol: 'HTTP', pathname: '/', method: 'POST' };
    const style = { authType: 'AK', style: 'RPC', reqBodyType: 'formData', bodyType: 'json' };
    const request = new OpenApiRequest({ query: params });
    const { body } = await instance.callApi(new Params({ ...description, ...style }), request, runtime);
    return body;
  };
}

function popCaller(endpoint: string, credentials: EmulatorCredentials, method: 'GET' | 'POST'): OfficialCall {
  const instance = new PopCore({ ...credentials, endpoint, apiVersion: '2020-11-09' });
  return (action, params) => instance.request(action, params, { method });
}
