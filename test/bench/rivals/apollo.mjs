import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { createWork } from '../support/work.ts';

// As https://www.apollographql.com/docs/apollo-server has it.
const { schema, context, port } = createWork();
const server = new ApolloServer({ schema });
const { url } = await startStandaloneServer(server, {
  context: () => Promise.resolve(context()),
  listen: { port, host: '127.0.0.1' },
});
console.log(`listening on ${url}`);
