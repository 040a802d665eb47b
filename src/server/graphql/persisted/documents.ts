import { createHash } from 'node:crypto';
import { GraphQLError, Kind, parse } from 'graphql';

/** The documents of the manifest. */
export interface PersistedDocuments {
  /** Whether no other document runs. */
  readonly only: boolean;
  /** Texts by id. Each is also under the SHA-256 of its text, in lower-case hexadecimal. */
  readonly byId: ReadonlyMap<string, string>;
  readonly texts: ReadonlySet<string>;
  /** The names of the operations in them. */
  readonly operationNames: ReadonlySet<string>;
}

export const NO_PERSISTED_DOCUMENTS: PersistedDocuments = {
  only: false,
  byId: new Map(),
  texts: new Set(),
  operationNames: new Set(),
};

/** Indexes documents by their ids, and by their own hashes. */
export function createPersistedDocuments(
  operations: Iterable<readonly [id: string, text: string]>,
  only: boolean,
): PersistedDocuments {
  const byId = new Map<string, string>();
  for (const [id, text] of operations) byId.set(id, text).set(sha256(text), text);
  const texts = new Set(byId.values());
  return { only, byId, texts, operationNames: new Set([...texts].flatMap(operationNamesIn)) };
}

function operationNamesIn(text: string): string[] {
  return parse(text).definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION && definition.name ? definition.name.value : [],
  );
}

/**
 * The members of a request that can name its document, whatever the transport. Nothing is trusted. An empty `query` counts as
 * none, as graphql-ws has to send one.
 */
export interface DocumentRequest {
  readonly query?: unknown;
  /** The GraphQL over HTTP draft sends it: `sha256:<hash>`, or an id of the manifest. */
  readonly documentId?: unknown;
  /** Relay's documentation sends it. */
  readonly doc_id?: unknown;
  /** Apollo sends it: `{ persistedQuery: { version: 1, sha256Hash } }`. */
  readonly extensions?: unknown;
}

/**
 * The text to run for a request. It is `undefined` when the request names no document. It is `undefined` too when the request
 * names a document by a hash that is not in the manifest, as a client may have registered it (Apollo's automatic persisted
 * queries).
 *
 * @throws {GraphQLError} PERSISTED_QUERY_REQUIRED when only the manifest runs and the document is not in it;
 * PERSISTED_QUERY_NOT_FOUND when `documentId` or `doc_id` is of no document; BAD_REQUEST when such an id or
 * a hash is no text, or an id came beside a `query`
 * @see https://github.com/graphql/graphql-over-http/blob/persisted-documents/spec/Appendix%20A%20--%20Persisted%20Documents.md
 */
export function findDocument(request: DocumentRequest, persisted: PersistedDocuments): string | undefined {
  const text = typeof request.query === 'string' && request.query !== '' ? request.query : undefined;
  const documentId = documentIdOf(request);
  if (text !== undefined) {
    if (documentId !== undefined) throw refused('BAD_REQUEST', 'Send a `query` or the id of one, not both');
    if (persisted.only && !persisted.texts.has(text)) throw required();
    return text;
  }
  if (isHashNoText(request.extensions)) throw refused('BAD_REQUEST', '`sha256Hash` must be a text');
  const hash = hashOf(request.extensions);
  const id = documentId?.replace(/^sha256:/, '') ?? hash;
  if (id === undefined) return undefined;
  const found = persisted.byId.get(id);
  if (found !== undefined) return found;
  if (persisted.only) throw required();
  if (documentId === undefined) return undefined;
  // Nothing can be registered under such an id, so a retry is no use.
  throw refused('PERSISTED_QUERY_NOT_FOUND', 'No document has this id', { retryable: false });
}

/** @throws {GraphQLError} BAD_REQUEST */
function documentIdOf({ documentId, doc_id: docId }: DocumentRequest): string | undefined {
  const id = documentId ?? docId ?? undefined;
  if (id === undefined || typeof id === 'string') return id;
  throw refused('BAD_REQUEST', '`documentId` and `doc_id` must be texts');
}

/** The hash that Apollo's clients send. Apollo Server refuses any other version. */
export function hashOf(extensions: unknown): string | undefined {
  const { version, sha256Hash } = persistedQueryOf(extensions);
  return version === 1 && typeof sha256Hash === 'string' ? sha256Hash : undefined;
}

/** Apollo Server makes a key of it without a look at its type, which throws for some objects. */
function isHashNoText(extensions: unknown): boolean {
  const { version, sha256Hash } = persistedQueryOf(extensions);
  return version === 1 && typeof sha256Hash !== 'string';
}

function persistedQueryOf(extensions: unknown): {
  readonly version?: unknown;
  readonly sha256Hash?: unknown;
} {
  const { persistedQuery } = (extensions ?? {}) as { persistedQuery?: unknown };
  return persistedQuery ?? {};
}

function required(): GraphQLError {
  return refused('PERSISTED_QUERY_REQUIRED', 'Only persisted operations run here, and this is none of them');
}

function refused(code: string, message: string, extensions: Record<string, unknown> = {}): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...extensions, http: { status: 400 } } });
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
