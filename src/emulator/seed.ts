import { exampleCreateTime, exampleJob, exampleJobIds } from './example.ts';
import type { JobBook } from './jobs.ts';
import type { Outcome } from './lifecycle.ts';
import type { NewJob } from './new-job.ts';
import { createRandom } from './random.ts';
import type { Random } from './random.ts';
import type { WireMedia } from './wire.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const finishedJobs = 280;
const runningJobs = 24;

const shows = [
  'harbour-lights',
  'the-long-tide',
  'paper-cranes',
  'north-by-rail',
  'kitchen-at-dawn',
  '长风万里',
  'café-noir',
];
const kinds = ['trailer', 'episode', 'recap', 'interview', 'behind-the-scenes'];
const heights = ['480p', '720p', '1080p', '2160p'];
const buckets = ['studio-masters', 'studio-ingest', 'partner-drop'];
const triggers = ['API', 'API', 'API', 'WorkFlow', 'WorkFlow', 'Console'];

const failures: readonly Outcome[] = [
  { status: 'Fail', code: 'InvalidParameter', message: 'Resource content bad.' },
  { status: 'Fail', code: 'ResourceNotFound', message: 'The specified input file does not exist.' },
  { status: 'Fail', code: 'InvalidParameter', message: 'The inputs do not have the same duration.' },
  { status: 'Fail', code: 'InternalError', message: 'The packaging task was interrupted.' },
];

/**
 * Fills a book with the demo: a few hundred finished jobs of the last 90 days, some that finish within
 * the next minutes or hours, a few odd ones, and the reference's example.
 *
 * Always the same jobs with the same ids; only their times move with `now` (milliseconds since the epoch).
 */
export function seedDemo(jobs: JobBook, now: number): void {
  const random = createRandom(20_201_109);
  for (let index = 0; index < finishedJobs; index += 1) jobs.add(finishedJob(random, now));
  for (let index = 0; index < runningJobs; index += 1) jobs.add(runningJob(random, now, index));
  for (const job of oddJobs(random, now)) jobs.add(job);
  const [jobId, ...alsoKnownAs] = exampleJobIds;
  jobs.add({ jobId, alsoKnownAs, createTime: exampleCreateTime, verbatim: exampleJob });
}

function finishedJob(random: Random, now: number): NewJob {
  // Squared, so that most jobs are recent; at least ten minutes old, so that all are finished.
  const age = 10 * minute + random.next() ** 2 * 90 * day;
  const createTime = now - age;
  return {
    ...someJob(random),
    createTime,
    finishTime: createTime + random.between(5 * second, 9 * minute),
    outcome: random.next() < 0.12 ? random.pick(failures) : { status: 'Success' },
  };
}

function runningJob(random: Random, now: number, index: number): NewJob {
  // Two in three finish within five minutes, one after another; the others take hours.
  const isSoon = index % 3 !== 0;
  const createTime = now - (isSoon ? random.between(second, 4 * minute) : random.between(hour, 30 * hour));
  const rest = isSoon ? 10 * second + index * 12 * second : random.between(hour, 8 * hour);
  return {
    ...someJob(random),
    createTime,
    finishTime: now + rest,
    outcome: index % 8 === 1 ? random.pick(failures) : { status: 'Success' },
  };
}

function oddJobs(random: Random, now: number): NewJob[] {
  const createTime = now - 3 * hour;
  return [
    {
      ...someJob(random),
      createTime,
      finishTime: Infinity,
      name: 'a status outside the list',
      statusText: 'Processing',
    },
    { ...someJob(random), createTime, name: 'a trigger outside the list', triggerSource: 'EventBridge' },
    { ...someJob(random), createTime, name: 'नमस्ते 🎬 ‏שלום "<&>" \u0009 名前' },
    {
      ...someJob(random),
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

function someJob(random: Random): NewJob {
  const show = random.pick(shows);
  const title = `${show}-${random.pick(kinds)}-${random.between(1, 24)}`;
  const userData = someUserData(random, title);
  return {
    jobId: random.hex(32),
    name: title,
    inputs: someInputs(random, show, title),
    output: { Type: 'OSS', Media: `oss://studio-packages/${show}/${title}/master.m3u8` },
    pipelineId: random.pick(['36f3fee40aa047c0b067d0fb85ed4c1b', 'e37ebee5d98b4781897f6086e89f9c56']),
    priority: random.next() < 0.6 ? 6 : random.between(1, 10),
    triggerSource: random.pick(triggers),
    ...(userData !== undefined && { userData }),
  };
}

function someInputs(random: Random, show: string, title: string): WireMedia[] {
  const bucket = random.pick(buckets);
  const count = random.next() < 0.3 ? random.between(2, heights.length) : 1;
  return heights.slice(0, count).map((height) => {
    if (random.next() < 0.2) return { Type: 'Media', Media: random.hex(32) };
    const path = `${bucket}/${show}/${title}/${height}.mp4`;
    if (random.next() < 0.8) return { Type: 'OSS', Media: `oss://${path}` };
    return { Type: 'OSS', Media: `http://${path.replace('/', '.oss-cn-shanghai.aliyuncs.com/')}` };
  });
}

function someUserData(random: Random, title: string): string | undefined {
  const choice = random.next();
  if (choice < 0.3) return undefined;
  if (choice < 0.45) return `ticket ${random.between(1000, 9999)}`;
  return JSON.stringify({ owner: random.pick(['ana', 'ben', 'chen', 'dita']), title });
}
