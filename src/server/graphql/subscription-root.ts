import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  type DirectiveNode,
  type DocumentNode,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsOf } from './merges.ts';

/**
 * The error for `@skip` or `@include` at the root of a subscription. The GraphQL specification forbids them, as a subscription
 * has one field whatever its variables are. graphql-js throws where a variable is used there.
 *
 * @see https://spec.graphql.org/September2025/#sec-Single-Root-Field
 */
export function checkSubscriptionRoots(document: DocumentNode): GraphQLError | undefined {
  const fragments = fragmentsOf(document.definitions);
  const seen = new Set<string>();

  function conditionIn({ selections }: SelectionSetNode): DirectiveNode | undefined {
    for (const selection of selections) {
      const own = selection.directives?.find(({ name }) => CONDITIONS.has(name.value));
      if (own !== undefined) return own;
      let inner: SelectionSetNode | undefined;
      if (selection.kind === Kind.INLINE_FRAGMENT) inner = selection.selectionSet;
      if (selection.kind === Kind.FRAGMENT_SPREAD && !seen.has(selection.name.value)) {
        seen.add(selection.name.value);
        inner = fragments.get(selection.name.value)?.selectionSet;
      }
      const found = inner && conditionIn(inner);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    if (definition.operation !== OperationTypeNode.SUBSCRIPTION) continue;
    const condition = conditionIn(definition.selectionSet);
    if (condition !== undefined) return forbidden(condition);
  }
  return undefined;
}

const CONDITIONS: ReadonlySet<string> = new Set(['skip', 'include']);

function forbidden(condition: DirectiveNode): GraphQLError {
  const message = `\`@${condition.name.value}\` may not stand at the root of a subscription; leave out the operation instead`;
  return new GraphQLError(message, {
    nodes: [condition],
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED', http: { status: 400 } },
  });
}
