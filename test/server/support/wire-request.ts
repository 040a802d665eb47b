/** An operation as a case sends it. Its document is of the case alone, so nothing of it is in memory at first. */
export interface Operation {
  readonly query: string;
  readonly variables: { readonly id: string };
}

/** A request for an operation, as bytes. */
export type Bytes = (operation: Operation) => Buffer;

type Headers = Readonly<Record<string, string>>;

export const JSON_TYPE = { 'content-type': 'application/json' };

/** The name of every request, so that refusals are the same bytes. */
const ID = 'wire-table';

/** A request as bytes. Headers that are empty are left out. */
export function message(
  method: string,
  target: string,
  headers: Headers,
  body: Buffer | string = '',
): Buffer {
  const length = body.length === 0 ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const all = Object.entries({ host: '127.0.0.1', 'x-request-id': ID, ...length, ...headers });
  const lines = all.filter(([, value]) => value !== '').map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([
    Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`),
    Buffer.from(body),
  ]);
}

/** `POST` of an operation, with members that differ. */
export function post(headers: Headers = {}, members: object = {}): Bytes {
  return (operation) =>
    message('POST', '/graphql', { ...JSON_TYPE, ...headers }, JSON.stringify({ ...operation, ...members }));
}

/** `POST` of an operation whose body has these bytes in a comment of the document. */
export function postBytes(...bytes: readonly number[]): Bytes {
  return (operation) => {
    const [before = '', after = ''] = JSON.stringify({
      ...operation,
      query: `${operation.query}\n#BYTES`,
    }).split('BYTES');
    const body = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
    return message('POST', '/graphql', JSON_TYPE, body);
  };
}

/** `GET` of an operation. */
export function get(headers: Headers = {}, more = '', method = 'GET'): Bytes {
  return ({ query, variables }) => {
    const search = new URLSearchParams({ query, variables: JSON.stringify(variables) }).toString();
    return message(method, `/graphql?${search}${more}`, { ...JSON_TYPE, ...headers });
  };
}

export function chunked(headers: Headers): Bytes {
  return (operation) => {
    const body = JSON.stringify(operation);
    const parts = [body.slice(0, 9), body.slice(9)].map(
      (part) => `${part.length.toString(16)}\r\n${part}\r\n`,
    );
    const head = message('POST', '/graphql', { ...JSON_TYPE, 'transfer-encoding': 'chunked', ...headers });
    return Buffer.concat([head, Buffer.from(`${parts.join('')}0\r\n\r\n`)]);
  };
}
