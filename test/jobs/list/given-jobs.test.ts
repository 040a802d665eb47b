import { describe, expect, it } from 'vitest';
import type { PackageJobsArguments } from '../../../src/jobs/list/connection.ts';
import { readGivenJobs } from '../../../src/jobs/list/given-jobs.ts';
import { jobWith } from '../../support/job.ts';

const at = (second: number) => new Date(1000 * second).toISOString();

const JOBS = [
  jobWith({ id: 'b', createTime: at(20), status: 'INIT' }),
  jobWith({ id: 'none', createTime: null, status: 'INIT' }),
  jobWith({ id: 'old', createTime: at(10), status: 'SUCCESS' }),
  jobWith({ id: 'a', createTime: at(20), status: 'SUCCESS' }),
  jobWith({ id: 'new', createTime: at(30), status: 'INIT' }),
];

/** The ids on each page, walked to the end. */
async function walk(args: PackageJobsArguments): Promise<string[][]> {
  const pages: string[][] = [];
  let after: string | null = null;
  for (;;) {
    const { nodes, pageInfo } = await readGivenJobs({ ...args, after }, () => Promise.resolve(JOBS));
    pages.push(nodes.map(({ id }) => id));
    expect(pageInfo.hasPreviousPage).toBe(after !== null);
    if (!pageInfo.hasNextPage) return pages;
    after = pageInfo.endCursor;
  }
}

const read = () => Promise.reject(new Error('it reads'));

describe('a list of given jobs', () => {
  it.for<[PackageJobsArguments, string[][]]>([
    [{}, [['new', 'a', 'b', 'old', 'none']]],
    [{ orderBy: 'CREATE_TIME_ASC' }, [['old', 'a', 'b', 'new', 'none']]],
    [{ first: 2 }, [['new', 'a'], ['b', 'old'], ['none']]],
    [{ first: 5 }, [['new', 'a', 'b', 'old', 'none']]],
    [{ first: 1, filter: { status: 'SUCCESS' } }, [['a'], ['old']]],
    [{ filter: { createdFrom: new Date(11_000), createdTo: new Date(20_000) } }, [['a', 'b']]],
    [{ filter: { status: 'FAIL' } }, [[]]],
  ])('is in order, and ends truly, with %j', async ([args, pages]) => {
    expect(await walk(args)).toEqual(pages);
  });

  it('goes on at its place when jobs have come or gone since', async () => {
    const { pageInfo } = await readGivenJobs({ first: 2 }, () => Promise.resolve(JOBS));
    const changed = [jobWith({ id: 'newest', createTime: at(40) }), ...JOBS.filter(({ id }) => id !== 'a')];
    const next = await readGivenJobs({ after: pageInfo.endCursor }, () => Promise.resolve(changed));
    expect(next.nodes.map(({ id }) => id)).toEqual(['b', 'old', 'none']);
  });

  it('refuses bad arguments and cursors before it reads anything', async () => {
    const { pageInfo } = await readGivenJobs({ first: 1 }, () => Promise.resolve(JOBS));
    const cursor = pageInfo.endCursor ?? '';
    for (const args of [
      { first: 0 },
      { first: 101 },
      { filter: { status: 'UNKNOWN' as const } },
      { after: '' },
      { after: 'nonsense' },
      { after: Buffer.from('[]').toString('base64url') },
      { after: cursor, orderBy: 'CREATE_TIME_ASC' as const },
      { after: cursor, filter: { status: 'INIT' as const } },
    ]) {
      await expect(readGivenJobs(args, read)).rejects.toMatchObject({ name: 'InputError' });
    }
    await expect(readGivenJobs({ after: cursor }, read)).rejects.toThrow('it reads');
  });
});
