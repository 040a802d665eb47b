import { Kind, visit, type DocumentNode, type GraphQLSchema } from 'graphql';
import { compileQuery, isCompiledQuery, type CompiledQuery } from 'graphql-jit';

/** An operation as a function. */
export type CompiledOperation = CompiledQuery['query'];

/** What a compiled field takes, in bytes: its code as text, compiled, and what that refers to. It was measured at 1,500 to 3,400. */
const FIELD_BYTES = 3000;

/** What a compiled operation of a document takes besides the document, in bytes. */
export function compiledBytes(document: DocumentNode): number {
  return FIELD_BYTES * (1 + countFields(document));
}

/** The most fields of an operation that is compiled. Fields of a fragment count wherever it is spread. */
const MAX_FIELDS = 500;

/**
 * Compiles a query to a function by graphql-jit. It gives `undefined` where that is no gain, or where the result may differ
 * from that of graphql-js.
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

/** Whether graphql-jit 0.8 gives the same result as graphql-js, as far as the document tells. */
function isAlike(document: DocumentNode): boolean {
  let found = true;
  visit(document, {
    // All fields would be compiled, each with a condition.
    Directive: () => {
      found = false;
    },
    // Resolvers would get the text of a scalar, not its value.
    VariableDefinition: ({ defaultValue }) => {
      if (defaultValue !== undefined) found = false;
    },
    // The key would be assigned, which sets a prototype.
    Field: ({ alias }) => {
      if (alias?.value === '__proto__') found = false;
    },
  });
  return found;
}

/** The fields of all operations and fragments of a valid document. The fields of a spread count each time. */
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
