import { beforeEach, describe, expect, it } from 'vitest';
import { ScheduleSetting } from './support/schedule-setting.ts';

/** Adds jobs, `inFlight` of which are being read until the returned function is called. */
function addInFlight(setting: ScheduleSetting, landed: number, inFlight: number): () => void {
  const flight = { isOver: false };
  for (let index = 0; index < landed; index += 1) setting.add(`landed ${String(index)}`);
  const flying = Array.from({ length: inFlight }, (_, index) => {
    const job = setting.add(`flying ${String(index)}`);
    return Object.defineProperty({ ...job }, 'isInFlight', { get: () => !flight.isOver });
  });
  for (const job of flying) setting.schedule.set(job);
  return () => {
    flight.isOver = true;
    for (const job of flying) setting.schedule.set(job);
  };
}

describe('a schedule, of jobs that are read in groups,', () => {
  let setting: ScheduleSetting;
  beforeEach(() => {
    setting = new ScheduleSetting();
  });

  it('has those that are due wait for most of the others, so that all are read together again', () => {
    const land = addInFlight(setting, 50, 101);
    setting.advance(5000);
    expect(setting.sweeps).toEqual([]);
    land();
    setting.advance(250);
    expect(setting.sweeps.map((sweep) => sweep.length - 1)).toEqual([151]);
  });

  it.for([
    [2, 100],
    [101, 101],
    [1000, 300],
  ] as const)('has %i that are due not wait for %i others', ([landed, inFlight]) => {
    addInFlight(setting, landed, inFlight);
    setting.advance(1000);
    expect(setting.sweeps.map((sweep) => sweep.length - 1)).toEqual([landed]);
  });

  it('takes a sweep of a part for one that takes no more pages than one of all', () => {
    setting.schedule.tookPages(25, true);
    setting.schedule.tookPages(2, false);
    for (let index = 0; index < 30; index += 1) setting.add(String(index));
    setting.advance(1999);
    expect(setting.sweeps).toEqual([]);
    setting.schedule.tookPages(2, true);
    setting.schedule.set(setting.add('a'));
    setting.advance(1000);
    expect(setting.sweeps).toHaveLength(1);
  });
});
