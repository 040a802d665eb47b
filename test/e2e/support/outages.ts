import { setTimeout as passes } from 'node:timers/promises';
import type { Line } from '../../support/line.ts';

/** The longest that a page takes to come back: a pong, a connect, a pause and a request that are in vain. */
export const RECOVERY = { timeout: 60_000 };

/** What happens between the browser and the gateway for longer than a person waits. `look` is called while it still does. */
export const OUTAGES = {
  'connections are refused for 20 s': async (
    line: Line,
    meanwhile: () => void,
    look: () => Promise<void>,
  ) => {
    await line.refuse();
    meanwhile();
    await passes(20_000);
    await look();
    await line.restore();
  },
  'all is swallowed for 60 s': async (line: Line, meanwhile: () => void, look: () => Promise<void>) => {
    line.swallow();
    meanwhile();
    await passes(60_000);
    await look();
    line.forward();
  },
};
