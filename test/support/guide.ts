import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './command.ts';
import { makeFolder } from './folder.ts';

/** The code blocks of a language in a guide of `docs/clients`, in their order. */
export function codeBlocks(guide: string, language: string): string[] {
  const text = readFileSync(`${ROOT}docs/clients/${guide}.md`, 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(
    ([, code = '']) => code,
  );
}

/** Writes the TypeScript of a guide as files, each named by its first line, beside this project's packages. */
export function writeSources(guide: string, more: Readonly<Record<string, string>> = {}): string {
  const blocks = ['ts', 'tsx'].flatMap((language) => codeBlocks(guide, language));
  const sources = blocks.map((code) => [/^\/\/ (.*)\n/.exec(code)?.[1] ?? 'unnamed.ts', code]);
  const folder = makeFolder({ ...(Object.fromEntries(sources) as Record<string, string>), ...more });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Loads a file that `writeSources` wrote. */
export function load(folder: string, file: string): Promise<Record<string, unknown>> {
  return import(/* @vite-ignore */ join(folder, file)) as Promise<Record<string, unknown>>;
}
