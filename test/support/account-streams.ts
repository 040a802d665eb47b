import { vi } from 'vitest';
import { openSocket } from './socket.ts';

/** A result of a subscription to all jobs. */
export interface AccountEvent {
  readonly data: { readonly packageJobsUpdated: AccountEventJob | null } | null;
  readonly errors?: readonly { readonly extensions: Readonly<Record<string, unknown>> }[];
}

export interface AccountEventJob {
  readonly id: string;
  readonly status: string;
  readonly outputUrl?: string | null;
}

/** A subscription to all jobs, however it is carried. */
export interface AccountStream {
  readonly events: readonly AccountEvent[];
  /** Whether it has ended with `complete`, or with the last part. */
  readonly isComplete: () => boolean;
  /** Resolves when the events are as wanted. */
  readonly until: (isWanted: (events: readonly AccountEvent[]) => boolean) => Promise<void>;
  readonly leave: () => void;
}

export const TRANSPORTS = ['WebSocket', 'server-sent events', 'multipart'] as const;

export type Transport = (typeof TRANSPORTS)[number];

const FIELDS = 'id status';

/** Subscribes to all jobs. */
export async function followAll(
  url: string,
  transport: Transport,
  filter: object = {},
  fields = FIELDS,
  headers: Readonly<Record<string, string>> = {},
): Promise<AccountStream> {
  const query = `subscription ($filter: PackageJobFilter) { packageJobsUpdated(filter: $filter) { ${fields} } }`;
  const payload = { query, variables: { filter } };
  return transport === 'WebSocket'
    ? bySocket(url, payload, headers)
    : byResponse(url, payload, transport, headers);
}

/** The states that were told of a job, in order. */
export function statusesOf({ events }: AccountStream, id: string): (string | undefined)[] {
  return events.flatMap(({ data }) =>
    data?.packageJobsUpdated?.id === id ? data.packageJobsUpdated.status : [],
  );
}

async function bySocket(
  url: string,
  payload: object,
  headers: Record<string, string>,
): Promise<AccountStream> {
  const { send, socket, messages, message } = await openSocket(url, { headers });
  send({ id: '1', type: 'subscribe', payload });
  // Once it is answered, the subscription that was sent before has been read.
  send({ id: '2', type: 'subscribe', payload: { query: '{ __typename }' } });
  await message(({ id, type }) => id === '2' && type === 'complete');
  const events = () =>
    messages.flatMap(({ id, type, payload }) =>
      id === '1' && type === 'next' ? [payload as AccountEvent] : [],
    );
  return streamOf(
    events,
    () => messages.some(({ id, type }) => id === '1' && type === 'complete'),
    () => socket.terminate(),
  );
}

async function byResponse(
  url: string,
  payload: object,
  transport: Transport,
  headers: Readonly<Record<string, string>>,
): Promise<AccountStream> {
  const controller = new AbortController();
  const accept = transport === 'multipart' ? 'multipart/mixed; subscriptionSpec="1.0"' : 'text/event-stream';
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, ...headers },
    body: JSON.stringify(payload),
    signal: controller.signal,
  });
  let text = '';
  const read = async () => {
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
  };
  read().catch(() => undefined);
  const parts = () =>
    transport === 'multipart'
      ? text
          .split(/\r\n--graphql(?:--)?/)
          .map((part) => (JSON.parse(/\{.*\}/.exec(part)?.[0] ?? '{}') as { payload?: AccountEvent }).payload)
      : [...text.matchAll(/^event: next\ndata: (.*)$/gm)].map(
          ([, data = '']) => JSON.parse(data) as AccountEvent,
        );
  return streamOf(
    () => parts().filter((part) => part !== undefined),
    () => /event: complete|--graphql--/.test(text),
    () => controller.abort(),
  );
}

function streamOf(events: () => AccountEvent[], isComplete: () => boolean, leave: () => void): AccountStream {
  return {
    get events() {
      return events();
    },
    isComplete,
    leave,
    until: (isWanted) =>
      vi.waitFor(
        () => {
          if (!isWanted(events())) throw new Error(`not yet: ${JSON.stringify(events()).slice(-2000)}`);
        },
        { timeout: 60_000, interval: 10 },
      ),
  };
}
