import { describe, expect, test } from 'vitest';
import { fixtures } from './support/fixtures.ts';
import type { EmulatorFixtures } from './support/fixtures.ts';

const it = test.extend<EmulatorFixtures>(fixtures);

interface Page {
  readonly PackageJobList?: {
    readonly PackageJobs: readonly { JobId: string }[];
    readonly NextPageToken?: string;
  };
}

describe('an odd page', () => {
  it('repeats its own token, overlaps the next, leads back, is empty with a token, or has no list', async ({
    emulator,
    call,
  }) => {
    const ids = [0, 1, 2, 3].map((second) =>
      emulator.jobs.add({ createTime: Date.UTC(2020, 0, 1, 0, 0, second) }),
    );
    const page = async (token?: string) => {
      const parameters = { OrderBy: 'CreateTimeAsc', PageSize: '2', ...(token && { NextPageToken: token }) };
      const { PackageJobList: list } = (await call('ListPackageJobs', parameters)).json as Page;
      return { ids: list?.PackageJobs.map(({ JobId }) => JobId), token: list?.NextPageToken };
    };
    emulator.faults.add({ kind: 'oddPage', page: 'overlap' });
    const first = await page();
    expect(first.ids).toEqual(ids.slice(0, 2));
    expect((await page(first.token)).ids).toEqual(ids.slice(1, 3));

    emulator.faults.add({ kind: 'oddPage', page: 'same-token' });
    expect((await page(first.token)).token).toBe(first.token);

    emulator.faults.add({ kind: 'oddPage', page: 'circle', times: 3 });
    const second = await page((await page()).token);
    const firstAgain = await page(second.token);
    expect(firstAgain.ids).toEqual(ids.slice(0, 2));
    expect((await page(firstAgain.token)).ids).toEqual(ids.slice(2));

    emulator.faults.add({ kind: 'oddPage', page: 'empty', times: 20 });
    const tokens: (string | undefined)[] = [];
    for (let empties = 0; empties < 20; empties += 1) {
      const empty = await page(tokens.at(-1));
      expect(empty.ids).toEqual([]);
      tokens.push(empty.token);
    }
    expect(new Set(tokens).size).toBe(20);
    expect((await page(tokens.at(-1))).ids).toEqual(ids.slice(0, 2));

    emulator.faults.add({ kind: 'oddPage', page: 'no-list' });
    expect((await page()).ids).toBeUndefined();
  });
});

describe('a shape', () => {
  it.for([
    ['other-case', { status: 'init', priority: 6 }],
    ['json-text', { Inputs: '[{"Input":{"Type":"Media","Media":"id"}}]', Status: 'Init' }],
    ['text-values', { Priority: '6', CreateTime: '2020-01-01 00:00:00' }],
    ['wrapped', { Inputs: { Input: [{ Input: { Type: 'Media', Media: 'id' } }] } }],
  ] as const)('%s changes how a job is written', async ([shape, members], { emulator, call }) => {
    const id = emulator.jobs.add({
      createTime: Date.UTC(2020, 0, 1),
      finishTime: Infinity,
      priority: 6,
      inputs: [{ Type: 'Media', Media: 'id' }],
    });
    emulator.faults.add({ kind: 'shape', shape });
    const { json } = await call('GetPackageJob', { JobId: id });
    expect(json).toMatchObject({ PackageJob: members });
  });
});

describe('the access keys', () => {
  it('can be replaced, and refused as inactive or expired', async ({ emulator, call }) => {
    const { credentials } = emulator;
    for (const refusal of ['InvalidAccessKeyId.Inactive', 'InvalidSecurityToken.Expired'] as const) {
      emulator.setCredentials([{ ...credentials, refusal }]);
      expect((await call('ListPackageJobs')).json).toMatchObject({ Code: refusal });
    }
    emulator.setCredentials([{ accessKeyId: 'other', accessKeySecret: 's' }]);
    expect((await call('ListPackageJobs')).json).toMatchObject({ Code: 'InvalidAccessKeyId.NotFound' });
    emulator.setCredentials([credentials]);
    expect((await call('ListPackageJobs')).status).toBe(200);
  });
});
