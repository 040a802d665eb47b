import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from './command.ts';
import { makeFolder } from './folder.ts';

/** The code blocks of a language in a guide of `docs/clients`, in their order. */
export function codeBlocks(guide: string, language: string): string[] {
  const text = readFileSync(`${ROOT}docs/clients/${guide}.md`, 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(
    ([, code = '']) => code,
  );
}

/**
 * Writes the TypeScript of a guide as files, each named by its first line, beside this project's packages. The files
 * import each other without extensions, as bundlers want it.
 */
export function writeSources(
  guide: string,
  more: Readonly<Record<string, string>> = {},
  onDone?: (remove: () => void) => void,
): string {
  const blocks = ['ts', 'tsx'].flatMap((language) => codeBlocks(guide, language));
  const sources = blocks.map((code) => [/^\/\/ (.*)\n/.exec(code)?.[1] ?? 'unnamed.ts', code]);
  const files = { ...(Object.fromEntries(sources) as Record<string, string>), ...more };
  const folder = makeFolder(files, onDone);
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Loads a file that `writeSources` wrote. */
export function load(folder: string, file: string): Promise<Record<string, unknown>> {
  resolveImports(join(folder, file));
  return import(/* @vite-ignore */ join(folder, file)) as Promise<Record<string, unknown>>;
}

/** Gives the imports of a guide's other files the extensions that Node.js wants. */
function resolveImports(path: string): void {
  const text = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    text.replaceAll(/ from '(\.\/[\w-]+)'/g, (_text, name: string) => {
      const file = [`${name}.ts`, `${name}.tsx`].find((file) => existsSync(join(dirname(path), file)));
      return ` from '${file ?? name}'`;
    }),
  );
}
