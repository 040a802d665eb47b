import { appendFileSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/command.ts';
import { runProgram } from '../support/deploy-tools.ts';
import { makeFolder } from '../support/folder.ts';
import { findProgram } from '../support/program.ts';
import { cloneRepository, git as runGit, GIT } from '../support/repository.ts';

const VERSION = '98.7.6';

/** What the schema has since the last release. */
const NEW_FIELD = '\n  "An example."\n  example: String';

/** A copy of what is committed here, in which the CHANGELOG announces the version. */
async function copy() {
  const folder = join(makeFolder(), 'copy');
  await cloneRepository(folder);
  const git = (...words: readonly string[]) => runGit(folder, ...words);
  await git('config', 'user.name', 'Example');
  await git('config', 'user.email', 'someone@example.com');
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const changelog = join(folder, 'CHANGELOG.md');
  writeFileSync(changelog, readFileSync(changelog, 'utf8').replace(/^## .*$/m, `## ${VERSION} (unreleased)`));
  await git('commit', '--quiet', '--all', '--message', 'docs: announce');
  const release = (...words: string[]) =>
    runProgram(process.execPath, [join(folder, 'tools/release.ts'), ...words], { cwd: folder });
  const text = (path: string) => readFileSync(join(folder, path), 'utf8');
  return { folder, git, release, text };
}

describe.skipIf(GIT.skip)(`a release, tried in a copy that ${GIT.label} makes`, () => {
  it('is one commit and one tag, with the version wherever it stands', async () => {
    const { folder, git, release, text } = await copy();
    const viewer = join(folder, 'schema/viewer.graphql');
    writeFileSync(viewer, readFileSync(viewer, 'utf8').replace('type Viewer {', `type Viewer {${NEW_FIELD}`));
    await git('commit', '--quiet', '--all', '--message', 'feat: add a field');
    const before = await git('rev-parse', 'HEAD');
    const { code, stdout, stderr } = await release(VERSION);
    expect([code, stderr]).toEqual([0, expect.anything()]);
    expect(await git('rev-parse', 'HEAD^')).toBe(before);
    expect(await git('rev-parse', `v${VERSION}^{commit}`)).toBe(await git('rev-parse', 'HEAD'));
    expect(await git('status', '--porcelain')).toBe('');
    expect(JSON.parse(text('package.json'))).toMatchObject({ version: VERSION });
    expect(JSON.parse(text('package-lock.json'))).toMatchObject({ version: VERSION });
    expect(text('CHANGELOG.md')).toMatch(new RegExp(`^## ${VERSION} \\(\\d{4}-\\d\\d-\\d\\d\\)$`, 'm'));
    const chart = text('deploy/helm/package-job-gateway/Chart.yaml');
    expect(chart).toContain(`\nversion: ${VERSION}\n`);
    expect(chart).toContain(`\nappVersion: ${VERSION}\n`);
    const sbom = JSON.parse(text('build/sbom.cdx.json')) as { metadata: { component: { version: string } } };
    expect(sbom.metadata.component.version).toBe(VERSION);
    expect(stdout).toContain(`--tag <registry>/package-job-gateway:${VERSION} `);
    expect(stdout).toContain('--tag <registry>/package-job-gateway:98.7 .');
    // What a release freezes is the schema of this very commit.
    expect(await git('show', `v${VERSION}:schema/released/schema.graphql`)).toContain('example: String');
    expect(await git('log', '--format=%s', '--max-count=1')).toBe(`chore: release ${VERSION}`);
  });

  it('changes nothing when something stands against it, and says what', async () => {
    const { folder, git, release } = await copy();
    const head = await git('rev-parse', 'HEAD');
    for (const [words, problem] of [
      [['next'], '"next" is no version such as 0.2.0'],
      [['98.7.5'], `the first section of CHANGELOG.md is "${VERSION} (unreleased)"`],
    ] as const) {
      const { code, stderr } = await release(...words);
      expect([code, stderr]).toEqual([1, expect.stringContaining(problem)]);
    }
    await git('tag', `v${VERSION}`);
    appendFileSync(join(folder, 'README.md'), 'a change\n');
    const { code, stderr } = await release(VERSION);
    expect(code).toBe(1);
    expect(stderr).toContain(`there is a tag v${VERSION} already`);
    expect(stderr).toContain('the work tree has changes that are not committed');
    expect(await git('rev-parse', 'HEAD')).toBe(head);
  });
});

describe('the signatures of the registry', () => {
  it('are not wrong, where it gives any', { timeout: 240_000 }, async () => {
    const npm = findProgram({ name: 'npm', candidates: ['npm'], install: 'apt-get install --yes npm' });
    // The keys of the log that they are in are elsewhere, where not every machine gets to.
    const words = ['audit', 'signatures', '--fetch-retries=0', '--fetch-timeout=10000'];
    const { stdout, stderr } = await runProgram(npm.path, words);
    const output = `${stdout}\n${stderr}`;
    const summary = output.trim().split('\n').slice(0, 3).join(' ');
    const isProved = /verified registry signature/i.test(output);
    process.stderr.write(
      isProved
        ? `npm audit signatures: ${summary}\n`
        : `NOT PROVED on this machine: the signatures of packages (npm audit signatures: ${summary})\n`,
    );
    expect(output).not.toMatch(/invalid (?:registry )?signature|invalid attestation|tampered/i);
  });
});
