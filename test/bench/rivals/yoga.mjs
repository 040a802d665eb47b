import { createServer } from 'node:http';
import { useGraphQlJit } from '@envelop/graphql-jit';
import { useResponseCache } from '@graphql-yoga/plugin-response-cache';
import { createYoga } from 'graphql-yoga';
import { createWork } from '../support/work.ts';

// As https://the-guild.dev/graphql/yoga-server has it; with CACHE=on whole answers are kept, for all callers alike.
const { schema, context, port } = createWork();
const plugins = [useGraphQlJit()];
if (process.env.CACHE === 'on') plugins.push(useResponseCache({ session: () => null }));
const yoga = createYoga({ schema, context, plugins, logging: false, graphiql: false, landingPage: false });
const server = createServer(yoga);
server.listen(port, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${String(server.address().port)}`);
});
