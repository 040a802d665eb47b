import { describe, expect, it } from 'vitest';
import { staticCredentials } from '../../src/ice/credentials.ts';

const KEYS = { accessKeyId: 'example-access-key', accessKeySecret: 'not-a-real-secret' };

describe('staticCredentials', () => {
  it('always gives the same keys', async () => {
    await expect(staticCredentials(KEYS)()).resolves.toBe(KEYS);
  });
});
