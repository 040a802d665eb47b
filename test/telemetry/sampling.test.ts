import { expect, it } from 'vitest';
import { startRecorder, type SamplerName } from '../../src/telemetry/tracing-sdk.ts';

const ROOTS = 2000;
/** By its id it is among the half of traces that a ratio of 0.5 takes. */
const LOW = '00000000000000000000000000000001';
const HIGH = 'f0000000000000000000000000000001';

function samplerOf(sampler: SamplerName, ratio: number) {
  const config = { exporter: 'console', url: undefined, serviceName: 'test', sampler, ratio } as const;
  const { isRecorded } = startRecorder(config, '0', () => undefined);
  const below = (traceId: string, isSampled: boolean) =>
    isRecorded({ traceId, parentId: 'b7ad6b7169203331', isSampled });
  return {
    below: [below(LOW, true), below(LOW, false), below(HIGH, true), below(HIGH, false)],
    roots: Array.from({ length: ROOTS }, () => isRecorded(undefined)).filter(Boolean).length / ROOTS,
  };
}

const ALL = [true, true, true, true];
const NONE = [false, false, false, false];
const AS_CLIENTS_SAY = [true, false, true, false];

it.each([
  { sampler: 'always_on', below: ALL, roots: 1 },
  { sampler: 'always_off', below: NONE, roots: 0 },
  { sampler: 'parentbased_always_on', below: AS_CLIENTS_SAY, roots: 1 },
  { sampler: 'parentbased_always_off', below: AS_CLIENTS_SAY, roots: 0 },
] as const)('$sampler takes the traces that its name says', ({ sampler, below, roots }) => {
  expect(samplerOf(sampler, 0.5)).toEqual({ below, roots });
});

it.each([
  { sampler: 'traceidratio', below: [true, true, false, false] },
  { sampler: 'parentbased_traceidratio', below: AS_CLIENTS_SAY },
] as const)('$sampler takes a share of the traces that begin here', ({ sampler, below }) => {
  const half = samplerOf(sampler, 0.5);
  expect(half.below).toEqual(below);
  // Eight times the standard deviation.
  expect(Math.abs(half.roots - 0.5)).toBeLessThan(8 * Math.sqrt(0.25 / ROOTS));
  expect([samplerOf(sampler, 0).roots, samplerOf(sampler, 1).roots]).toEqual([0, 1]);
});
