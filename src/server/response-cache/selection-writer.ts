import {
  getNullableType,
  GraphQLID,
  GraphQLString,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  typeFromAST,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLFieldResolver,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type InlineFragmentNode,
  type SelectionSetNode,
} from 'graphql';

/** Writes a value as JSON. It gives `undefined` when graphql-js could give anything but data, such as an error or a promise. */
type Write<Context> = (value: unknown, context: Context) => string | undefined;

/** A selection as a function that writes it. */
export interface SelectionWriter<Context> {
  readonly write: Write<Context>;
  /** How many fields it writes. */
  readonly fields: number;
}

/** The most fields of a selection that is prepared. Fields of a fragment count wherever it is spread. */
const MAX_FIELDS = 500;

/**
 * Prepares a selection of an object as a function that writes the text that graphql-js and `JSON.stringify` give together. No
 * object of the result is made in between. It gives `undefined` for a selection that it does not know how to write, such as
 * one with directives or arguments. What is wrong with a value is left to graphql-js to say.
 */
export function prepareSelection<Context>(
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  selectionSet: SelectionSetNode,
  { definitions }: DocumentNode,
): SelectionWriter<Context> | undefined {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const preparation = { schema, fragments, fields: 0 };
  const write = objectWriter<Context>(preparation, type, [selectionSet]);
  return write && { write, fields: preparation.fields };
}

interface Preparation {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  fields: number;
}

/** A field of an object, prepared. */
interface FieldWriter<Context> {
  /** What stands before its value, such as `,"name":`. */
  readonly start: string;
  readonly name: string;
  /** `undefined`: the value is the member of this name. */
  readonly resolve: GraphQLFieldResolver<unknown, Context> | undefined;
  readonly write: Write<Context>;
}

function objectWriter<Context>(
  preparation: Preparation,
  type: GraphQLObjectType,
  selectionSets: readonly SelectionSetNode[],
): Write<Context> | undefined {
  const collected = new Map<string, FieldNode[]>();
  for (const selectionSet of selectionSets)
    if (!collect(preparation, type, selectionSet, collected)) return undefined;
  preparation.fields += collected.size;
  if (preparation.fields > MAX_FIELDS) return undefined;
  const fields: FieldWriter<Context>[] = [];
  for (const [key, nodes] of collected) {
    const start = `${fields.length === 0 ? '{' : ','}${JSON.stringify(key)}:`;
    const field = fieldWriter<Context>(preparation, type, nodes, start);
    if (field === undefined) return undefined;
    fields.push(field);
  }
  return (object, context) => {
    let text = '';
    for (const { start, name, resolve, write } of fields) {
      const value: unknown =
        resolve === undefined
          ? // oxlint-disable-next-line no-unsafe-type-assertion -- the value of an object type is an object
            (object as Readonly<Record<string, unknown>>)[name]
          : resolve(object, NO_ARGUMENTS, context, NO_INFO);
      const part = write(value, context);
      if (part === undefined) return undefined;
      text += start + part;
    }
    return `${text}}`;
  };
}

/** Collects the fields of an object by their keys, in order. It gives `false` when there is a directive. */
function collect(
  preparation: Preparation,
  type: GraphQLObjectType,
  { selections }: SelectionSetNode,
  collected: Map<string, FieldNode[]>,
): boolean {
  return selections.every((selection) => {
    if ((selection.directives ?? []).length > 0) return false;
    if (selection.kind === Kind.FIELD) {
      const key = (selection.alias ?? selection.name).value;
      const nodes = collected.get(key);
      if (nodes === undefined) collected.set(key, [selection]);
      else nodes.push(selection);
      return true;
    }
    const isSpread = selection.kind === Kind.FRAGMENT_SPREAD;
    const fragment = isSpread ? preparation.fragments.get(selection.name.value) : selection;
    if (fragment === undefined || (fragment.directives ?? []).length > 0) return false;
    if (!isOf(preparation.schema, fragment, type)) return true;
    return collect(preparation, type, fragment.selectionSet, collected);
  });
}

function isOf(
  schema: GraphQLSchema,
  { typeCondition }: FragmentDefinitionNode | InlineFragmentNode,
  type: GraphQLObjectType,
): boolean {
  const wanted = typeCondition && typeFromAST(schema, typeCondition);
  return (
    wanted === undefined || wanted === type || (isAbstractType(wanted) && schema.isSubType(wanted, type))
  );
}

function fieldWriter<Context>(
  preparation: Preparation,
  type: GraphQLObjectType,
  nodes: readonly FieldNode[],
  start: string,
): FieldWriter<Context> | undefined {
  const name = nodes[0]?.name.value ?? '';
  if (name === '__typename') {
    const text = JSON.stringify(type.name);
    return { start, name, resolve: undefined, write: () => text };
  }
  const field = type.getFields()[name];
  const write = field?.args.length === 0 ? valueWriter<Context>(preparation, field.type, nodes) : undefined;
  return write && { start, name, resolve: field?.resolve, write };
}

const NO_ARGUMENTS = {};

/** No resolver of a job uses it. */
// oxlint-disable-next-line no-unsafe-type-assertion -- one that did would throw, and a route would answer
const NO_INFO = undefined as unknown as GraphQLResolveInfo;

function valueWriter<Context>(
  preparation: Preparation,
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
): Write<Context> | undefined {
  // What is written for nothing. There is no data then where something must be.
  const nothing = isNonNullType(type) ? undefined : 'null';
  const nullable = getNullableType(type);
  if (isLeafType(nullable)) {
    // Such a type gives a text as it is.
    const isText = nullable === GraphQLString || nullable === GraphQLID || nullable.serialize === String;
    return (value) => {
      if (isNothing(value)) return nothing;
      return isText && typeof value === 'string' ? quoted(value) : writeLeaf(value, nullable);
    };
  }
  const write = isListType(nullable)
    ? listWriter<Context>(preparation, nullable.ofType, nodes)
    : // Which type an interface has at run time would have to be asked.
      isObjectType(nullable) && objectWriter<Context>(preparation, nullable, selectionSetsOf(nodes));
  if (write === undefined || write === false) return undefined;
  return (value, context) => {
    if (isNothing(value)) return nothing;
    return isData(value) ? write(value, context) : undefined;
  };
}

function selectionSetsOf(nodes: readonly FieldNode[]): SelectionSetNode[] {
  return nodes.flatMap(({ selectionSet }) => (selectionSet ? [selectionSet] : []));
}

function listWriter<Context>(
  preparation: Preparation,
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
): Write<Context> | undefined {
  const write = valueWriter<Context>(preparation, type, nodes);
  if (write === undefined) return undefined;
  return (values, context) => {
    if (!Array.isArray(values)) return undefined;
    let text = '[';
    for (const value of values) {
      const item = write(value, context);
      if (item === undefined) return undefined;
      text += text === '[' ? item : `,${item}`;
    }
    return `${text}]`;
  };
}

function isNothing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

/** Whether a value is there now. A promise may be rejected later, and nobody would look at it. */
function isData(value: unknown): boolean {
  if (typeof value !== 'object') return typeof value !== 'function';
  if (value instanceof Promise) {
    value.catch(() => undefined);
    return false;
  }
  return !(value instanceof Error);
}

function writeLeaf(value: unknown, type: GraphQLLeafType): string | undefined {
  if (!isData(value)) return undefined;
  const serialized: unknown = type.serialize(value);
  if (typeof serialized === 'string') return quoted(serialized);
  return isNothing(serialized) ? undefined : JSON.stringify(serialized);
}

/** A text that JSON writes as it is. */
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}
