import { describe, expect, it } from 'vitest';
import { chainCredentials, staticCredentials, type CredentialsChain } from '../../src/ice/credentials.ts';
import { IceError } from '../../src/ice/errors.ts';

const KEYS = { accessKeyId: 'example-access-key', accessKeySecret: 'not-a-real-secret' };

/** Chains that answer in turn, as functions of the chain's number, and count what is asked of them. */
function chains(answer: (chain: number) => Promise<Awaited<ReturnType<CredentialsChain['getCredential']>>>) {
  const asked = { chains: 0, calls: 0 };
  const create = (): Promise<CredentialsChain> => {
    const number = (asked.chains += 1);
    return Promise.resolve({
      getCredential: () => {
        asked.calls += 1;
        return answer(number);
      },
    });
  };
  return { asked, create };
}

describe('chainCredentials', () => {
  it('asks the chain once for callers at the same time, and again for the next', async () => {
    const { asked, create } = chains(() => Promise.resolve(KEYS));
    const credentials = chainCredentials(create);
    await expect(Promise.all([credentials(), credentials(), credentials()])).resolves.toEqual([
      KEYS,
      KEYS,
      KEYS,
    ]);
    expect(asked).toEqual({ chains: 1, calls: 1 });
    await credentials();
    expect(asked).toEqual({ chains: 1, calls: 2 });
  });

  it('makes a new chain after a failure', async () => {
    const { asked, create } = chains((chain) =>
      chain === 1 ? Promise.reject(new Error('none')) : Promise.resolve(KEYS),
    );
    const credentials = chainCredentials(create);
    await expect(credentials()).rejects.toThrow(IceError);
    await expect(credentials()).resolves.toEqual(KEYS);
    expect(asked.chains).toBe(2);
  });

  it('reports a failure without a word of the chain, which can name secrets', async () => {
    const { create } = chains(() => Promise.reject(new Error('cannot parse {"access_key_secret":"canary"}')));
    const error: unknown = await chainCredentials(create)().catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'UPSTREAM_REJECTED', details: { upstreamCode: 'NoCredentials' } });
    expect(error).not.toHaveProperty('cause');
    expect(`${String(error)}${(error as Error).stack ?? ''}`).not.toContain('canary');
  });

  it('refuses keys that are empty', async () => {
    const { create } = chains(() => Promise.resolve({ accessKeyId: '', accessKeySecret: '' }));
    await expect(chainCredentials(create)()).rejects.toMatchObject({ code: 'UPSTREAM_REJECTED' });
  });

  it('passes a security token on', async () => {
    const { create } = chains(() => Promise.resolve({ ...KEYS, securityToken: 'example-token' }));
    await expect(chainCredentials(create)()).resolves.toEqual({ ...KEYS, securityToken: 'example-token' });
  });

  it('loads the official chain by default, which reads the environment', async () => {
    const before = { ...process.env };
    Object.assign(process.env, {
      ALIBABA_CLOUD_ACCESS_KEY_ID: KEYS.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: KEYS.accessKeySecret,
    });
    const credentials = chainCredentials();
    await expect(Promise.all([credentials(), credentials()])).resolves.toEqual([KEYS, KEYS]);
    process.env = before;
  });
});

describe('staticCredentials', () => {
  it('always gives the same keys', async () => {
    await expect(staticCredentials(KEYS)()).resolves.toBe(KEYS);
  });
});
