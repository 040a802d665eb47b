import { print } from 'graphql';
import { GRAPHQL_URL, ROOT } from '../root.ts';
import { Copy } from './copy.tsx';
import { JobDocument } from './gql/graphql.ts';
import { useHasToken } from './token.ts';

/** The query for this job, to copy or to open in the IDE. */
export function JobQuery({ id }: { readonly id: string }) {
  const query = print(JobDocument);
  const variables = JSON.stringify({ id });
  const hasToken = useHasToken();
  return (
    <section aria-labelledby="query">
      <h3 id="query">Ask for it yourself</h3>
      <p className="buttons">
        <Copy text={query}>Copy query</Copy>
        <Copy text={curl(query, { id }, hasToken)}>Copy as curl</Copy>
        <a href={`${ROOT}?${new URLSearchParams({ query, variables })}`}>Open in the IDE</a>
      </p>
      <details>
        <summary>Show the query</summary>
        <pre>{query}</pre>
      </details>
    </section>
  );
}

/** A command for a POSIX shell. A token does not stand in it. */
function curl(query: string, variables: Readonly<Record<string, string>>, hasToken: boolean): string {
  const body = JSON.stringify({ query: query.replaceAll(/\s+/g, ' ').trim(), variables });
  const header = hasToken ? ' -H "Authorization: Bearer $TOKEN"' : '';
  return `curl ${GRAPHQL_URL}${header} --json '${body.replaceAll("'", String.raw`'\''`)}'`;
}
