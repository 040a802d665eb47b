import type { Emulator } from '../../../src/emulator/server.ts';

const MINUTE = 60_000;

/** How jobs of the studio fail, the most frequent kind first. */
const FAILURES = [
  { status: 'Fail', code: 'InvalidParameter', message: 'Resource content bad.' },
  { status: 'Fail', code: 'InvalidParameter', message: 'Resource content bad.' },
  { status: 'Fail', code: 'ResourceNotFound', message: 'The specified input file does not exist.' },
  { status: 'Fail', code: 'InternalError', message: 'The packaging task was interrupted.' },
] as const;

const SHOWS = ['harbour-lights', 'the-long-tide', 'paper-cranes', 'north-by-rail', 'kitchen-at-dawn'];

/** The jobs of a believable day, always the same: two in flight, some that failed, the others done. Returns the id of one that is done. */
export function addStudio({ jobs }: Emulator): string {
  const add = (name: string, age: number, took: number, outcome?: (typeof FAILURES)[number]) => {
    const createTime = Date.now() - age * MINUTE;
    const folder = `oss://studio-packages/${name}`;
    return jobs.add({
      name,
      inputs: ['1080p', '720p', '480p'].map((height) => ({ Type: 'OSS', Media: `${folder}/${height}.mp4` })),
      output: { Type: 'OSS', Media: `${folder}/master.m3u8` },
      userData: `{"owner": "ana"}`,
      createTime,
      finishTime: createTime + took * MINUTE,
      ...(outcome && { outcome }),
    });
  };
  add('harbour-lights-trailer', 0.2, Infinity);
  add('paper-cranes-episode-4', 2.6, Infinity);
  const id = add('north-by-rail-episode-12', 5, 3.4);
  add('paper-cranes-episode-3', 9, 4.1);
  add('kitchen-at-dawn-recap', 14, 0.7, FAILURES[0]);
  add('the-long-tide-interview-15', 31, 6.2);
  add('café-noir-behind-the-scenes', 48, 2.9);
  // More of them by day than by night.
  for (let index = 0; index < 220; index += 1) {
    const age = 55 + 6.2 * index + 130 * Math.sin(index / 36);
    const took = 0.3 + ((index * 7) % 23) / 3 + (index % 40 === 0 ? 25 : 0);
    const show = SHOWS[index % SHOWS.length] ?? '';
    add(
      `${show}-episode-${String(1 + (index % 24))}`,
      age,
      took,
      index % 13 === 5 ? FAILURES[index % 4] : undefined,
    );
  }
  return id;
}
