import type { FastifyReply } from 'fastify';
import { prefersPage } from './accept.ts';

/** What the gateway offers to a person beside the API. */
export interface Offers {
  readonly hasIde: boolean;
  readonly isSchemaPublic: boolean;
}

/** The page runs nothing and loads nothing. */
const POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * Answers a person who opens `/graphql` in a browser, which sends none of the headers that a client of the API sends. It is a
 * 400 when the address has an operation, as that is not executed.
 *
 * @returns whether the request was such a person's
 */
export function sendHelpPage(reply: FastifyReply, { hasIde, isSchemaPublic }: Offers): boolean {
  const { raw, url } = reply.request;
  if (raw.method !== 'GET' || !prefersPage(raw.headers)) return false;
  const search = new URLSearchParams(url.split('?').slice(1).join('?'));
  const query = search.get('query');
  const lines = [
    'This is a GraphQL endpoint for apps: they <code>POST</code> an operation to it as JSON, or open a WebSocket.',
    ...(query === null
      ? []
      : ['The operation in the address was not executed, as any web site could link to it.']),
    ...(hasIde ? [`<a href="${ideLink(search)}">Open the IDE</a> to write operations and to run them.`] : []),
    ...(isSchemaPublic ? ['<a href="schema.graphql">The schema</a> has a description of every field.'] : []),
  ];
  void reply
    .code(query === null ? 200 : 400)
    .headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
      'referrer-policy': 'no-referrer',
      vary: 'Accept',
    })
    .send(pageOf(lines));
  return true;
}

/** It is relative, as a proxy can have a prefix before the path. */
function ideLink(search: URLSearchParams): string {
  const shown = ['query', 'variables'].flatMap((name) => {
    const value = search.get(name);
    return value === null ? [] : [[name, value] as [string, string]];
  });
  // `URLSearchParams` encodes all that HTML gives a meaning, but for this one.
  return shown.length === 0 ? './' : `./?${new URLSearchParams(shown).toString().replaceAll('&', '&amp;')}`;
}

function pageOf(lines: readonly string[]): string {
  const paragraphs = lines.map((line) => `<p>${line}</p>`).join('\n');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<title>Package Job Gateway</title>
<h1>Package Job Gateway</h1>
${paragraphs}
</html>
`;
}
