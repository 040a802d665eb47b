import {
  getVariableValues,
  GraphQLError,
  Kind,
  Lexer,
  TokenKind,
  visit,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type Source,
  type ValidationRule,
} from 'graphql';
import { getComplexity, type ComplexityEstimator } from 'graphql-query-complexity';
import { MAX_JOBS } from '../jobs/input.ts';

/** The most an operation may ask for. All of the example operations and of the usual clients stay far below. */
export const LIMITS = {
  /** Words and punctuation marks of the document; half as many levels are still safe to parse recursively. */
  tokens: 2000,
  /** Fields inside fields. Introspection as tools send it needs 15. */
  depth: 16,
  /** Aliased fields in the document. */
  aliases: 100,
  /** Directives in the document. */
  directives: 50,
  /** Items of one list, in the document or in the variables. */
  listSize: 1000,
  /** Fields in the answer, each list counted at the length asked for. */
  cost: 20_000,
  /** Reads of ICE that the operation can cause when nothing is in memory; a submission counts as two. */
  reads: 500,
} as const;

type LimitName = keyof typeof LIMITS;

function tooComplex(limit: LimitName, value: number, what: string): GraphQLError {
  const maximum = LIMITS[limit];
  return new GraphQLError(`The operation has ${what}; the limit is ${String(maximum)}`, {
    extensions: { code: 'OPERATION_TOO_COMPLEX', limit, maximum, value, http: { status: 400 } },
  });
}

/** The error for a document that parsing gave up on; its length is not known. */
export function tooManyTokens(): GraphQLError {
  return tooComplex('tokens', LIMITS.tokens + 1, `more than ${String(LIMITS.tokens)} tokens`);
}

/** Whether parsing stopped at the token limit, rather than at a mistake before it. */
export function exceedsTokenLimit(source: Source | undefined): boolean {
  if (source === undefined) return false;
  const lexer = new Lexer(source);
  try {
    for (let tokens = 0; tokens <= LIMITS.tokens; tokens += 1) {
      if (lexer.advance().kind === TokenKind.EOF) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/** Refuses documents over the limits that need no variables. */
export const documentLimits: ValidationRule = (context) => ({
  Document(document) {
    const error = checkDocument(document);
    if (error !== undefined) context.reportError(error);
  },
});

function checkDocument(document: DocumentNode): GraphQLError | undefined {
  let aliases = 0;
  let directives = 0;
  let listSize = 0;
  visit(document, {
    Field: ({ alias }) => {
      if (alias !== undefined) aliases += 1;
    },
    Directive: () => {
      directives += 1;
    },
    ListValue: ({ values }) => {
      listSize = Math.max(listSize, values.length);
    },
  });
  const depth = depthOf(document);
  if (aliases > LIMITS.aliases) return tooComplex('aliases', aliases, `${String(aliases)} aliases`);
  if (directives > LIMITS.directives)
    return tooComplex('directives', directives, `${String(directives)} directives`);
  if (depth > LIMITS.depth) return tooComplex('depth', depth, `a depth of ${String(depth)}`);
  if (listSize > LIMITS.listSize)
    return tooComplex('listSize', listSize, `a list of ${String(listSize)} items`);
  return undefined;
}

/** The deepest nesting of fields in any operation. A fragment is measured once, and one inside itself counts nothing. */
function depthOf(document: DocumentNode): number {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const measured = new Map<string, number>();
  const measure = (selectionSet: SelectionSetNode | undefined): number => {
    const depths = selectionSet?.selections.map((selection) => {
      if (selection.kind === Kind.FIELD) return 1 + measure(selection.selectionSet);
      if (selection.kind === Kind.INLINE_FRAGMENT) return measure(selection.selectionSet);
      const name = selection.name.value;
      if (!measured.has(name)) {
        measured.set(name, 0);
        measured.set(name, measure(fragments.get(name)?.selectionSet));
      }
      return measured.get(name) ?? 0;
    });
    return Math.max(0, ...(depths ?? []));
  };
  return Math.max(
    0,
    ...document.definitions.map((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION ? measure(definition.selectionSet) : 0,
    ),
  );
}

/** What an operation is made of. */
export interface Operation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly definition: OperationDefinitionNode;
  /** As the client sent them. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Each field counts one, and what is inside it as often as the list is long. */
const byListLength: ComplexityEstimator = ({ args, childComplexity }) => {
  const ids: unknown = args['ids'];
  const first: unknown = args['first'];
  const length = Array.isArray(ids) ? ids.length : typeof first === 'number' ? first : 1;
  // Longer lists are refused by the field itself, with the argument's name.
  return 1 + Math.max(1, Math.min(length, MAX_JOBS)) * childComplexity;
};

/** The most lists that one page of `packageJobs` can take. */
const LISTS_PER_PAGE = 9;

/** The submission, and the read of the job after it. */
const CALLS_PER_SUBMISSION = 2;

/** Each job asked for by id is a read, and each `outputUrl` of a listed one. */
const byReads: ComplexityEstimator = ({ field, args, childComplexity }) => {
  const ids: unknown = args['ids'];
  const first: unknown = args['first'];
  if (field.name === 'packageJob' || field.name === 'node' || field.name === 'outputUrl') return 1;
  if (field.name === 'submitPackageJob') return CALLS_PER_SUBMISSION;
  if (Array.isArray(ids)) return Math.min(ids.length, MAX_JOBS);
  if (field.name !== 'packageJobs') return childComplexity;
  return (
    LISTS_PER_PAGE +
    (typeof first === 'number' ? Math.max(1, Math.min(first, MAX_JOBS)) : 20) * childComplexity
  );
};

/**
 * Refuses operations over the limits that need the variables. Wrong variables are left to execution to report.
 *
 * @throws {GraphQLError} OPERATION_TOO_COMPLEX
 */
export function checkOperation(operation: Operation): void {
  const listSize = longestList(operation.variables);
  if (listSize > LIMITS.listSize)
    throw tooComplex('listSize', listSize, `a list of ${String(listSize)} items`);
  const { schema, definition, variables } = operation;
  if (getVariableValues(schema, definition.variableDefinitions ?? [], variables).errors !== undefined) return;
  const cost = estimate(byListLength, operation);
  if (cost > LIMITS.cost) throw tooComplex('cost', cost, `a cost of ${String(cost)}`);
  const reads = estimate(byReads, operation);
  if (reads > LIMITS.reads) throw tooComplex('reads', reads, `${String(reads)} reads of ICE`);
}

function estimate(estimator: ComplexityEstimator, operation: Operation): number {
  const { schema, document, definition, variables } = operation;
  try {
    return getComplexity({
      schema,
      query: document,
      variables,
      estimators: [estimator],
      ...(definition.name && { operationName: definition.name.value }),
      maxQueryNodes: LIMITS.cost,
    });
  } catch (error) {
    // A wrong argument, which names its place, is left to execution to report.
    if (error instanceof GraphQLError && error.nodes !== undefined) return 0;
    // Fragments spread into fragments multiply; counting stops at the limit.
    return LIMITS.cost + 1;
  }
}

/** Walks without recursion: variables can be nested deeper than the stack. */
function longestList(variables: Readonly<Record<string, unknown>>): number {
  let longest = 0;
  const pending: unknown[] = [variables];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) longest = Math.max(longest, value.length);
    for (const item of Object.values(value)) pending.push(item);
  }
  return longest;
}
