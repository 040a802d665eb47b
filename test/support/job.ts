import type { PackageJob } from '../../src/jobs/model.ts';

/** A job that differs from an unfinished one without any times in these members. */
export function jobWith(members: Partial<PackageJob>): PackageJob {
  return {
    id: 'j1',
    name: null,
    status: 'INIT',
    statusRaw: 'Init',
    triggerSource: null,
    inputs: [],
    output: null,
    outputUrl: null,
    pipelineId: null,
    priority: null,
    code: null,
    message: null,
    submitTime: null,
    finishTime: null,
    createTime: null,
    modifiedTime: null,
    userData: null,
    observedAt: '2026-01-01T00:01:00.000Z',
    ...members,
  };
}
