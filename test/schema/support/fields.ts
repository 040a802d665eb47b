import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  parse,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type GraphQLCompositeType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
} from 'graphql';

/** The object types of a schema, without those of introspection. */
export function objectTypes(schema: GraphQLSchema): GraphQLObjectType[] {
  return Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .filter(({ name }) => !name.startsWith('__'));
}

const fieldsOf = (type: GraphQLCompositeType) => ('getFields' in type ? Object.values(type.getFields()) : []);

/** The fields of a type, such as `MediaObject.url`. */
export function fieldNames(type: GraphQLObjectType): string[] {
  return fieldsOf(type).map(({ name }) => `${type.name}.${name}`);
}

/** The fields of a type that have no fields of their own. */
export function leafNames(type: GraphQLObjectType): string[] {
  return fieldsOf(type)
    .filter((field) => isLeafType(getNamedType(field.type)))
    .map(({ name }) => name);
}

/** A type and the object types that its fields lead to. */
export function typesWithin(schema: GraphQLSchema, type: GraphQLObjectType): GraphQLObjectType[] {
  const found = new Set([type]);
  for (const { name } of found) {
    for (const field of fieldsOf(schema.getType(name) as GraphQLObjectType)) {
      const inner = getNamedType(field.type);
      if (isAbstractType(inner)) for (const possible of schema.getPossibleTypes(inner)) found.add(possible);
      else if (isObjectType(inner)) found.add(inner);
    }
  }
  return [...found];
}

/** All fields of a type and of those within, as a selection; a type within itself is selected by name only. */
export function selectAll(
  schema: GraphQLSchema,
  type: GraphQLOutputType,
  outer: readonly string[] = [],
): string {
  const named = getNamedType(type);
  if (!isCompositeType(named)) return '';
  if (outer.includes(named.name)) return '{ __typename }';
  const within = [...outer, named.name];
  const fields = fieldsOf(named).map((field) => `${field.name} ${selectAll(schema, field.type, within)}`);
  const possible = isAbstractType(named) ? schema.getPossibleTypes(named) : [];
  const parts = possible.map((object) => `... on ${object.name} ${selectAll(schema, object, within)}`);
  return `{ __typename ${[...fields, ...parts].join(' ')} }`;
}

/** The fields that have a value in an answer, such as `PackageJob.name`; `null` is none. */
export function valuedFields(schema: GraphQLSchema, type: GraphQLOutputType, value: unknown): string[] {
  if (isNonNullType(type)) return valuedFields(schema, type.ofType, value);
  if (isListType(type)) {
    const items: readonly unknown[] = Array.isArray(value) ? value : [];
    return items.flatMap((item) => valuedFields(schema, type.ofType, item));
  }
  if (!isCompositeType(type) || typeof value !== 'object' || value === null) return [];
  const answer = value as Readonly<Record<string, unknown>>;
  const concrete = answer['__typename'];
  const object = typeof concrete === 'string' ? (schema.getType(concrete) as GraphQLObjectType) : type;
  const valued: string[] = [];
  for (const field of fieldsOf(object)) {
    const inner = answer[field.name];
    if (inner === undefined || inner === null) continue;
    valued.push(`${object.name}.${field.name}`, ...valuedFields(schema, field.type, inner));
  }
  return valued;
}

/** The fields that an operation selects, such as `PackageJob.name`. */
export function selectedFields(schema: GraphQLSchema, operation: string): Set<string> {
  const selected = new Set<string>();
  const types = new TypeInfo(schema);
  const Field = () =>
    void selected.add(`${String(types.getParentType())}.${types.getFieldDef()?.name ?? ''}`);
  visit(parse(operation), visitWithTypeInfo(types, { Field }));
  return selected;
}
