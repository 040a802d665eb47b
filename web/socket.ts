import {
  createClient,
  type Client as SocketClient,
  type ClientOptions,
  type FormattedExecutionResult,
  type Sink,
  type SubscribePayload,
} from 'graphql-ws';

/**
 * The connection of all subscriptions: not needed, open, or lost. A lost one is sought until it is open again. It counts as lost
 * while the gateway has no room for one of the subscriptions, too.
 */
export type Connection = 'idle' | 'live' | 'lost';

export interface Socket extends SocketClient {
  readonly connection: () => Connection;
  /** Calls back when the connection changes, until the returned function is called. */
  readonly onConnection: (listener: () => void) => () => void;
  /** Looks at the connection now. For apps that return from the background. */
  readonly wake: () => void;
}

/** How long a connect and a pong may take. A socket that is half-open answers nothing, and never closes by itself. */
const CONNECT_MS = 10_000;
const PONG_MS = 5_000;

/**
 * Connects for the first subscription, disconnects after the last, and reconnects for as long as there is one. A subscription
 * that the gateway has no room for at present begins when it has.
 *
 * @param connectionParams goes with each connect, such as `async () => ({ authorization: 'Bearer …' })`. A function is asked
 *   again when its token is refused, or has ended
 */
export function createSocket(url: string, connectionParams?: ClientOptions['connectionParams']): Socket {
  let connection: Connection = 'idle';
  let ping: (() => void) | undefined;
  let announcedMs: number | undefined;
  let retryNow: (() => void) | undefined;
  let isWaiting = false;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let rest: ReturnType<typeof setTimeout> | undefined;
  /** How many subscriptions the gateway has no room for. */
  let refused = 0;
  const listeners = new Set<() => void>();

  function tell() {
    for (const listener of listeners) listener();
  }
  function change(next: Connection) {
    connection = next;
    tell();
  }
  function expectAnswer(withinMs: number) {
    clearTimeout(silence);
    silence = setTimeout(() => client.terminate(), withinMs);
  }
  /** The client goes on at once, unless no subscription is left or the gateway has refused it for good. */
  function restUnlessRetried() {
    rest = setTimeout(() => void (isWaiting || change('idle')));
  }
  function wake() {
    retryNow?.();
    if (connection !== 'live') return;
    ping?.();
    expectAnswer(PONG_MS);
  }

  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    connectionParams,
    keepAlive: 10_000,
    retryAttempts: Infinity,
    // By default a refused connect is not retried. After a refused token only a function has another one.
    shouldRetry: (event) => typeof connectionParams === 'function' || !isClose(event, 4403),
    async retryWait(retries) {
      // A gateway that stops announces its own time.
      const ms = announcedMs ?? delayAfter(retries);
      announcedMs = undefined;
      isWaiting = true;
      await new Promise<void>((resolve) => {
        retryNow = resolve;
        setTimeout(resolve, ms);
      });
      isWaiting = false;
      restUnlessRetried();
    },
    on: {
      connecting() {
        clearTimeout(rest);
        expectAnswer(CONNECT_MS);
      },
      opened(socket) {
        if (socket instanceof WebSocket) ping = () => socket.send('{"type":"ping"}');
      },
      connected() {
        clearTimeout(silence);
        change('live');
      },
      ping: (isReceived) => void (isReceived || expectAnswer(PONG_MS)),
      pong: (isReceived) => void (isReceived && clearTimeout(silence)),
      closed(event) {
        clearTimeout(silence);
        if (isClose(event, 1000)) return change('idle');
        announcedMs = isClose(event, 1001) ? delayIn(event.reason) : undefined;
        change('lost');
        restUnlessRetried();
      },
    },
  });

  if (typeof document !== 'undefined') {
    addEventListener('online', wake);
    document.addEventListener('visibilitychange', () => void (document.hidden || wake()));
  }

  /** Subscribes again when the gateway has no room for the subscription. graphql-ws would take that for its end. */
  function subscribe<Data, Extensions>(
    payload: SubscribePayload,
    sink: Sink<FormattedExecutionResult<Data, Extensions>>,
  ): () => void {
    let refusals = 0;
    let pause: ReturnType<typeof setTimeout> | undefined;
    let stop = begin();
    function setRefusals(count: number) {
      if (count === refusals) return;
      refused += Number(count > 0) - Number(refusals > 0);
      refusals = count;
      tell();
    }
    function begin() {
      pause = undefined;
      return client.subscribe<Data, Extensions>(payload, {
        next(result) {
          setRefusals(0);
          sink.next(result);
        },
        error(error) {
          if (isRefusedForNow(error)) {
            pause = setTimeout(() => (stop = begin()), delayAfter(refusals));
            return setRefusals(refusals + 1);
          }
          setRefusals(0);
          sink.error(error);
        },
        complete() {
          setRefusals(0);
          sink.complete();
        },
      });
    }
    return () => {
      stop();
      setRefusals(0);
      if (pause === undefined) return;
      clearTimeout(pause);
      pause = undefined;
      sink.complete();
    };
  }

  return {
    ...client,
    subscribe,
    wake,
    connection: () => (refused > 0 ? 'lost' : connection),
    onConnection(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Random, so that not all who were refused come back at once. */
function delayAfter(attempts: number): number {
  return Math.min(1_000 * 2 ** attempts, 10_000) * (0.5 + Math.random() / 2);
}

/** Whether a subscription did not begin for reasons that pass, such as 100 others on its socket: they say when to come back. */
function isRefusedForNow(errors: unknown): boolean {
  return Array.isArray(errors) && errors.every(saysWhen);
}

function saysWhen({ extensions }: { extensions?: { retryAfterMs?: number } }): boolean {
  return extensions?.retryAfterMs !== undefined;
}

/** The events of browsers and those of graphql-ws itself have no class in common. */
function isClose(event: unknown, code: number): event is { readonly reason: string } {
  return typeof event === 'object' && event !== null && 'code' in event && event.code === code;
}

/** The milliseconds in a reason such as `Going away; reconnect in 1234 ms`. */
function delayIn(reason: string): number | undefined {
  const [, ms] = /reconnect in (\d+) ms/.exec(reason) ?? [];
  return ms === undefined ? undefined : Number(ms);
}
