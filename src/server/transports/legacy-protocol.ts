import { BOUNDS } from '../../bounds.ts';
import { isJsonObject } from '../../json-object.ts';
import { errorBody } from '../errors/error-body.ts';
import type { CountedSocket } from './counted-socket.ts';

/** The subprotocol of subscriptions-transport-ws. Some clients for phones still offer it by default. */
export const LEGACY_PROTOCOL = 'graphql-ws';

const MESSAGE =
  'The gateway speaks the subprotocol graphql-transport-ws, and not the older graphql-ws: choose graphql-transport-ws in your client';

/** It has at most 123 bytes. */
const REASON = 'Choose the subprotocol graphql-transport-ws; the older graphql-ws is not spoken here';

/**
 * Refuses a client of the older protocol in its own words, so that its app is told why: `connection_error` for the connection,
 * and `error` for each operation. A client only sees a broken connection where the handshake itself is refused.
 *
 * @see https://github.com/apollographql/subscriptions-transport-ws/blob/master/PROTOCOL.md
 */
export function refuseLegacyProtocol(counted: CountedSocket, requestId: string): void {
  const [payload] = errorBody(requestId, 'BAD_REQUEST', MESSAGE).errors;
  // The client has its operations on the way when it is told.
  const timer = setTimeout(() => counted.close(4406, REASON), BOUNDS.closing.max);
  counted.onClosed(() => clearTimeout(timer));
  counted.onMessage(async (text) => {
    const { type, id } = read(text);
    if (type === 'connection_init') {
      timer.refresh();
      await counted.send(JSON.stringify({ type: 'connection_error', payload }));
    } else if (type === 'start' && typeof id === 'string' && id.length <= BOUNDS.operationId.max) {
      await counted.send(JSON.stringify({ type: 'error', id, payload }));
    }
  });
}

function read(text: string): { readonly type?: unknown; readonly id?: unknown } {
  try {
    const message: unknown = JSON.parse(text);
    return isJsonObject(message) ? message : {};
  } catch {
    return {};
  }
}
