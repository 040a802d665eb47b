import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import GithubSlugger from 'github-slugger';
import type { Nodes, Root } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { toString } from 'mdast-util-to-string';
import { ROOT } from './command.ts';

/** The pages of the repository that people read, such as `docs/operate.md`. */
export const PAGES = globSync(['*.md', '{.github,deploy,docs,schema,web}/**/*.md'], {
  cwd: ROOT,
  exclude: ['**/node_modules', '**/dist'],
}).toSorted();

const TREES = new Map<string, Root>();

/** Reads a page as a tree, once. */
export function readPage(page: string): Root {
  const tree = TREES.get(page) ?? fromMarkdown(readFileSync(join(ROOT, page), 'utf8'));
  TREES.set(page, tree);
  return tree;
}

/** Every node of a page, from its beginning to its end. */
export function nodesOf(node: Nodes): Nodes[] {
  return [node, ...('children' in node ? node.children.flatMap(nodesOf) : [])];
}

/** What a link can name after `#`, as GitHub makes it of headings. */
export function anchorsOf(page: string): Set<string> {
  const slugger = new GithubSlugger();
  return new Set(
    nodesOf(readPage(page)).flatMap((node) =>
      node.type === 'heading' ? [slugger.slug(toString(node))] : [],
    ),
  );
}

/** A block of code. `language` is empty where the page names none. */
export interface CodeBlock {
  readonly language: string;
  readonly text: string;
  /** Where it begins, counted from 1. */
  readonly line: number;
}

/** The blocks of code of a page, those in lists among them. */
export function codeOf(page: string): CodeBlock[] {
  return nodesOf(readPage(page)).flatMap((node) =>
    node.type === 'code'
      ? [{ language: node.lang ?? '', text: node.value, line: node.position?.start.line ?? 0 }]
      : [],
  );
}

/**
 * The commands of a page that begin with this text, for a test that runs them. `test/docs/commands.test.ts` looks for calls of
 * this function: write both arguments as plain texts.
 *
 * @throws {TypeError} when the page has none, or several
 */
export function commandsOf(page: string, start: string): string {
  const [block, ...others] = codeOf(page).filter(
    ({ language, text }) => language === 'sh' && text.startsWith(start),
  );
  if (block === undefined || others.length > 0)
    throw new TypeError(`${page} has ${String(others.length)} more blocks than one that begin with ${start}`);
  return block.text;
}

/** The rows of all tables of a document whose first heading is this one, as cells without the space around them. */
export function rowsOf(markdown: string, heading: string): string[][] {
  const rows: string[][] = [];
  let isWanted = false;
  for (const line of markdown.split('\n')) {
    const cells = cellsOf(line);
    if (cells[0] === heading) isWanted = true;
    else if (cells.length === 0) isWanted = false;
    else if (isWanted && !/^-+$/.test(cells[0] ?? '')) rows.push(cells);
  }
  if (rows.length === 0) throw new TypeError(`there is no table of ${heading}`);
  return rows;
}

function cellsOf(line: string): string[] {
  if (!line.startsWith('|')) return [];
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}
