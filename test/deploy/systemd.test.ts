import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { findProgram } from '../support/program.ts';
import { checkFile } from './replicas.ts';
import { read } from './support.ts';

const SYSTEMD = findProgram({
  name: 'systemd-analyze',
  candidates: ['systemd-analyze'],
  install: 'apt-get install --yes systemd',
});

const UNIT = read('deploy/systemd/package-job-gateway.service');

/** The unit with paths of this machine in place of those of the one that it is for. */
const unit = () =>
  `${makeFolder({
    'package-job-gateway.service': UNIT.replaceAll('/opt/package-job-gateway/', ROOT)
      .replace('/opt/package-job-gateway', ROOT)
      .replace(`${ROOT}node_modules/.bin/node`, process.execPath),
  })}/package-job-gateway.service`;

describe.skipIf(SYSTEMD.skip)(`the unit, read by ${SYSTEMD.label}`, () => {
  it('has no mistakes', async () => {
    expect(await checkFile(SYSTEMD.path, ['verify', '--man=no', unit()])).toEqual([0, '']);
  });

  it('gives the process little to do harm with', async () => {
    const [code, output] = await checkFile(SYSTEMD.path, [
      'security',
      '--offline=yes',
      '--threshold=20',
      unit(),
    ]);
    const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(output) ?? [];
    expect([code, Number(exposure) <= 2]).toEqual([0, true]);
  });

  it('leaves time to stop', () => {
    const [, seconds] = /^TimeoutStopSec=(\d+)$/m.exec(UNIT) ?? [];
    // REQUEST_TIMEOUT_MS and ICE_TIMEOUT_MS by default, and what src/main.ts adds.
    expect(Number(seconds)).toBeGreaterThan((10_000 + 5000 + 5000) / 1000);
  });
});
