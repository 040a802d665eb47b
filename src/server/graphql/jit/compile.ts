import { setFlagsFromString } from 'node:v8';
import { Kind, visit, type DocumentNode, type GraphQLSchema } from 'graphql';
import { compileQuery, isCompiledQuery, type CompiledQuery } from 'graphql-jit';
import { BOUNDS } from '../../../bounds.ts';

// V8 would keep the code of every query that was ever compiled, until the heap is at its limit. No code is compiled twice here.
setFlagsFromString('--no-compilation-cache');

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

/**
 * How much may be compiled. Compiling a field takes about a tenth of a millisecond, so that clients with ever-new queries would
 * have the process do little else.
 */
export class CompileBudget {
  #fields: number = BOUNDS.compiledFields.max;
  #updatedAt: number;
  readonly #now: () => number;

  /** @param now a clock in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#updatedAt = now();
  }

  /** Whether the fields of this document may be compiled now. They count from now on. */
  take(document: DocumentNode): boolean {
    const now = this.#now();
    const gained = (now - this.#updatedAt) * FIELDS_PER_MS;
    this.#updatedAt = now;
    this.#fields = Math.min(BOUNDS.compiledFields.max, this.#fields + gained);
    if (this.#fields <= 0) return false;
    this.#fields -= 1 + countFields(document);
    return true;
  }
}

/** How many fields may be compiled in the long run: a tenth of the time of one core. */
const FIELDS_PER_MS = 1;

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
