import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { ROOT } from '../support/command.ts';
import { HELM, parseYaml, runProgram, TOOLS_MODULES } from '../support/deploy-tools.ts';
import { PROMTOOL, promtool } from '../support/promtool.ts';
import { makeFolder } from '../support/folder.ts';
import { read } from './support.ts';

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly profiles?: readonly string[];
  readonly build?: { readonly context: string; readonly dockerfile: string };
}

const FOLDER = join(ROOT, 'deploy/compose');
const FILE = join(FOLDER, 'compose.yaml');

/** Checks a compose file by the specification's schema, and by dclint's own rules. A name for what is built is meant. */
const lint = (file: string) =>
  runProgram(process.execPath, [
    join(TOOLS_MODULES, 'dclint/bin/dclint.cjs'),
    file,
    '--quiet',
    '--disable-rule',
    'no-build-and-image',
  ]);

function services(): Record<string, Service> {
  const [file] = parseYaml(read('deploy/compose/compose.yaml'));
  return (file as { services: Record<string, Service> }).services;
}

describe.skipIf(HELM.skip)(`compose.yaml, read by what ${HELM.label} came with`, () => {
  it('fits the schema of compose files', async () => {
    const { code, stdout, stderr } = await lint(FILE);
    expect([code, (stdout + stderr).trim()]).toEqual([0, '']);
    const wrong = makeFolder({
      'compose.yaml': read('deploy/compose/compose.yaml').replace('restart:', 'restrat:'),
    });
    const refused = await lint(join(wrong, 'compose.yaml'));
    expect(refused.code).not.toBe(0);
    expect(refused.stdout + refused.stderr).toContain('services/gateway');
  });

  it('gives the gateway variables that it accepts', () => {
    const { environment } = services()['gateway'] ?? {};
    const config = readConfig({ NODE_ENV: 'production', HOST: '0.0.0.0', ...environment });
    expect(config).toMatchObject({ upstream: { kind: 'emulator' }, ide: true, port: 4000 });
  });

  it('mounts files that there are, and opens ports on this machine alone', () => {
    for (const { volumes = [], ports = [] } of Object.values(services())) {
      const files = volumes
        .filter((volume) => volume.startsWith('.'))
        .map((volume) => volume.split(':', 1)[0] ?? '');
      expect(files.filter((file) => !existsSync(join(FOLDER, file)))).toEqual([]);
      expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    }
    const { context = '', dockerfile = '' } = services()['gateway']?.build ?? {};
    expect(existsSync(join(FOLDER, context, dockerfile))).toBe(true);
  });

  it('names each image by a version, and has the gateway share by Redis', () => {
    const { gateway, redis, ...others } = services();
    expect(gateway?.image).toBe('package-job-gateway:compose');
    expect(gateway?.environment?.['REDIS_URL']).toBe('redis://redis:6379');
    expect(redis?.profiles).toBeUndefined();
    for (const { image } of [...Object.values(others), ...(redis ? [redis] : [])])
      expect(image).toMatch(/^docker\.io\/[\w/-]+:v?\d+\.\d+\.\d+[\w.-]*$/);
  });

  it.skipIf(PROMTOOL.skip)(`has a configuration that ${PROMTOOL.label} accepts`, async () => {
    const folder = makeFolder({
      'prometheus.yml': read('deploy/compose/prometheus.yml'),
      'alerts.yml': read('deploy/prometheus/alerts.yml'),
    });
    const { code, output } = await promtool(['check', 'config', join(folder, 'prometheus.yml')]);
    expect([code, output]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });
});
