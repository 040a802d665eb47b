import { Kind, visit, type DocumentNode, type GraphQLSchema } from 'graphql';
import { compileQuery, isCompiledQuery, type CompiledQuery } from 'graphql-jit';

/** An operation as a function. */
export type CompiledOperation = CompiledQuery['query'];

/** Most fields, with those of fragments counted wherever these are spread, of an operation that is compiled. */
const MAX_FIELDS = 500;

/**
 * Makes a query a function by graphql-jit, or gives `undefined` where that is no gain or not certain to give what
 * graphql-js gives.
 */
export function compileOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
): CompiledOperation | undefined {
  if (!isAlike(document) || countFields(document) > MAX_FIELDS) return undefined;
  // Stacks are those of the errors that resolvers throw.
  const compiled = compileQuery(schema, document, operationName, { disablingCapturingStackErrors: true });
  return isCompiledQuery(compiled) ? compiled.query : undefined;
}

/** Whether graphql-jit 0.8 does with it what graphql-js does, as far as the document tells. */
function isAlike(document: DocumentNode): boolean {
  let found = true;
  visit(document, {
    // It would be compiled with all fields, each of which may come and go.
    Directive: () => {
      found = false;
    },
    // Resolvers would get the text of a scalar, not its value.
    VariableDefinition: ({ defaultValue }) => {
      if (defaultValue !== undefined) found = false;
    },
    // Such a key would be assigned, which sets a prototype.
    Field: ({ alias }) => {
      if (alias?.value === '__proto__') found = false;
    },
  });
  return found;
}

/** The fields of all operations and fragments of a valid document; what a spread brings counts each time. */
function countFields({ definitions }: DocumentNode): number {
  const counted = new Map<string, number>();
  const count = (node: DocumentNode['definitions'][number]): number => {
    let fields = 0;
    visit(node, {
      Field: () => {
        fields += 1;
      },
      FragmentSpread: ({ name }) => {
        fields += countFragment(name.value);
      },
    });
    return fields;
  };
  const countFragment = (name: string): number => {
    const known = counted.get(name);
    if (known !== undefined) return known;
    const fragment = definitions.find(
      (node) => node.kind === Kind.FRAGMENT_DEFINITION && node.name.value === name,
    );
    const fields = fragment === undefined ? 0 : count(fragment);
    counted.set(name, fields);
    return fields;
  };
  return definitions.reduce((fields, node) => fields + count(node), 0);
}
