import { describe, expect, it } from 'vitest';
import { startGateway } from '../../support/gateway.ts';
import { load, writeSources } from '../../support/guide.ts';
import { startIssuer } from '../../support/issuer.ts';
import { loadFollowers, type Authorize } from '../support/followers.ts';

/** How long clients may take to come back, on a machine that is busy with other suites. */
const PATIENCE = { timeout: 40_000 };

/** How long each token is good, in seconds. */
const TOKEN_S = 4;

interface Token {
  readonly token: string;
  readonly endsAt: number;
}

async function loadGuide() {
  return (await load(writeSources('tokens'), 'authorize.ts')) as unknown as {
    createAuthorize: (fetchToken: () => Promise<Token>) => Authorize;
  };
}

describe('the guide to tokens', () => {
  it('gets a token once for all who ask, and another one before that ends', async () => {
    const { createAuthorize } = await loadGuide();
    let fetched = 0;
    let lastsMs = 3_600_000;
    const authorize = createAuthorize(async () => {
      fetched += 1;
      return { token: String(fetched), endsAt: Date.now() + lastsMs };
    });
    const first = { authorization: 'Bearer 1' };
    expect(await Promise.all([authorize(), authorize()])).toEqual([first, first]);
    expect(await authorize()).toEqual(first);

    lastsMs = 20_000;
    const soon = createAuthorize(async () => {
      fetched += 1;
      return { token: String(fetched), endsAt: Date.now() + lastsMs };
    });
    expect([await soon(), await soon()]).toEqual([
      { authorization: 'Bearer 2' },
      { authorization: 'Bearer 3' },
    ]);
  });

  it('asks again after a failure', async () => {
    const { createAuthorize } = await loadGuide();
    let isDown = true;
    const authorize = createAuthorize(async () => {
      if (isDown) throw new Error('no backend');
      return { token: 'good', endsAt: Infinity };
    });
    await expect(authorize()).rejects.toThrow('no backend');
    isDown = false;
    expect(await authorize()).toEqual({ authorization: 'Bearer good' });
  });

  it('keeps each client of the other guides going while its tokens end, to the end of its job', async ({
    onTestFinished,
  }) => {
    const { createAuthorize } = await loadGuide();
    const { follow, manifest } = await loadFollowers(onTestFinished);
    const issuer = await startIssuer();
    const gateway = await startGateway({
      env: {
        ...issuer.env,
        JWT_CLOCK_SKEW_S: '0',
        POLL_MIN_MS: '100',
        JOB_MAX_AGE_MS: '100',
        PERSISTED_OPERATIONS: manifest,
      },
    });
    onTestFinished(async () => {
      await gateway.close();
      await issuer.close();
    });
    const { jobs } = gateway.emulator;
    const followed = Object.entries(follow).map(([name, follow]) => {
      const id = jobs.add({ finishTime: Infinity });
      const tokens = { given: 0 };
      const authorize = createAuthorize(async () => {
        tokens.given += 1;
        const exp = Math.floor(Date.now() / 1000) + TOKEN_S;
        return { token: await issuer.token({ claims: { exp } }), endsAt: 1000 * exp };
      });
      return { name, id, tokens, seen: follow(`${gateway.url}/graphql`, id, authorize) };
    });
    // Plain fetch is told nothing before the end.
    const live = followed.filter(({ name }) => name !== 'fetch');
    const shown = () => live.map(({ seen }) => seen.states.at(-1));
    await expect.poll(shown, PATIENCE).toEqual(live.map(() => 'INIT'));
    const before = followed.map(({ tokens }) => tokens.given);
    const isRenewed = () => followed.map(({ tokens }, index) => tokens.given > (before[index] ?? 0));
    await expect.poll(isRenewed, PATIENCE).toEqual(followed.map(() => true));
    for (const { id } of followed) jobs.finish(id, { status: 'Success' });
    const ends = await Promise.all(
      followed.map(({ seen }) => seen.end.catch((error: unknown) => String(error))),
    );
    const outcomes = followed.map(({ name }, index) => [name, ends[index]]);
    expect(outcomes).toEqual(followed.map(({ name }) => [name, 'SUCCESS']));
  });
});
