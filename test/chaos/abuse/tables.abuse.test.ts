import { CALLS } from './tables/calls.ts';
import { CONNECTIONS } from './tables/connections.ts';
import { DOCUMENTS } from './tables/documents.ts';
import { SUBSCRIPTIONS } from './tables/subscriptions.ts';
import { WAITS } from './tables/waits.ts';
import { testRows } from './support/rows.ts';

testRows('caches weigh what they retain', DOCUMENTS, 'usual');
testRows('caches weigh what they retain', DOCUMENTS, 'others');
testRows('subscriptions', SUBSCRIPTIONS, 'usual');
testRows('subscriptions', SUBSCRIPTIONS, 'others');
testRows('waits', WAITS, 'usual');
testRows('waits', WAITS, 'others');
testRows('the call budget', CALLS, 'usual');
testRows('the call budget', CALLS, 'others');
testRows('connections', CONNECTIONS, 'usual');
testRows('connections', CONNECTIONS, 'others');
