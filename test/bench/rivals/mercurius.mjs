import fastify from 'fastify';
import mercurius from 'mercurius';
import { createWork } from '../support/work.ts';

// As https://mercurius.dev has it, with queries compiled the second time they come.
const { schema, context, port } = createWork();
const app = fastify();
app.register(mercurius, { schema, context, jit: 1 });
console.log(`listening on ${await app.listen({ port })}`);
