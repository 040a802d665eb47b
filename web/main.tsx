import 'graphiql/setup-workers/vite';

// graphiql/style.css is not imported, because it repeats the style that Monaco already contains.
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './style/palette.css';
import './style/ide.css';
import './style/graphiql-theme.css';
import './style/ide-phone.css';

import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import { Connection } from './connection.tsx';
import { EarlyRun } from './early-run.tsx';
import { EditorTheme } from './editor-theme.tsx';
import { fetcher } from './fetcher.ts';
import icon from './icon.svg';
import { readLink } from './link.ts';
import { listOperations } from './operations.ts';
import { INTROSPECTION_NAME } from './schema.ts';

const operations = listOperations('package-job');
const tabs = operations.map(({ query }) => ({ query }));
const link = readLink(location.search, operations);

// Without the search part, a reload shows what the user has edited since then.
if (location.search !== '') history.replaceState(null, '', location.pathname);

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');

createRoot(root).render(
  <GraphiQL
    fetcher={fetcher}
    introspectionQueryName={INTROSPECTION_NAME}
    defaultTabs={link ? [link, ...tabs.filter(({ query }) => query !== link.query)] : tabs}
    {...(link && { initialQuery: link.query, initialVariables: link.variables })}
  >
    <GraphiQL.Logo>
      <div className="brand">
        <img src={icon} alt="" width="20" height="20" />
        <span>Package Job Gateway</span>
        <a href="./board">Job board</a>
        <Connection />
      </div>
      <EarlyRun />
      <EditorTheme />
    </GraphiQL.Logo>
  </GraphiQL>,
);
