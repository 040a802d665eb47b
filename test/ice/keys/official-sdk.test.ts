import credentialsModule from '@alicloud/credentials';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config.ts';
import { createServerClock } from '../../../src/ice/clock.ts';
import { chooseSource } from '../../../src/ice/keys/choose-source.ts';
import { createServices } from '../../../src/ice/keys/service.ts';
import { NO_PROXIES } from '../../../src/ice/proxy.ts';
import { makeFolder } from '../../support/folder.ts';
import { serve } from '../../support/loopback.ts';

// The SDK reads the environment of the process, and its home folder.
const before = { ...process.env };
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
});

const AK = { access_key_id: 'by-cli', access_key_secret: 's' };
const INI =
  '[default]\ntype = access_key\naccess_key_id = by-ini\naccess_key_secret = s\n[team]\ntype = access_key\naccess_key_id = by-team\naccess_key_secret = s\n';
const cli = (...profiles: object[]) => JSON.stringify({ current: 'main', profiles });
const COMMON = { ALIBABA_CLOUD_ECS_METADATA_DISABLED: 'true', UPSTREAM: 'ice' };

async function official(env: Record<string, string>) {
  Object.assign(process.env, env);
  const credential = new credentialsModule.default();
  const { accessKeyId, accessKeySecret, securityToken } = await credential.getCredential();
  return { accessKeyId, accessKeySecret, ...(securityToken && { securityToken }) };
}

async function ours(env: Record<string, string>) {
  const { upstream } = readConfig(env);
  if (upstream.kind !== 'ice') throw new Error('the emulator is upstream');
  const clock = createServerClock(Date.now, () => undefined);
  const services = createServices({ proxies: NO_PROXIES, clock, machineNow: Date.now });
  return (await (await chooseSource(upstream.keySettings, services)).lookUp()).credentials;
}

describe('the key that is found', () => {
  it.for<[string, Record<string, string>, Record<string, string>]>([
    ['an access key of the CLI', { '.aliyun/config.json': cli({ name: 'main', mode: 'AK', ...AK }) }, {}],
    [
      'a temporary key of the CLI',
      { '.aliyun/config.json': cli({ name: 'main', mode: 'StsToken', ...AK, sts_token: 't' }) },
      {},
    ],
    [
      'a profile of the CLI that a variable names',
      {
        '.aliyun/config.json': cli(
          { name: 'main', mode: 'AK', ...AK },
          { name: 'team', mode: 'AK', access_key_id: 'other', access_key_secret: 's' },
        ),
      },
      { ALIBABA_CLOUD_PROFILE: 'team' },
    ],
    [
      'a command',
      {
        '.aliyun/config.json': cli({
          name: 'main',
          mode: 'External',
          process_command:
            `echo '{"mode":"StsToken","access_key_id":"by command","access_key_secret":"s","sts_token":"t"}'`.replace(
              'by command',
              'by-command',
            ),
        }),
      },
      {},
    ],
    ['the SDKs’ file', { '.alibabacloud/credentials': INI }, {}],
    [
      'the SDKs’ file with a profile',
      { '.alibabacloud/credentials': INI },
      { ALIBABA_CLOUD_PROFILE: 'team' },
    ],
    [
      'the CLI’s before the SDKs’',
      { '.aliyun/config.json': cli({ name: 'main', mode: 'AK', ...AK }), '.alibabacloud/credentials': INI },
      {},
    ],
    [
      'the SDKs’ when the CLI’s is off',
      { '.aliyun/config.json': cli({ name: 'main', mode: 'AK', ...AK }), '.alibabacloud/credentials': INI },
      { ALIBABA_CLOUD_CLI_PROFILE_DISABLED: 'true' },
    ],
  ])('is that of the official SDK: %s', async ([, files, variables]) => {
    const env = { ...COMMON, HOME: makeFolder(files), ...variables };
    expect(await ours(env)).toEqual(await official(env));
  });

  it('is that of the official SDK: another file, and a URI', async () => {
    const folder = makeFolder({ keys: INI });
    const byFile = { ...COMMON, HOME: folder, ALIBABA_CLOUD_CREDENTIALS_FILE: join(folder, 'keys') };
    expect(await ours(byFile)).toEqual(await official(byFile));
    delete process.env['ALIBABA_CLOUD_CREDENTIALS_FILE'];

    const keys = {
      AccessKeyId: 'by-uri',
      AccessKeySecret: 's',
      SecurityToken: 't',
      Expiration: '2030-01-01T00:00:00Z',
    };
    const service = await serve((_request, response) => void response.end(JSON.stringify(keys)));
    const byUri = {
      ...COMMON,
      HOME: folder,
      ALIBABA_CLOUD_CREDENTIALS_URI: `http://127.0.0.1:${String(service.port)}/`,
    };
    const found = [await ours(byUri), await official(byUri)];
    await service.close();
    expect(found[0]).toEqual(found[1]);
  });
});
