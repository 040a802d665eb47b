import { createHash } from 'node:crypto';
import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import type { Random } from '../../../../../src/emulator/random.ts';
import { garbage, mutated, weighted } from './mutate.ts';

/** What operations are made of. */
export interface Vocabulary {
  readonly schema: GraphQLSchema;
  /** Ids of jobs that exist. */
  readonly ids: readonly string[];
}

/** The body of a request, before it is JSON. Its members may be of any type. */
export type Parameters = Record<string, unknown>;

/** Texts that have been too much for somebody before. */
const NASTY = [
  '',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'NaN',
  '-0',
  '1e999',
  '\0',
  '\ud800',
  '../../etc/passwd',
  '%00',
  'javascript:alert(1)',
  "' OR 1=1 --",
  'x'.repeat(129),
  'x'.repeat(5000),
  '9'.repeat(400),
];

/** A value of any shape. */
export function anyValue(random: Random, depth = 0): unknown {
  return weighted<unknown>(random, [
    [3, () => random.pick(NASTY)],
    [2, () => random.pick([0, -1, 1, 1.5, 1e21, 2 ** 31, -(2 ** 53), true, false, null])],
    [1, () => garbage(random, 40)],
    [
      depth < 3 ? 1 : 0,
      () => Array.from({ length: random.between(0, 5) }, () => anyValue(random, depth + 1)),
    ],
    [
      depth < 3 ? 1 : 0,
      () =>
        Object.fromEntries(
          Array.from({ length: random.between(0, 4) }, () => [
            random.pick(NASTY),
            anyValue(random, depth + 1),
          ]),
        ),
    ],
  ]);
}

/** A value that an argument of this type takes. */
function validValue(random: Random, { ids }: Vocabulary, type: GraphQLInputType, name: string): unknown {
  const vocabulary = { ids } as Vocabulary;
  if (isNonNullType(type)) return validValue(random, vocabulary, type.ofType, name);
  if (isListType(type)) {
    const length = random.pick([0, 1, 2, 5, 100]);
    return Array.from({ length }, () => validValue(random, vocabulary, type.ofType, name));
  }
  if (isEnumType(type)) return random.pick(type.getValues()).name;
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter(
      (field) => isNonNullType(field.type) || random.next() < 0.5,
    );
    return Object.fromEntries(
      fields.map((field) => [field.name, validValue(random, vocabulary, field.type, field.name)]),
    );
  }
  if (!isScalarType(type)) return null;
  if (name === 'timeoutSeconds') return random.pick([0, 1, 1, 1, 56, -1]);
  if (type.name === 'Int') return random.pick([0, 1, 5, 20, 100, 101, -1]);
  if (type.name === 'DateTime') return new Date(1.7e12 + random.between(0, 1e9)).toISOString();
  if (type.name === 'ID') return random.next() < 0.7 ? random.pick(ids) : random.hex(32);
  return random.pick(['oss://bucket/a.mp4', 'name', '{"a":1}', ...NASTY]);
}

/** A value as it stands in a document. */
function literal(value: unknown, isEnum: boolean): string {
  if (isEnum && typeof value === 'string') return value;
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, isEnum)).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([name, member]) => `${name}: ${literal(member, /^(type|until|status)$/.test(name))}`,
    );
    return `{${members.join(', ')}}`;
  }
  return JSON.stringify(value);
}

/** A document that is valid, with variables that fit. */
export function validOperation(random: Random, vocabulary: Vocabulary): Parameters {
  const { schema } = vocabulary;
  const [keyword, root] = random.pick([
    ['query', schema.getQueryType()],
    ['query', schema.getQueryType()],
    ['query', schema.getQueryType()],
    ['subscription', schema.getSubscriptionType()],
    ['mutation', schema.getMutationType()],
  ] as const);
  const declarations: string[] = [];
  const variables: Record<string, unknown> = {};

  function argumentsOf(args: readonly { name: string; type: GraphQLInputType }[]): string {
    const given = args.filter(({ type }) => isNonNullType(type) || random.next() < 0.4);
    if (given.length === 0) return '';
    const texts = given.map(({ name, type }) => {
      const value = validValue(random, vocabulary, type, name);
      if (random.next() < 0.6) return `${name}: ${literal(value, isEnumType(getNamedType(type)))}`;
      const variable = `v${String(declarations.length)}`;
      declarations.push(`$${variable}: ${String(type)}`);
      variables[variable] = value;
      return `${name}: $${variable}`;
    });
    return `(${texts.join(', ')})`;
  }

  function selectionOf(type: GraphQLObjectType, depth: number): string {
    const fields = Object.values(type.getFields());
    const most = depth === 0 ? (keyword === 'subscription' ? 1 : 3) : 5;
    const chosen = Array.from({ length: random.between(1, most) }, () => random.pick(fields));
    const texts = chosen.flatMap((field, index) => {
      const inner = getNamedType(field.type);
      const isLeaf = isScalarType(inner) || isEnumType(inner);
      if (!isLeaf && depth > 4) return [];
      const alias = random.next() < 0.5 ? `a${String(depth)}_${String(index)}: ` : '';
      const selection = isLeaf
        ? ''
        : isObjectType(inner)
          ? ` ${selectionOf(inner, depth + 1)}`
          : ' { __typename id }';
      return [`${alias}${field.name}${argumentsOf(field.args)}${selection}`];
    });
    return `{ ${[...texts, ...(depth > 0 || keyword === 'query' ? ['__typename'] : [])].join(' ')} }`;
  }

  const selection = root ? selectionOf(root, 0) : '{ __typename }';
  const declared = declarations.length === 0 ? '' : `(${declarations.join(', ')})`;
  const query = `${keyword} Fuzz${declared} ${selection}`;
  return {
    query,
    ...(random.next() < 0.9 && { variables }),
    ...(random.next() < 0.3 && { operationName: 'Fuzz' }),
  };
}

