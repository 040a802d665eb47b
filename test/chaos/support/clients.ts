import { Agent, request } from 'node:http';
import { json } from 'node:stream/consumers';
import type { GraphqlAnswer } from '../../support/gateway.ts';

/** One client of the gateway, as the gateway tells clients apart: by address. All of 127.0.0.0/8 is this machine. */
export interface AddressedClient {
  /** Posts an operation. Its connection is used again. */
  query(query: string, variables?: Record<string, unknown>): Promise<Pick<GraphqlAnswer, 'data' | 'errors'>>;
  /** Closes its connections, with what is under way on them. */
  leave(): void;
}

export function clientAt(localAddress: string, url: string): AddressedClient {
  const agent = new Agent({ keepAlive: true });
  const headers = { 'content-type': 'application/json' };
  return {
    query(query, variables = {}) {
      const { promise, resolve, reject } = Promise.withResolvers<Pick<GraphqlAnswer, 'data' | 'errors'>>();
      const options = { method: 'POST', headers, localAddress, agent };
      request(`${url}/graphql`, options, (response) => {
        // oxlint-disable-next-line no-unsafe-type-assertion -- every answer of the gateway has this shape
        (json(response) as ReturnType<AddressedClient['query']>).then(resolve, reject);
      })
        .on('error', reject)
        .end(JSON.stringify({ query, variables }));
      return promise;
    },
    leave: () => agent.destroy(),
  };
}
