import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/command.ts';
import { anchorsOf, nodesOf, PAGES, readPage } from '../support/markdown.ts';

/** What is wrong with an address that a page has, or `undefined`. */
function problemOf(page: string, url: string): string | undefined {
  if (/^https:\/\/[^/]+\.[^/]+/.test(url) || /^http:\/\/(?:127\.0\.0\.1|localhost)[:/]/.test(url))
    return undefined;
  if (/^\w+:/.test(url)) return 'is not https';
  const [path = '', anchor] = url.split('#');
  const target = path === '' ? page : normalize(join(dirname(page), decodeURI(path)));
  if (target.startsWith('..') || path.startsWith('/')) return 'leaves the repository';
  if (!existsSync(join(ROOT, target))) return 'does not exist';
  if (anchor === undefined) return undefined;
  if (!target.endsWith('.md')) return 'has an anchor, and is no page';
  return anchorsOf(target).has(anchor) ? undefined : 'has no such heading';
}

function addressesOf(page: string): string[] {
  return nodesOf(readPage(page)).flatMap((node) => {
    if (node.type === 'html')
      return [...node.value.matchAll(/(?:href|src|srcset)="([^"]*)"/g)].flatMap(([, url]) => url ?? []);
    return node.type === 'link' || node.type === 'image' || node.type === 'definition' ? [node.url] : [];
  });
}

/** The files that the links of a page lead to. */
const filesOf = (page: string) =>
  addressesOf(page).map((url) => normalize(join(dirname(page), url.split('#')[0] ?? '')));

const found = (page: string) =>
  addressesOf(page).flatMap((url) => {
    const problem = problemOf(page, url);
    return problem === undefined ? [] : [`${url} ${problem}`];
  });

describe('the links', () => {
  it.for(PAGES)('of %s lead somewhere', (page) => {
    expect(found(page)).toEqual([]);
  });

  it.for([
    ['nothing.md', 'does not exist'],
    ['operate.md#nothing', 'has no such heading'],
    ['#nothing', 'has no such heading'],
    ['../deploy/Dockerfile#stages', 'has an anchor, and is no page'],
    ['../../elsewhere.md', 'leaves the repository'],
    ['http://example.com/', 'is not https'],
    ['operate.md#tls-and-proxies', undefined],
  ])('would not pass as %s', ([url, problem]) => {
    expect(problemOf('docs/README.md', url ?? '')).toBe(problem);
  });
});

describe('the pictures', () => {
  it('are all on a page', () => {
    const shown = new Set(PAGES.flatMap(filesOf));
    const pictures = globSync('docs/images/*', { cwd: ROOT });
    expect(pictures.filter((picture) => !shown.has(picture))).toEqual([]);
  });
});

describe('the index', () => {
  it.for(['docs', 'docs/clients'])('of %s has each page of its folder', (folder) => {
    const linked = filesOf(`${folder}/README.md`);
    const pages = PAGES.filter((page) => dirname(page) === folder && !page.endsWith('README.md'));
    expect(linked).toEqual(expect.arrayContaining(pages));
  });

  it('has each page that the README sends a reader to', () => {
    const sent = filesOf('README.md').filter(
      (file) => /^docs\/[\w-]+\.md$/.test(file) && file !== 'docs/README.md',
    );
    expect(filesOf('docs/README.md')).toEqual(expect.arrayContaining(sent));
  });
});

/** Files that name pages in messages, labels and comments. */
const SOURCES = globSync(['*.{json,ts}', '{.ci,deploy,schema,src,test,tools,web}/**/*'], {
  cwd: ROOT,
  exclude: ['**/node_modules', '**/dist', '**/artifacts', 'package-lock.json', 'test/docs'],
  withFileTypes: true,
})
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length));

describe('the pages that code names', () => {
  it('are there, with their headings', () => {
    const wrong = SOURCES.flatMap((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      const named =
        text.match(/(?<![\w/.-])(?:docs\/[\w/-]+|README|CONTRIBUTING|SECURITY)\.md(?:#[\w-]+)?/g) ?? [];
      return named.flatMap((url) => {
        const problem = problemOf('README.md', url);
        return problem === undefined ? [] : [`${file}: ${url} ${problem}`];
      });
    });
    expect(wrong).toEqual([]);
  });
});
