import { afterAll, beforeAll, expect, vi } from 'vitest';

/** What keeps a process alive when it is forgotten. */
const KINDS = ['TCPSocketWrap', 'TCPServerWrap', 'TCPConnectWrap', 'TLSWrap', 'Timeout', 'Immediate'];

function countResources(): Record<string, number> {
  const active = process.getActiveResourcesInfo();
  return Object.fromEntries(KINDS.map((kind) => [kind, active.filter((name) => name === kind).length]));
}

/** Has the file fail when its tests leave sockets, servers or timers behind, or rejections that nobody handled. */
export function expectNoLeaks(): void {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  let before: Record<string, number> = {};
  let polls = 0;

  beforeAll(async () => {
    process.on('unhandledRejection', note);
    // Counted while polling, as afterwards, for the timers of the poll itself.
    before = await vi.waitFor(() => {
      polls += 1;
      expect(polls).toBeGreaterThan(1);
      return countResources();
    });
  });

  afterAll(async () => {
    await vi.waitFor(
      () => {
        const now = countResources();
        expect(KINDS.filter((kind) => (now[kind] ?? 0) > (before[kind] ?? 0))).toEqual([]);
      },
      { timeout: 10_000 },
    );
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
}
