import { EXAMPLE_CREATE_TIME, EXAMPLE_JOB, EXAMPLE_JOB_IDS } from './example.ts';
import type { JobRegistry } from './jobs.ts';
import type { Outcome } from './lifecycle.ts';
import type { NewJob } from './new-job.ts';
import { createRandom } from './random.ts';
import type { Random } from './random.ts';
import type { WireMedia } from './wire.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const FINISHED_JOBS = 280;
const RUNNING_JOBS = 24;

const SHOWS = [
  'harbour-lights',
  'the-long-tide',
  'paper-cranes',
  'north-by-rail',
  'kitchen-at-dawn',
  '长风万里',
  'café-noir',
];
const KINDS = ['trailer', 'episode', 'recap', 'interview', 'behind-the-scenes'];
const HEIGHTS = ['480p', '720p', '1080p', '2160p'];
const BUCKETS = ['studio-masters', 'studio-ingest', 'partner-drop'];
const TRIGGERS = ['API', 'API', 'API', 'WorkFlow', 'WorkFlow', 'Console'];

const FAILURES: readonly Outcome[] = [
  { status: 'Fail', code: 'InvalidParameter', message: 'Resource content bad.' },
  { status: 'Fail', code: 'ResourceNotFound', message: 'The specified input file does not exist.' },
  { status: 'Fail', code: 'InvalidParameter', message: 'The inputs do not have the same duration.' },
  { status: 'Fail', code: 'InternalError', message: 'The packaging task was interrupted.' },
];

/**
 * Adds the demo jobs: a few hundred finished jobs of the last 90 days, some jobs that finish within the next
 * minutes or hours, a few unusual jobs, and the example of the ICE reference.
 *
 * The jobs and their ids are always the same. Only their times depend on `now` (milliseconds since the epoch).
 */
export function seedDemo(jobs: JobRegistry, now: number): void {
  const random = createRandom(20_201_109);
  for (let index = 0; index < FINISHED_JOBS; index += 1) jobs.add(finishedJob(random, now));
  for (let index = 0; index < RUNNING_JOBS; index += 1) jobs.add(runningJob(random, now, index));
  for (const job of unusualJobs(random, now)) jobs.add(job);
  const [jobId, ...alsoKnownAs] = EXAMPLE_JOB_IDS;
  jobs.add({ jobId, alsoKnownAs, createTime: EXAMPLE_CREATE_TIME, verbatim: EXAMPLE_JOB });
}

function finishedJob(random: Random, now: number): NewJob {
  // The square makes most jobs recent. All are older than ten minutes, so all have finished.
  const age = 10 * MINUTE + random.next() ** 2 * 90 * DAY;
  const createTime = now - age;
  return {
    ...randomJob(random),
    createTime,
    finishTime: createTime + random.between(5 * SECOND, 9 * MINUTE),
    outcome: random.next() < 0.12 ? random.pick(FAILURES) : { status: 'Success' },
  };
}

function runningJob(random: Random, now: number, index: number): NewJob {
  // Two of three finish within five minutes, one after the other. The others take hours.
  const finishesSoon = index % 3 !== 0;
  const createTime =
    now - (finishesSoon ? random.between(SECOND, 4 * MINUTE) : random.between(HOUR, 30 * HOUR));
  const rest = finishesSoon ? 10 * SECOND + index * 12 * SECOND : random.between(HOUR, 8 * HOUR);
  return {
    ...randomJob(random),
    createTime,
    finishTime: now + rest,
    outcome: index % 8 === 1 ? random.pick(FAILURES) : { status: 'Success' },
  };
}

function unusualJobs(random: Random, now: number): NewJob[] {
  const createTime = now - 3 * HOUR;
  return [
    {
      ...randomJob(random),
      createTime,
      finishTime: Infinity,
      name: 'a status outside the list',
      statusText: 'Processing',
    },
    { ...randomJob(random), createTime, name: 'a trigger outside the list', triggerSource: 'EventBridge' },
    { ...randomJob(random), createTime, name: 'नमस्ते 🎬 ‏שלום "<&>" \u0009 名前' },
    {
      ...randomJob(random),
      createTime,
      omit: [
        'TriggerSource',
        'Name',
        'OutputUrl',
        'PipelineId',
        'Priority',
        'FinishTime',
        'UserData',
        'ModifiedTime',
      ],
    },
  ];
}

function randomJob(random: Random): NewJob {
  const show = random.pick(SHOWS);
  const title = `${show}-${random.pick(KINDS)}-${random.between(1, 24)}`;
  const userData = randomUserData(random, title);
  return {
    jobId: random.hex(32),
    name: title,
    inputs: randomInputs(random, show, title),
    output: { Type: 'OSS', Media: `oss://studio-packages/${show}/${title}/master.m3u8` },
    pipelineId: random.pick(['36f3fee40aa047c0b067d0fb85ed4c1b', 'e37ebee5d98b4781897f6086e89f9c56']),
    priority: random.next() < 0.6 ? 6 : random.between(1, 10),
    triggerSource: random.pick(TRIGGERS),
    ...(userData !== undefined && { userData }),
  };
}

function randomInputs(random: Random, show: string, title: string): WireMedia[] {
  const bucket = random.pick(BUCKETS);
  const count = random.next() < 0.3 ? random.between(2, HEIGHTS.length) : 1;
  return HEIGHTS.slice(0, count).map((height) => {
    if (random.next() < 0.2) return { Type: 'Media', Media: random.hex(32) };
    const path = `${bucket}/${show}/${title}/${height}.mp4`;
    if (random.next() < 0.8) return { Type: 'OSS', Media: `oss://${path}` };
    return { Type: 'OSS', Media: `http://${path.replace('/', '.oss-cn-shanghai.aliyuncs.com/')}` };
  });
}

function randomUserData(random: Random, title: string): string | undefined {
  const choice = random.next();
  if (choice < 0.3) return undefined;
  if (choice < 0.45) return `ticket ${random.between(1000, 9999)}`;
  return JSON.stringify({ owner: random.pick(['alice', 'ben', 'chen', 'dita']), title });
}
