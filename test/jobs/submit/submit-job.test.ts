import { describe, expect } from 'vitest';
import { createListJobs } from '../../../src/jobs/list/list-jobs.ts';
import { EVERY_JOB } from '../../../src/jobs/model.ts';
import { createSubmitJob } from '../../../src/jobs/submit/submit-job.ts';
import { SETTLING_MS } from '../../../src/jobs/store/entry.ts';
import type { SubmissionArgument } from '../../../src/jobs/submit/submission.ts';
import { it, type JobsSetting } from '../../support/jobs.ts';

const INPUT: SubmissionArgument = {
  inputs: [{ type: 'OSS', media: 'oss://bucket/video.mp4' }],
  output: { type: 'MEDIA', media: '5b25e8d0f1f44a2b' },
  name: 'trailer',
  priority: 3,
  userData: 'mine',
};
const UNREADABLE = { kind: 'status', status: 404, code: 'JobNotFound', action: 'GetPackageJob' } as const;

const submit = ({ ice, store, context }: JobsSetting) =>
  createSubmitJob({ ice, store, isAllowed: true })(INPUT, context);

describe('a submitted job', () => {
  it('is given as ICE shows it, and is then in memory', async ({ jobs }) => {
    const job = await submit(jobs);
    expect(job).toMatchObject({
      name: 'trailer',
      statusRaw: 'Init',
      createTime: expect.any(String),
      priority: 3,
    });
    expect((await jobs.store.get(job.id, jobs.context)).job).toMatchObject({ id: job.id, statusRaw: 'Init' });
    expect(jobs.emulator.requests.map(({ action }) => action)).toEqual(['SubmitPackageJob', 'GetPackageJob']);
  });

  it.for([
    ['does not show it yet', UNREADABLE],
    ['fails', { kind: 'status', status: 403, code: 'Forbidden.RAM', action: 'GetPackageJob' }],
  ] as const)('is given as it was submitted when ICE %s', async ([, fault], { jobs }) => {
    jobs.emulator.faults.add(fault);
    const job = await submit(jobs);
    expect(job).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      name: 'trailer',
      status: 'INIT',
      statusRaw: null,
      triggerSource: null,
      inputs: INPUT.inputs,
      output: INPUT.output,
      outputUrl: null,
      pipelineId: null,
      priority: 3,
      code: null,
      message: null,
      submitTime: null,
      finishTime: null,
      createTime: null,
      modifiedTime: null,
      userData: 'mine',
      observedAt: new Date(jobs.clock.now).toISOString(),
    });
    expect(jobs.emulator.jobs.get(job.id)).toMatchObject({ Name: 'trailer' });
  });

  it('stays known while reads do not find it, and until ICE shows it', async ({ jobs }) => {
    const { clock, emulator, store, context } = jobs;
    emulator.faults.add({ ...UNREADABLE, times: 3 });
    const { id, observedAt } = await submit(jobs);
    for (let read = 0; read < 2; read += 1) {
      clock.now += 1000;
      expect((await store.get(id, context)).job).toMatchObject({
        status: 'INIT',
        statusRaw: null,
        observedAt,
      });
    }
    clock.now += 1000;
    expect((await store.get(id, context)).job).toMatchObject({ status: 'INIT', statusRaw: 'Init' });
    expect(emulator.countRequests('GetPackageJob')).toBe(4);
  });

  it('is missing after all when reads have not found it for a minute', async ({ jobs }) => {
    const { clock, emulator, store, context } = jobs;
    emulator.faults.add({ ...UNREADABLE, times: 'always' });
    const { id } = await submit(jobs);
    clock.now += SETTLING_MS - 1;
    expect((await store.get(id, context)).job).toMatchObject({ id });
    clock.now += 1;
    expect((await store.get(id, context)).job).toBeNull();
  });

  it.for(['read', 'listed'])(
    'stays known for a minute once it was %s and is then not found',
    async (how, { jobs }) => {
      const { clock, emulator, ice, store, context } = jobs;
      const { id } = await submit(jobs);
      const listJobs = createListJobs(ice, store);
      clock.now += 1000;
      if (how === 'listed') await listJobs({}, context, EVERY_JOB);
      else await store.get(id, context);
      emulator.faults.add({ ...UNREADABLE, times: 'always' });
      for (let read = 0; read < 3; read += 1) {
        clock.now += 10_000;
        expect((await store.get(id, context)).job).toMatchObject({ id, status: 'INIT', statusRaw: 'Init' });
      }
      clock.now += SETTLING_MS - 31_000;
      expect((await store.get(id, context)).job).toBeNull();
    },
  );

  it('is known although it was remembered as missing', async ({ jobs }) => {
    const { clock, emulator, store, context } = jobs;
    emulator.faults.add({ kind: 'body', body: '{"JobId":"early"}', action: 'SubmitPackageJob' });
    expect((await store.get('early', context)).job).toBeNull();
    store.ingest('early', { job: null, observedAt: clock.now + 10, source: 'get' });
    expect(await submit(jobs)).toMatchObject({ id: 'early', name: 'trailer' });
    expect((await store.get('early', context)).job).toMatchObject({ name: 'trailer' });
  });
});