/** An operation: valid, nearly valid, or no operation at all. */
export function anyOperation(random: Random, vocabulary: Vocabulary): Parameters {
  const operation = validOperation(random, vocabulary);
  const query = String(operation['query']);
  return weighted<Parameters>(random, [
    [4, () => operation],
    [3, () => ({ ...operation, query: mutated(random, query) })],
    [2, () => ({ ...operation, variables: withOddMember(random, operation['variables']) })],
    [
      1,
      () => ({
        ...operation,
        [random.pick(['query', 'variables', 'operationName', 'extensions'])]: anyValue(random),
      }),
    ],
    [1, () => ({ query: garbage(random) })],
    [1, () => persisted(random, query, operation)],
    [0.3, () => ({ ...operation, extensions: { ['x'.repeat(random.between(1, 2000))]: anyValue(random) } })],
    [0.2, () => ({ query: `{${'a'.repeat(random.between(1, 20_000))}}` })],
    [0.2, () => ({ query: `{__typename}#${garbage(random, 5000)}` })],
    [0.2, () => ({ query: '{'.repeat(random.between(1, 2500)) })],
    [
      0.1,
      () => ({ ...operation, variables: { deep: JSON.parse(deep(random.between(1, 1000))) as unknown } }),
    ],
  ]);
}

const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

/** A body with a variable that is nested deeper than could be written by `JSON.stringify`. */
function withDeepVariable(random: Random, operation: Parameters): string {
  const { variables: _, ...rest } = operation;
  const name = random.pick(['v0', 'unused']);
  return `{"variables":{"${name}":${deep(random.between(1, 30_000))}},${JSON.stringify(rest).slice(1)}`;
}

function withOddMember(random: Random, variables: unknown): unknown {
  if (typeof variables !== 'object' || variables === null) return anyValue(random);
  const names = [...Object.keys(variables), ...NASTY.slice(0, 4), 'unused'];
  return { ...variables, [random.pick(names)]: anyValue(random) };
}

function persisted(random: Random, query: string, operation: Parameters): Parameters {
  const hash = createHash('sha256').update(query).digest('hex');
  const sha256Hash = random.pick<unknown>([
    hash,
    hash,
    mutated(random, hash),
    hash.toUpperCase(),
    anyValue(random),
  ]);
  const version = random.pick<unknown>([1, 1, 1, 2, '1', null]);
  const extensions = { persistedQuery: { version, sha256Hash } };
  return random.next() < 0.5 ? { ...operation, extensions } : { extensions };
}

/** The parameters as the text of a body: mostly their JSON. */
export function anyBody(random: Random, vocabulary: Vocabulary): string {
  const operation = () => anyOperation(random, vocabulary);
  return weighted(random, [
    [12, () => JSON.stringify(operation())],
    [1, () => mutated(random, JSON.stringify(operation()))],
    [0.5, () => JSON.stringify(operation()).slice(0, random.between(0, 100))],
    [0.5, () => JSON.stringify(Array.from({ length: random.between(0, 3) }, operation))],
    [0.5, () => JSON.stringify(anyValue(random))],
    [0.5, () => garbage(random)],
    [0.1, () => deep(random.between(1, 20_000))],
    [0.2, () => withDeepVariable(random, operation())],
    [0.1, () => JSON.stringify({ query: 'x'.repeat(random.between(1, 300_000)) })],
  ]);
}
