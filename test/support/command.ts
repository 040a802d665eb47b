import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The repository's folder, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What a program that ended has left. */
export interface Ended {
  readonly code: number;
  /** Both streams. */
  readonly output: string;
}

/** Runs a file with this Node.js, such as `schema/tools/write.ts` or a program of `node_modules`, to its end. */
export function runFile(file: string, args: readonly string[] = [], cwd = ROOT): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [`${ROOT}${file}`, ...args], { cwd }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? 1, output: stdout + stderr }),
    );
  });
}
