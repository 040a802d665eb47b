import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './command.ts';
import { runProgram } from './deploy-tools.ts';
import { findProgram } from './program.ts';

export const GIT = findProgram({ name: 'git', candidates: ['git'], install: 'apt-get install --yes git' });

/** Runs git in a folder. @throws {Error} with what it wrote, when it fails */
export async function git(folder: string, ...words: readonly string[]): Promise<string> {
  const author = ['-c', 'user.name=Example', '-c', 'user.email=someone@example.com'];
  const { code, stdout, stderr } = await runProgram(GIT.path, ['-C', folder, ...author, ...words]);
  if (code !== 0) throw new Error(`git ${words.join(' ')}: ${stderr}`);
  return stdout.trim();
}

/** What is made here, and not committed. */
const MADE = new Set(
  ['.git', 'build', 'node_modules', 'test/artifacts', 'web/dist'].map((path) => join(ROOT, path)),
);

/**
 * Makes a copy of what is committed here, as a clone. A machine may have these files without their history, or as another user's,
 * whom git does not trust. Then it is a copy of the files, with a history of one commit.
 */
export async function cloneRepository(folder: string): Promise<void> {
  const cloned = await runProgram(GIT.path, ['clone', '--quiet', '--no-local', ROOT, folder]);
  if (cloned.code === 0) return;
  cpSync(ROOT, folder, {
    recursive: true,
    filter: (source) => !MADE.has(source.replace(/\/$/, '')) && !source.endsWith('/node_modules'),
  });
  await git(folder, 'init', '--quiet');
  await git(folder, 'add', '--all');
  await git(folder, 'commit', '--quiet', '--message', 'chore: copy');
}
