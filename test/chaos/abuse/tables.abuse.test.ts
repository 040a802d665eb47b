import { CALLS } from './tables/calls.ts';
import { CONNECTIONS } from './tables/connections.ts';
import { DOCUMENTS } from './tables/documents.ts';
import { SUBSCRIPTIONS } from './tables/subscriptions.ts';
import { WAITS } from './tables/waits.ts';
import { testRows } from './support/rows.ts';

testRows('caches weigh what they retain', DOCUMENTS);
testRows('subscriptions', SUBSCRIPTIONS);
testRows('waits', WAITS);
testRows('the call budget', CALLS);
testRows('connections', CONNECTIONS);
