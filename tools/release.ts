// Makes a release of a version that the CHANGELOG announces: one commit and one tag, here alone. Nothing is sent anywhere.
// npm run release -- 0.2.0
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../', import.meta.url);
const CHART = 'deploy/helm/package-job-gateway/Chart.yaml';

/** Runs a program in the repository. @returns what it wrote @throws {Error} when it fails */
function run(command: string, ...words: readonly string[]): string {
  return execFileSync(command, words, {
    cwd: fileURLToPath(ROOT),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
}

const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');
const write = (path: string, text: string) => writeFileSync(new URL(path, ROOT), text);

/** Replaces what must be there once. */
function replace(path: string, pattern: RegExp, replacement: string): void {
  const text = read(path);
  if (!pattern.test(text)) throw new Error(`${path} has no ${String(pattern)}`);
  write(path, text.replace(pattern, replacement));
}

/** What stands against a release of this version, a line each. */
function problemsOf(version: string): string[] {
  const problems: string[] = [];
  if (!/^\d+\.\d+\.\d+$/.test(version)) return [`"${version}" is no version such as 0.2.0`];
  if (run('git', 'status', '--porcelain') !== '')
    problems.push('the work tree has changes that are not committed');
  if (run('git', 'tag', '--list', `v${version}`) !== '') problems.push(`there is a tag v${version} already`);
  const [, heading = 'nothing'] = /^## (.*)$/m.exec(read('CHANGELOG.md')) ?? [];
  if (heading !== `${version} (unreleased)`)
    problems.push(`the first section of CHANGELOG.md is "${heading}", not "${version} (unreleased)"`);
  return problems;
}

/** Writes the version, and what a release freezes. */
function prepare(version: string): void {
  // What breaks clients of the last release is refused, unless the CHANGELOG says so. Nothing is written yet.
  run(process.execPath, 'schema/tools/check.ts');
  const today = new Date().toISOString().slice(0, 10);
  run('npm', 'version', version, '--no-git-tag-version', '--allow-same-version', '--ignore-scripts');
  replace('CHANGELOG.md', /^## .* \(unreleased\)$/m, `## ${version} (${today})`);
  replace(CHART, /^version: .*$/m, `version: ${version}`);
  replace(CHART, /^appVersion: .*$/m, `appVersion: ${version}`);
  run(process.execPath, 'tools/chart.ts');
  run(process.execPath, 'schema/tools/write.ts', '--release');
}

const [version = ''] = process.argv.slice(2);
const problems = problemsOf(version);
if (problems.length > 0) {
  console.error(`No release:\n  ${problems.join('\n  ')}`);
  process.exit(1);
}
prepare(version);
run(process.execPath, 'tools/sbom.ts', 'build/sbom.cdx.json');
run('git', 'commit', '--quiet', '--all', '--message', `chore: release ${version}`);
run('git', 'tag', '--annotate', `v${version}`, '--message', `Version ${version}`);
const [major = '', minor = ''] = version.split('.');
const revision = run('git', 'rev-parse', 'HEAD').trim();
console.log(`
Released ${version} here, as the commit and the tag v${version}. What is left to do:

  git push origin main v${version}
  docker build --file deploy/Dockerfile --build-arg VERSION=${version} --build-arg REVISION=${revision} \\
    --build-arg CREATED=${new Date().toISOString()} \\
    --tag <registry>/package-job-gateway:${version} --tag <registry>/package-job-gateway:${major}.${minor} .
  helm package deploy/helm/package-job-gateway

The list of what is in it is build/sbom.cdx.json. Pin the runtime image by digest: see deploy/Dockerfile.
`);
