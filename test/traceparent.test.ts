import { describe, expect, it } from 'vitest';
import { readTraceparent } from '../src/traceparent.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const READ = { traceId: TRACE, parentId: PARENT, isSampled: true };

describe('a traceparent header', () => {
  it.for([
    ['of a trace that is recorded', `00-${TRACE}-${PARENT}-01`, READ],
    ['of one that is not', `00-${TRACE}-${PARENT}-00`, { ...READ, isSampled: false }],
    ['with a flag that is not known', `00-${TRACE}-${PARENT}-03`, READ],
    ['of a later version', `01-${TRACE}-${PARENT}-01`, READ],
    ['of a later version with more members', `cc-${TRACE}-${PARENT}-01-what-comes`, READ],
  ] as const)('%s is read', ([, header, read]) => {
    expect(readTraceparent(header)).toEqual(read);
  });

  it.for([
    ['that is not there', undefined],
    ['that is empty', ''],
    ['of version ff', `ff-${TRACE}-${PARENT}-01`],
    ['with more than its version has', `00-${TRACE}-${PARENT}-01-more`],
    ['with more without a dash', `00-${TRACE}-${PARENT}-01x`],
    ['in upper case', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
    ['without a trace', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['without a span', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['that is too short', `00-${TRACE.slice(1)}-${PARENT}-01`],
    ['that was sent twice', `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`],
  ] as const)('%s is none', ([, header]) => {
    expect(readTraceparent(header)).toBeUndefined();
  });
});
