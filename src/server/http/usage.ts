/** What one client has of the gateway at this moment. */
interface Use {
  readonly key: string;
  connections: number;
  requests: number;
  held: number;
  unread: number;
  /** Its connections on which something is unread. */
  readonly readers: Set<Reader>;
}

/** A connection that somebody reads from. */
export interface Reader {
  /** The key of the client. It must not change while something is unread. */
  readonly clientKey: string;
  /** In bytes. Only {@link Usage.setUnread} writes it. */
  unread: number;
  cut(): void;
}

/** The most of one thing. */
export interface Limit {
  readonly client: number;
  readonly gateway: number;
}

export interface UsageLimits {
  /** TCP connections. */
  readonly connections: Limit;
  /** HTTP requests that have come and whose responses the system has not taken over. */
  readonly requests: Limit;
  /** What requests and messages under way take in memory, in bytes. See `heldBytes`. */
  readonly held: Limit;
  /** What was sent and the system has not taken over, in bytes. Over it, new requests are refused. */
  readonly unread: Limit;
  /** The same. Over it, the connection with the most is cut. */
  readonly unreadMost: Limit;
}

export type Resource = Exclude<keyof UsageLimits, 'unreadMost'>;

/** A limit that somebody is at. */
export interface Excess {
  readonly resource: Resource;
  readonly limit: keyof Limit;
}

/** What clients have of the gateway, for each client and in all. Clients go by their key. */
export interface Usage {
  readonly totals: Readonly<Record<Resource, number>>;
  /** Counts connections. A negative number frees. */
  connect(clientKey: string, connections: number): void;
  /** Counts a request that holds these bytes. */
  begin(clientKey: string, held: number): void;
  /** Ends a request that holds these bytes by now. */
  end(clientKey: string, held: number): void;
  /** Counts bytes that are held. A negative number frees. */
  hold(clientKey: string, bytes: number): void;
  /** Says how much of what was sent is unread. It may cut this connection, or another one. */
  setUnread(reader: Reader, bytes: number): void;
  /**
   * Which limit keeps a client from having this much more. `undefined`: none does.
   *
   * @param clientKey `undefined`: only the limit of the gateway counts
   */
  excess(clientKey: string | undefined, resource: Resource, more: number): keyof Limit | undefined;
  /** Which limit keeps a client from having one more request, which holds these bytes. */
  excessOfRequest(clientKey: string, held: number): Excess | undefined;
}

/** What a request adds to. */
const OF_A_REQUEST = ['requests', 'held', 'unread'] as const satisfies readonly Resource[];

// oxlint-disable-next-line max-lines-per-function -- its short functions share the counts
export function createUsage(limits: UsageLimits): Usage {
  const uses = new Map<string, Use>();
  const totals: Record<Resource, number> = { connections: 0, requests: 0, held: 0, unread: 0 };

  /** Most look-ups are of the client of the one before. */
  let last: Use | undefined;

  function find(key: string): Use | undefined {
    if (last?.key === key) return last;
    return (last = uses.get(key));
  }

  function useOf(key: string): Use {
    let use = find(key);
    if (use === undefined) {
      use = { key, connections: 0, requests: 0, held: 0, unread: 0, readers: new Set() };
      uses.set(key, use);
    }
    return use;
  }

  function count(use: Use, resource: Resource, change: number): void {
    use[resource] += change;
    totals[resource] += change;
  }

  function freeUnused({ key, connections, requests, held, unread }: Use): void {
    if (connections > 0 || requests > 0 || held > 0 || unread > 0) return;
    uses.delete(key);
    last = undefined;
  }

  function excessOf(use: Use | undefined, resource: Resource, more: number): keyof Limit | undefined {
    const { client, gateway } = limits[resource];
    if ((use?.[resource] ?? 0) + more > client) return 'client';
    return totals[resource] + more > gateway ? 'gateway' : undefined;
  }

  return {
    totals,
    connect(clientKey, connections) {
      const use = useOf(clientKey);
      count(use, 'connections', connections);
      freeUnused(use);
    },
    begin(clientKey, held) {
      const use = useOf(clientKey);
      count(use, 'requests', 1);
      count(use, 'held', held);
    },
    end(clientKey, held) {
      const use = useOf(clientKey);
      count(use, 'requests', -1);
      count(use, 'held', -held);
      freeUnused(use);
    },
    hold(clientKey, bytes) {
      const use = useOf(clientKey);
      count(use, 'held', bytes);
      freeUnused(use);
    },
    setUnread(reader, bytes) {
      const change = bytes - reader.unread;
      if (change === 0) return;
      const use = useOf(reader.clientKey);
      reader.unread = bytes;
      count(use, 'unread', change);
      if (bytes > 0) use.readers.add(reader);
      else use.readers.delete(reader);
      freeUnused(use);
      if (change < 0) return;
      if (use.unread > limits.unreadMost.client) slowest([use])?.cut();
      else if (totals.unread > limits.unreadMost.gateway) slowest(uses.values())?.cut();
    },
    excess(clientKey, resource, more) {
      return excessOf(clientKey === undefined ? undefined : find(clientKey), resource, more);
    },
    excessOfRequest(clientKey, held) {
      const use = find(clientKey);
      for (const resource of OF_A_REQUEST) {
        const limit = excessOf(use, resource, resource === 'held' ? held : 1);
        if (limit !== undefined) return { resource, limit };
      }
      return undefined;
    },
  };
}

/** The connection with the most unread. */
function slowest(uses: Iterable<Use>): Reader | undefined {
  let most: Reader | undefined;
  for (const { readers } of uses)
    for (const reader of readers) if (reader.unread > (most?.unread ?? 0)) most = reader;
  return most;
}
