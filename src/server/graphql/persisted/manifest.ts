import { readFileSync } from 'node:fs';
import { GraphQLError, parse, validate, type GraphQLSchema } from 'graphql';
import { ConfigError } from '../../../config.ts';
import { isJsonObject } from '../../../json-object.ts';
import { checkDocument, checkText, LIMITS } from '../limits.ts';
import { checkSubscriptionRoots } from '../subscription-root.ts';
import { sha256 } from './documents.ts';

/** The name of the format of Apollo's tools. */
const APOLLO_FORMAT = 'apollo-persisted-query-manifest';

type Operation = readonly [id: string, text: string];

/**
 * Reads the operations of a manifest file. It has Apollo's format, or it is the map of ids to texts that relay-compiler writes.
 * Each operation has to be valid against the schema and within the limits of a document.
 *
 * @throws {ConfigError} with all that is wrong
 */
export function readManifest(path: string, schema: GraphQLSchema): readonly Operation[] {
  const problems: string[] = [];
  const report = (problem: string) =>
    problems.push(`PERSISTED_OPERATIONS ${JSON.stringify(path)}: ${problem}`);
  const operations = operationsOf(readJson(path, report), report);
  for (const [id, text] of operations) {
    for (const problem of problemsOf(text, schema)) report(`operation ${JSON.stringify(id)}: ${problem}`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return operations;
}

type Report = (problem: string) => void;

function readJson(path: string, report: Report): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    report(
      `cannot be read: ${error instanceof Error && 'code' in error ? String(error.code) : String(error)}`,
    );
    return undefined;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    report('is not JSON');
    return undefined;
  }
}

function operationsOf(manifest: unknown, report: Report): Operation[] {
  if (manifest === undefined) return [];
  if (!isJsonObject(manifest)) {
    report('must be a JSON object: a manifest of Apollo or of Relay');
    return [];
  }
  const operations =
    'format' in manifest ? apolloOperations(manifest, report) : relayOperations(manifest, report);
  const seen = new Map<string, string>();
  for (const [id, text] of operations) {
    if (seen.has(id) && seen.get(id) !== text) report(`two operations have the id ${JSON.stringify(id)}`);
    seen.set(id, text);
  }
  return operations;
}

function apolloOperations(manifest: Record<string, unknown>, report: Report): Operation[] {
  const { format, version, operations } = manifest;
  if (format !== APOLLO_FORMAT || version !== 1 || !Array.isArray(operations)) {
    report(`must have the format "${APOLLO_FORMAT}", the version 1 and a list of operations`);
    return [];
  }
  return operations.flatMap((operation: unknown, index): Operation[] => {
    const { id, body } = isJsonObject(operation) ? operation : {};
    if (typeof id !== 'string' || typeof body !== 'string') {
      report(`operations[${String(index)}] must have an id and a body, each a text`);
      return [];
    }
    if (id !== sha256(body)) report(`operation ${JSON.stringify(id)}: the id is not the SHA-256 of its body`);
    return [[id, body]];
  });
}

function relayOperations(manifest: Record<string, unknown>, report: Report): Operation[] {
  return Object.entries(manifest).flatMap(([id, text]): Operation[] => {
    if (typeof text === 'string') return [[id, text]];
    report(`operation ${JSON.stringify(id)}: must be a text`);
    return [];
  });
}

function problemsOf(text: string, schema: GraphQLSchema): readonly string[] {
  const tooLong = checkText(text);
  if (tooLong !== undefined) return [tooLong.message];
  try {
    const document = parse(text, { maxTokens: LIMITS.tokens });
    const refusal = checkDocument(document) ?? checkSubscriptionRoots(document);
    return (refusal ? [refusal] : validate(schema, document)).map((error) => error.message);
  } catch (error) {
    if (error instanceof GraphQLError) return [error.message];
    throw error;
  }
}
