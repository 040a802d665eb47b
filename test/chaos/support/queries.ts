import { expect } from 'vitest';
import type { IceAction } from '../../../src/emulator/server.ts';
import type { TestGateway } from '../../support/gateway.ts';

/** A query of three jobs, the read of one of which fails. */
export interface Query {
  readonly name: string;
  readonly text: string;
  /** The action that the failing read calls. */
  readonly action: IceAction;
  /** Where its error is reported. */
  readonly path: readonly (string | number)[];
  /** What is answered all the same. */
  readonly dataWithout: (ids: Ids) => unknown;
}

export type Ids = readonly [before: string, failing: string, after: string];

const URL_OF_PACKAGE = expect.stringMatching(/^http:/);

export const QUERIES: readonly Query[] = [
  {
    name: 'packageJob',
    text: 'query ($id: ID!) { packageJob(id: $id) { id } }',
    action: 'GetPackageJob',
    path: ['packageJob'],
    dataWithout: () => ({ packageJob: null }),
  },
  {
    name: 'packageJobsById',
    text: 'query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id } }',
    action: 'GetPackageJob',
    path: ['packageJobsById', 1],
    dataWithout: ([before, , after]) => ({ packageJobsById: [{ id: before }, null, { id: after }] }),
  },
  {
    name: 'packageJobs beside packageJob',
    text: 'query ($id: ID!) { packageJobs { nodes { id } } packageJob(id: $id) { id } }',
    action: 'ListPackageJobs',
    path: ['packageJobs'],
    dataWithout: ([, id]) => ({ packageJobs: null, packageJob: { id } }),
  },
  {
    name: 'outputUrl of a listed job',
    text: '{ packageJobs(orderBy: CREATE_TIME_ASC) { nodes { id outputUrl } } }',
    action: 'GetPackageJob',
    path: ['packageJobs', 'nodes', 1, 'outputUrl'],
    dataWithout: ([before, failing, after]) => ({
      packageJobs: {
        nodes: [
          { id: before, outputUrl: URL_OF_PACKAGE },
          { id: failing, outputUrl: null },
          { id: after, outputUrl: URL_OF_PACKAGE },
        ],
      },
    }),
  },
];

/** Three finished jobs, which nothing has been read of yet. */
export function addJobs({ emulator }: TestGateway): Ids {
  const add = (age: number) =>
    emulator.jobs.add({ createTime: Date.now() - 60_000 - age, finishTime: Date.now() - 30_000 });
  return [add(3000), add(2000), add(1000)];
}

/** The attempts of a query's failing read. */
export function countFailing({ emulator }: TestGateway, { action }: Query, id: string): number {
  const isFailing = (params: Readonly<Record<string, string>>) =>
    action === 'ListPackageJobs' || params['JobId'] === id;
  return emulator.requests.filter((request) => request.action === action && isFailing(request.params)).length;
}
