import type { Locator } from 'playwright-core';
import { startIssuer, type Issuer } from '../../support/issuer.ts';
import { it as boardIt } from './board.ts';

/** `it` whose gateway asks for tokens. Each shows the jobs of its owner, which their `userData` names. */
export const it = boardIt.extend<{ issuer: Issuer; env: Readonly<Record<string, string>> }>({
  // eslint-disable-next-line no-empty-pattern -- vitest reads the pattern to know what a fixture needs
  issuer: async ({}, use) => {
    const issuer = await startIssuer();
    await use(issuer);
    await issuer.close();
  },
  env: ({ issuer }, use) =>
    use({ ...issuer.env, OWNER_CLAIM: 'sub', OWNER_FIELD: 'owner', JWT_CLOCK_SKEW_S: '0' }),
});

/** The `userData` of a job of this owner. */
export const ofOwner = (owner: string) => ({ userData: JSON.stringify({ owner }) });

/** A token of Alice that differs in these claims. */
export const tokenOf = (issuer: Issuer, claims: Readonly<Record<string, unknown>> = {}) =>
  issuer.token({ claims: { sub: 'alice', ...claims } });

/** A token of Alice that ends within seconds. A page may show something with it, and has to say when it has ended. */
export const shortToken = (issuer: Issuer) => tokenOf(issuer, { exp: Math.floor(Date.now() / 1000) + 3 });

/** Fills a token in, and sends it. */
export async function give(form: Locator, token: string): Promise<void> {
  await form.getByLabel('Token').fill(token);
  await form.getByRole('button', { name: 'Continue' }).click();
}
