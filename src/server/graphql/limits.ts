import {
  GraphQLError,
  Kind,
  Lexer,
  TokenKind,
  visit,
  type DocumentNode,
  type FragmentDefinitionNode,
  type SelectionSetNode,
  type Source,
  type ValidationRule,
} from 'graphql';

/** The most that an operation may ask for. The example operations and the usual clients stay far below. */
export const LIMITS = {
  /** Words and punctuation marks of the document. Half as many levels are still safe to parse recursively. */
  tokens: 2000,
  /** Fields inside fields. Introspection as tools send it needs 15. */
  depth: 16,
  /** Aliased fields in the document. */
  aliases: 100,
  /** Directives in the document. */
  directives: 50,
  /** Items of one list, in the document or in the variables. */
  listSize: 1000,
  /** Fields in the response. Each list counts at the length that was asked for. */
  cost: 20_000,
  /** Reads of ICE that the operation can cause when nothing is in memory. A submission counts as two. */
  reads: 500,
} as const;

type LimitName = keyof typeof LIMITS;

/** The error for an operation over a limit. */
export function tooComplex(limit: LimitName, value: number, what: string): GraphQLError {
  const maximum = LIMITS[limit];
  return new GraphQLError(`The operation has ${what}; the limit is ${String(maximum)}`, {
    extensions: { code: 'OPERATION_TOO_COMPLEX', limit, maximum, value, http: { status: 400 } },
  });
}

/** The error for a document that has too many tokens to be parsed. Its length is not known. */
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

/** The deepest nesting of fields in any operation. A fragment is measured once. A fragment inside itself counts nothing. */
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
