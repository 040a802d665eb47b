import { serverAudits } from 'graphql-http';
import { describe, expect } from 'vitest';
import { it } from '../support/it.ts';

/** Cross-site request forgery prevention asks clients that send no JSON for a header of their own. */
const fetchWithHeader: typeof fetch = (input, init) =>
  fetch(input, {
    ...init,
    headers: { ...Object.fromEntries(new Headers(init?.headers)), 'apollo-require-preflight': '1' },
  });

const audits = serverAudits({ url: 'http://127.0.0.1/graphql' });

describe('GraphQL over HTTP', () => {
  it('is audited by all 61 rules', () => {
    expect(audits).toHaveLength(61);
  });

  it.for(audits.map(({ id, name }) => ({ id, name })))('$id $name', async ({ id }, { gateway }) => {
    const audit = serverAudits({ url: `${gateway.url}/graphql`, fetchFn: fetchWithHeader }).find(
      (each) => each.id === id,
    );
    const result = await audit?.fn();
    expect(result).toMatchObject({ status: 'ok' });
  });
});
