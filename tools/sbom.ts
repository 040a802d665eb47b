// Writes what is shipped as a CycloneDX bill of materials: node tools/sbom.ts <file> [--omit=optional]
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface Component {
  readonly 'bom-ref': string;
  readonly scope?: string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

interface Bom {
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const [file = '', omit = ''] = process.argv.slice(2);
if (file === '') throw new Error('say which file to write');

// All packages are asked for, as `npm sbom --omit=dev` leaves out those that tools need as well, such as graphql.
const words = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];
const options = {
  cwd: fileURLToPath(new URL('../', import.meta.url)),
  encoding: 'utf8',
  maxBuffer: 2 ** 26,
} as const;
// oxlint-disable-next-line no-unsafe-type-assertion -- npm writes it
const bom = JSON.parse(execFileSync('npm', words, options)) as Bom;

const isShipped = ({ scope, properties = [] }: Component) =>
  !properties.some(({ name }) => name === 'cdx:npm:package:development') &&
  (omit !== '--omit=optional' || scope !== 'optional');
const components = bom.components.filter(isShipped);
const left = new Set(
  bom.components.filter((component) => !isShipped(component)).map((component) => component['bom-ref']),
);
const dependencies = bom.dependencies
  .filter(({ ref }) => !left.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => !left.has(other)) }));
writeFileSync(file, `${JSON.stringify({ ...bom, components, dependencies }, null, 2)}\n`);
