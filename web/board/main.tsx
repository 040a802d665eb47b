import '../style/palette.css';
import './style/base.css';
import './style/page.css';
import './style/status.css';
import './style/list.css';
import './style/panel.css';
import './style/submit.css';

import { ApolloProvider } from '@apollo/client/react';
import { createRoot } from 'react-dom/client';
import { Board } from './board.tsx';
import { client } from './client.ts';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');

createRoot(root).render(
  <ApolloProvider client={client}>
    <Board />
  </ApolloProvider>,
);
