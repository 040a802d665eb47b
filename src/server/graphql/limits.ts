import {
  GraphQLError,
  Kind,
  Lexer,
  TokenKind,
  visit,
  type DocumentNode,
  type SelectionSetNode,
  type Source,
} from 'graphql';
import { countMerges, fragmentsOf } from './merges.ts';

/** The most that an operation may ask for. The example operations and the usual clients stay far below. */
export const LIMITS = {
  /** Characters of the document. It is measured before anything reads it. */
  characters: 65_536,
  /** Lines of the document, as many as tokens. The place of each error is found by counting them. */
  lines: 2000,
  /** Words and punctuation marks of the document. Half as many levels are still safe to parse recursively. */
  tokens: 2000,
  /** Fields inside fields. Introspection as tools send it needs 15. */
  depth: 16,
  /** Fragments inside fragments. */
  fragmentDepth: 32,
  /** Pairs of fields, and of fragments, that have to be compared as they end up in one place of the response. */
  merges: 10_000,
  /** Fields and fragments of an operation, those of a fragment wherever it is spread. */
  selections: 5000,
  /** Aliased fields in the document. */
  aliases: 100,
  /** Directives in the document. */
  directives: 50,
  /** Items of one list, in the document or in the variables. */
  listSize: 1000,
  /** Values in the variables, with those inside lists and objects. */
  values: 5000,
  /** Fields in the response. Each list counts at the length that was asked for. */
  cost: 20_000,
  /** Reads of ICE that the operation can cause when nothing is in memory. A submission counts as two. */
  reads: 500,
} as const;

type LimitName = keyof typeof LIMITS;

/** The error for an operation over a limit. */
export function tooComplex(limit: LimitName, value: number, what: string): GraphQLError {
  return overLimit(limit, LIMITS[limit], value, what);
}

/** The same for a limit that the configuration sets. */
export function overLimit(limit: string, maximum: number, value: number, what: string): GraphQLError {
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

/** The error for a text that is too long to be parsed, or has too many lines. */
export function checkText(text: string): GraphQLError | undefined {
  const { length } = text;
  if (length > LIMITS.characters) return tooComplex('characters', length, `${String(length)} characters`);
  const lines = length > LIMITS.lines ? countLines(text) : 0;
  return lines > LIMITS.lines ? tooComplex('lines', lines, `${String(lines)} lines`) : undefined;
}

/** Counts as graphql-js does, by code units, as a match for each line end would take 50 times as long. */
function countLines(text: string): number {
  let lines = 1;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === LINE_FEED || (code === CARRIAGE_RETURN && text.charCodeAt(index + 1) !== LINE_FEED))
      lines += 1;
  }
  return lines;
}

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** The error for a document over a limit that needs no variables. The document need not be valid. */
export function checkDocument(document: DocumentNode): GraphQLError | undefined {
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
  const { depth, fragmentDepth, selections } = measureSelections(document);
  if (aliases > LIMITS.aliases) return tooComplex('aliases', aliases, `${String(aliases)} aliases`);
  if (directives > LIMITS.directives)
    return tooComplex('directives', directives, `${String(directives)} directives`);
  if (depth > LIMITS.depth) return tooComplex('depth', depth, `a depth of ${String(depth)}`);
  if (fragmentDepth > LIMITS.fragmentDepth)
    return tooComplex('fragmentDepth', fragmentDepth, `${String(fragmentDepth)} fragments inside each other`);
  if (selections > LIMITS.selections)
    return tooComplex('selections', selections, `${String(selections)} selections`);
  if (listSize > LIMITS.listSize)
    return tooComplex('listSize', listSize, `a list of ${String(listSize)} items`);
  const merges = countMerges(document, LIMITS.merges, LIMITS.depth);
  if (merges > LIMITS.merges)
    return tooComplex('merges', merges, `${String(merges)} or more pairs of fields to merge`);
  return undefined;
}

interface Measures {
  /** The deepest nesting of fields. */
  readonly depth: number;
  /** The deepest nesting of fragments. */
  readonly fragmentDepth: number;
  /** Fields and fragments, those of a fragment wherever it is spread. */
  readonly selections: number;
}

const NOTHING: Measures = { depth: 0, fragmentDepth: 0, selections: 0 };

/** Measures all operations and fragments. A fragment is measured once. One inside itself counts nothing. */
function measureSelections({ definitions }: DocumentNode): Measures {
  const fragments = fragmentsOf(definitions);
  const measured = new Map<string, Measures>();
  const measureFragment = (name: string): Measures => {
    if (!measured.has(name)) {
      measured.set(name, NOTHING);
      measured.set(name, measure(fragments.get(name)?.selectionSet));
    }
    const known = measured.get(name) ?? NOTHING;
    return { ...known, fragmentDepth: known.fragmentDepth + 1 };
  };
  const measure = (selectionSet: SelectionSetNode | undefined): Measures => {
    let [depth, fragmentDepth, selections] = [0, 0, 0];
    for (const selection of selectionSet?.selections ?? []) {
      const inner =
        selection.kind === Kind.FRAGMENT_SPREAD
          ? measureFragment(selection.name.value)
          : measure(selection.selectionSet);
      depth = Math.max(depth, inner.depth + (selection.kind === Kind.FIELD ? 1 : 0));
      fragmentDepth = Math.max(fragmentDepth, inner.fragmentDepth);
      // A number of this size can be sent as it is.
      selections = Math.min(Number.MAX_SAFE_INTEGER, selections + inner.selections + 1);
    }
    return { depth, fragmentDepth, selections };
  };
  return definitions.reduce((largest, definition) => {
    if (!('selectionSet' in definition)) return largest;
    const isFragment = definition.kind === Kind.FRAGMENT_DEFINITION;
    const found = isFragment ? measureFragment(definition.name.value) : measure(definition.selectionSet);
    return {
      depth: Math.max(largest.depth, isFragment ? 0 : found.depth),
      // Rules follow the fragments that no operation spreads, too.
      fragmentDepth: Math.max(largest.fragmentDepth, found.fragmentDepth),
      selections: Math.max(largest.selections, found.selections),
    };
  }, NOTHING);
}
