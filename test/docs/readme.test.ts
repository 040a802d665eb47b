import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { LIMITS } from '../../src/server/graphql/limits.ts';
import { ROOT } from '../support/command.ts';
import { it } from '../support/it.ts';
import { codeOf, commandsOf } from '../support/markdown.ts';
import { findProgram } from '../support/program.ts';

const CURL = findProgram({ name: 'curl', candidates: ['curl'], install: 'apt-get install --yes curl' });

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** The blocks of a language in a page. */
const blocks = (page: string, language: string) =>
  codeOf(page).flatMap((block) => (block.language === language ? [block.text] : []));

describe('the README', () => {
  it('shows a query with its real answer', async ({ gateway }) => {
    const [query = ''] = blocks('README.md', 'graphql');
    const [variables, answer] = blocks('README.md', 'json').map(
      (text) => JSON.parse(text) as Record<string, unknown>,
    );
    const { data, errors } = await gateway.query(query, variables);
    expect({ data, errors }).toEqual({ ...answer, errors: undefined });
  });

  it.skipIf(CURL.skip)('shows a curl command that works', async ({ gateway }) => {
    const command = commandsOf('README.md', 'curl').replace('http://127.0.0.1:4000', gateway.url);
    const output = await new Promise<string>((resolve, reject) => {
      execFile('sh', ['-c', command], (error, stdout) => (error ? reject(error) : resolve(stdout)));
    });
    expect(JSON.parse(output)).toMatchObject({ data: { packageJobs: { nodes: [{}, {}, {}] } } });
  });

  it('is a page that is read in some minutes', () => {
    expect(read('README.md').split(/\s+/).length).toBeLessThan(1000);
  });
});

describe('the page on HTTP', () => {
  it('has code that works as it stands', async ({ gateway }) => {
    const [code = ''] = blocks('docs/http.md', 'ts');
    const module = `${code.replace('http://127.0.0.1:4000', gateway.url)}\nexport { data, errors };`;
    expect({
      ...((await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(module)}`)) as object),
    }).toEqual({
      data: { packageJob: { status: 'INIT', pollAfterMs: expect.any(Number) as number } },
      errors: undefined,
    });
  });
});

describe('the page on the job board', () => {
  it('shows its set-up as it is', () => {
    expect(blocks('docs/pages.md', 'ts').map((text) => `${text}\n`)).toContain(read('web/board/client.ts'));
  });
});

describe('the page on bounds', () => {
  it('names every limit of an operation', () => {
    const text = read('docs/bounds.md')
      .replaceAll(/\s+/g, ' ')
      .replaceAll(/(\d),(\d)/g, '$1$2');
    const [, section = ''] = /## One operation(.*?) ## /.exec(text) ?? [];
    for (const limit of Object.values(LIMITS)) expect(section).toMatch(new RegExp(`\\b${String(limit)}\\b`));
  });
});
