import type { Admit, Asker } from '../../ice/askers.ts';
import type { CallContext } from '../../ice/client.ts';

/** A read that others share calls with. */
export interface SharedRead {
  readonly context: CallContext;
}

/**
 * The read whose receipt has the calls that serve all of these. The gateway itself pays for what it shares, so that it knows what
 * its sweeps cost.
 */
export function payerOf<Read extends SharedRead>(reads: readonly Read[]): Read | undefined {
  return reads.find(({ context }) => context.client === '') ?? reads[0];
}

/**
 * A context for calls that serve all of these reads. It ends with the last of them. Its calls take the turns of all clients
 * that ask for one of them, as an operation of their own.
 */
export function sharedContext(reads: readonly SharedRead[]): CallContext {
  const controller = new AbortController();
  let left = reads.length;
  for (const { context } of reads) {
    const leave = () => {
      left -= 1;
      if (left === 0) controller.abort();
    };
    if (context.signal.aborted) leave();
    else context.signal.addEventListener('abort', leave, { once: true });
  }
  const payer = payerOf(reads)?.context;
  return {
    signal: controller.signal,
    client: payer?.client ?? '',
    turnKey: controller,
    askers: { each: (admit) => admitClients(reads, controller, admit) },
    onCall: (call) => payer?.onCall(call),
  };
}

/** Gives one place to each client that asks for one of these reads, for as long as one of its reads waits. */
function admitClients(reads: readonly SharedRead[], turnKey: object, admit: Admit): () => void {
  const places = new Map<string, { count: number; readonly giveUp: () => void }>();
  const admitOnce = ({ client }: Asker) => {
    const place = places.get(client) ?? { count: 0, giveUp: admit({ client, turnKey }) };
    places.set(client, place);
    place.count += 1;
    return () => {
      place.count -= 1;
      if (place.count > 0) return;
      places.delete(client);
      place.giveUp();
    };
  };
  const ends = reads.map(({ context }) => context.askers?.each(admitOnce) ?? admitOnce(context));
  return () => {
    for (const end of ends) end();
  };
}
