import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../src/server/errors/catalogue.ts';
import { ROOT } from '../support/command.ts';
import { codeOf, nodesOf, PAGES, readPage, rowsOf } from '../support/markdown.ts';

/** Pages that speak of today. The CHANGELOG speaks of what was, too. */
const TODAY = PAGES.filter((page) => page !== 'CHANGELOG.md');

const SCRIPTS = (
  JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
).scripts;

/** What is made on the machine that it is needed on. */
const MADE = /^(?:test\/artifacts\/|deploy\/compose\/gateway\.env$|web\/dist)/;

const PATH = /(?<![\w./<-])(?:deploy|docs|schema|src|test|tools|web)\/[\w./-]*\w/g;

/** Paths of this repository in inline code and in blocks of code. */
const pathsOf = (page: string) =>
  nodesOf(readPage(page)).flatMap((node) =>
    node.type === 'inlineCode' || node.type === 'code' ? (node.value.match(PATH) ?? []) : [],
  );

/** Code for apps, with the paths of apps. */
const isGuide = (page: string) => page.startsWith('docs/clients/');

describe('the files that pages name', () => {
  it.for(TODAY.filter((page) => !isGuide(page)))('in %s exist', (page) => {
    const missing = pathsOf(page).filter((path) => !MADE.test(path) && !existsSync(join(ROOT, path)));
    expect(missing).toEqual([]);
  });

  it('are those that a new field touches', () => {
    const page = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
    const files = rowsOf(page, 'file').map(([cell = '']) => /`(.+)`/.exec(cell)?.[1] ?? cell);
    expect(files.length).toBeGreaterThan(8);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });
});

describe('the scripts that pages name', () => {
  it.for(TODAY)('in %s exist', (page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const names = [...text.matchAll(/npm run (?:--silent )?([a-z][\w:]*)/g)].map(([, name = '']) => name);
    expect(names.filter((name) => !(name in SCRIPTS))).toEqual([]);
  });
});

describe('the drawing of a request’s way', () => {
  const [drawing = ''] = codeOf('docs/architecture.md').flatMap(({ language, text }) =>
    language === 'mermaid' ? [text] : [],
  );

  it('has an exit for each code of the catalogue', () => {
    const codes =
      drawing.match(/\b[A-Z]+(?:_[A-Z]+)+\b|\bOVERLOADED\b|\bFORBIDDEN\b|\bUNAUTHENTICATED\b/g) ?? [];
    expect([...new Set(codes)].filter((code) => code !== 'REDIS_URL').toSorted()).toEqual(
      Object.keys(ERRORS).toSorted(),
    );
  });
});
