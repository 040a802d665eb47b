import { isJsonObject } from '../../json-object.ts';
import { hashOf } from '../graphql/persisted/documents.ts';
import { isAscii } from '../http/url.ts';
import type { RequestKey } from './request-key.ts';

/** An operation under the name that a request has for it. */
export interface NamedOperation {
  /** It is the same for the same document and operation. The text of a document and its hash are two names. */
  readonly name: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** The members of `extensions` that clients send, and their own members. */
const EXTENSIONS: Readonly<Record<string, readonly string[]>> = {
  persistedQuery: ['version', 'sha256Hash'],
  clientLibrary: ['name', 'version'],
};

const REPLACEMENT = '\ufffd';

/** A name has no space, so it is never taken for the beginning of a document. */
const NAME = /^[_A-Za-z]\w*$/;

/**
 * Reads the operation of a request in the usual form from its body or its query string. Anything unusual gives `undefined`.
 * Apollo Server then understands it or refuses it.
 */
export function readOperation({ method, content }: RequestKey): NamedOperation | undefined {
  try {
    // What decodes to a replacement character may have none. Whoever refuses that looks at it more closely.
    const text = content.toString();
    if (method === 'GET') return isAscii(text) ? fromSearch(text) : undefined;
    return text.includes(REPLACEMENT) ? undefined : nameOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function fromSearch(text: string): NamedOperation | undefined {
  const members: Record<string, unknown> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    if (Object.hasOwn(members, name) || value.includes(REPLACEMENT)) return undefined;
    const isJson = name === 'variables' || name === 'extensions';
    members[name] = isJson ? JSON.parse(value) : value;
    if (isJson && !isJsonObject(members[name])) return undefined;
  }
  return nameOf(members);
}

function nameOf(request: unknown): NamedOperation | undefined {
  if (!isJsonObject(request)) return undefined;
  const { query, operationName, variables = {}, extensions = {}, ...others } = request;
  if (Object.keys(others).length > 0 || !isUsual(extensions)) return undefined;
  const name = operationName ?? '';
  if (name !== '' && !(typeof name === 'string' && NAME.test(name))) return undefined;
  const hash = hashOf(extensions);
  if (hash === undefined && isJsonObject(extensions) && 'persistedQuery' in extensions) return undefined;
  // Both together register the document. Apollo Server does that.
  if ((hash === undefined) === (query === undefined) || (query !== undefined && !isText(query)))
    return undefined;
  const values = variables ?? {};
  if (!isJsonObject(values)) return undefined;
  const document = query === undefined ? `sha256 ${String(hash)}` : `text ${query}`;
  return { name: `${name} ${document}`, variables: values };
}

function isUsual(extensions: unknown): boolean {
  if (extensions === null) return true;
  if (!isJsonObject(extensions)) return false;
  return Object.entries(extensions).every(([name, value]) => {
    const members = Object.hasOwn(EXTENSIONS, name) ? EXTENSIONS[name] : undefined;
    if (members === undefined || !isJsonObject(value)) return false;
    return Object.entries(value).every(([key, item]) => members.includes(key) && typeof item !== 'object');
  });
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
