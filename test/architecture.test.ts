import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './support/command.ts';
import { rowsOf } from './support/markdown.ts';

const ROWS = rowsOf(readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8'), 'folder');
const foldersIn = (cell = '') => [...cell.matchAll(/`(src[\w/-]*)`/g)].map(([, folder = '']) => folder);
const MAP = new Map(ROWS.map(([folder = '', , imports]) => [foldersIn(folder)[0] ?? '', foldersIn(imports)]));

const FILES = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join('src', name));

/** The folders that a file imports from, its own left out. Imports of types count. */
function importedFolders(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const specifiers = [...text.matchAll(/(?:from |import\()\s*'(\.[^']+)'/g)].map(([, path = '']) => path);
  const folders = specifiers.map((path) => dirname(normalize(join(dirname(file), path))));
  return [...new Set(folders)].filter((folder) => folder !== dirname(file));
}

describe('the map of rooms', () => {
  it('has a row for each folder, and no other', () => {
    expect([...MAP.keys()].toSorted()).toEqual([...new Set(FILES.map(dirname))].toSorted());
  });

  it.for([...new Set(FILES.map(dirname))])(
    'says what %s may import, and nothing that it does not',
    (folder) => {
      const files = FILES.filter((file) => dirname(file) === folder);
      const imported = [...new Set(files.flatMap(importedFolders))].toSorted();
      expect(imported).toEqual(MAP.get(folder)?.toSorted());
    },
  );
});
