import 'graphiql/setup-workers/vite';

// Not graphiql/style.css: it repeats all of Monaco's style, which Monaco brings along itself.
import '@graphiql/react/font/fira-code.css';
import '@graphiql/react/font/roboto.css';
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './style.css';

import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import icon from './icon.svg';
import { listOperations } from './operations.ts';

const fetcher = createGraphiQLFetcher({ url: '/graphql', enableIncrementalDelivery: false });

// `/?operation=<name>` opens that example.
const linked = new URLSearchParams(location.search).get('operation');
const operations = listOperations(linked ?? 'package-job');
const linkedQuery = operations.find(({ name }) => name === linked)?.query;

// The link has done its work: a reload shows what the visitor has made of it since.
if (linked !== null) history.replaceState(null, '', location.pathname);

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');

createRoot(root).render(
  <GraphiQL
    fetcher={fetcher}
    defaultTabs={operations.map(({ query }) => ({ query }))}
    {...(linkedQuery && { initialQuery: linkedQuery, initialVariables: '' })}
  >
    <GraphiQL.Logo>
      <div className="brand">
        <img src={icon} alt="" width="20" height="20" />
        <span>Package Job Gateway</span>
      </div>
    </GraphiQL.Logo>
  </GraphiQL>,
);
