import { spawn } from 'node:child_process';
import { findProgram } from './program.ts';

const install = 'apt-get install prometheus';

export const PROMTOOL = findProgram({ name: 'promtool', candidates: ['promtool'], install });
export const PROMETHEUS = findProgram({ name: 'Prometheus', candidates: ['prometheus'], install });

/** Runs promtool to its end. @returns its exit code, and all that it wrote */
export async function promtool(
  args: readonly string[],
  input = '',
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(PROMTOOL.path, args, { stdio: 'pipe' });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => void child.once('close', resolve));
  return { code, output };
}
