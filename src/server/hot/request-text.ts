import { hashOf } from '../persisted.ts';
import type { Ticket } from './ticket.ts';

/** An operation as a request names it. */
export interface NamedOperation {
  /** The same for the same document and operation, and different for the text of a document and its hash. */
  readonly name: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Members of `extensions` that clients send, and what these may have. */
const EXTENSIONS: Readonly<Record<string, readonly string[]>> = {
  persistedQuery: ['version', 'sha256Hash'],
  clientLibrary: ['name', 'version'],
};

/** No name has a space, so that none is taken for the beginning of a document. */
const NAME = /^[_A-Za-z]\w*$/;

/**
 * Reads what a request of the usual form asks for, by its body or its query string. Anything
 * unusual gives `undefined`: it is for Apollo Server to understand or to refuse.
 */
export function readOperation({ method, content }: Ticket): NamedOperation | undefined {
  try {
    const text = content.toString();
    return method === 'GET' ? fromSearch(text) : nameOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function fromSearch(text: string): NamedOperation | undefined {
  const members: Record<string, unknown> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    if (Object.hasOwn(members, name)) return undefined;
    const isJson = name === 'variables' || name === 'extensions';
    members[name] = isJson ? JSON.parse(value) : value;
    if (isJson && !isObject(members[name])) return undefined;
  }
  return nameOf(members);
}

function nameOf(request: unknown): NamedOperation | undefined {
  if (!isObject(request)) return undefined;
  const { query, operationName, variables = {}, extensions = {}, ...others } = request;
  if (Object.keys(others).length > 0 || !isUsual(extensions)) return undefined;
  const name = operationName ?? '';
  if (name !== '' && !(typeof name === 'string' && NAME.test(name))) return undefined;
  const hash = hashOf(extensions);
  if (hash === undefined && isObject(extensions) && 'persistedQuery' in extensions) return undefined;
  // Both together register the document, which is Apollo Server's to do.
  if ((hash === undefined) === (query === undefined) || (query !== undefined && !isText(query)))
    return undefined;
  const values = variables ?? {};
  if (!isObject(values)) return undefined;
  const document = query === undefined ? `sha256 ${String(hash)}` : `text ${query}`;
  return { name: `${name} ${document}`, variables: values };
}

function isUsual(extensions: unknown): boolean {
  if (extensions === null) return true;
  if (!isObject(extensions)) return false;
  return Object.entries(extensions).every(([name, value]) => {
    const members = Object.hasOwn(EXTENSIONS, name) ? EXTENSIONS[name] : undefined;
    if (members === undefined || !isObject(value)) return false;
    return Object.entries(value).every(([key, item]) => members.includes(key) && typeof item !== 'object');
  });
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
