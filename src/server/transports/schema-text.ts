import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { printSorted } from '../graphql/schema.ts';
import { sendRefusal } from '../http/error-responses.ts';
import type { Refusal } from '../http/refusal.ts';
import { entityTag } from '../responses/cache-control.ts';
import { CompressedBodies } from '../responses/compressed-bodies.ts';
import { represent } from '../responses/response.ts';

export interface SchemaTextOptions {
  readonly schema: GraphQLSchema;
  /** Whether clients may ask for the schema. */
  readonly introspection: boolean;
}

/** The setting is named as in the refusal of an introspection query. */
const HIDDEN: Refusal = {
  status: 404,
  code: 'BAD_REQUEST',
  message: 'The schema is hidden here; INTROSPECTION=true shows it',
};

/** `GET /schema.graphql`: the schema as one text, for code generators and for people. */
export function schemaTextRoute(app: FastifyInstance, { schema, introspection }: SchemaTextOptions): void {
  const body = printSorted(schema);
  const content = { body, etag: entityTag(body), compressed: new CompressedBodies() };

  async function send(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    if (!introspection) return sendRefusal(reply, HIDDEN);
    const vary = reply.getHeader('vary');
    void reply.headers({
      'content-type': 'text/plain; charset=utf-8',
      // It changes with a new version of the gateway.
      'cache-control': 'no-cache',
      etag: content.etag,
      vary: vary === undefined ? 'Accept-Encoding' : `${String(vary)}, Accept-Encoding`,
    });
    const sent = await represent(content, request);
    if (sent.body === undefined) return reply.code(304).send();
    if (sent.encoding !== undefined) void reply.header('content-encoding', sent.encoding);
    return reply.send(sent.body);
  }
  app.route({
    method: ['GET', 'HEAD'],
    url: '/schema.graphql',
    handler: (request, reply) => send(request, reply),
  });
}
