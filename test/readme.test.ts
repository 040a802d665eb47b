import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { LIMITS } from '../src/server/graphql/limits.ts';
import { it } from './support/it.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

/** The contents of the first code blocks of a language. */
function blocks(language: string): string[] {
  return [...README.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(
    ([, text = '']) => text,
  );
}

describe('README', () => {
  it('shows a query with its real answer', async ({ gateway }) => {
    const [query = ''] = blocks('graphql');
    const [variables, answer] = blocks('json').map((text) => JSON.parse(text) as Record<string, unknown>);
    const { data, errors } = await gateway.query(query, variables);
    expect({ data, errors }).toEqual({ ...answer, errors: undefined });
  });

  it('shows a curl command that works', async ({ gateway }) => {
    const body = /--json '(.*)'/.exec(README)?.[1] ?? '';
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(await response.json()).toMatchObject({ data: { packageJobs: { nodes: [{}, {}, {}] } } });
  });

  it('shows the set-up of the job board as it is', () => {
    const source = readFileSync(new URL('../web/board/client.ts', import.meta.url), 'utf8');
    expect(blocks('ts')).toContain(source);
  });

  it('names every limit', () => {
    const text = README.replaceAll(/\s+/g, ' ').replaceAll(/(\d),(\d)/g, '$1$2');
    for (const limit of Object.values(LIMITS)) expect(text).toContain(String(limit));
  });
});
