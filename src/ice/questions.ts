import { ICE_ACTIONS, type ActionState, type IceAction } from './actions.ts';
import type { CredentialsProvider } from './credentials.ts';
import { createServerClock, type ServerClock } from './clock.ts';
import {
  IceError,
  isKeyRefusal,
  isNonceUsed,
  isNotFound,
  isTimestampRefusal,
  isUnread,
  outcomeOf,
} from './errors.ts';
import type { IceEmitter } from './events.ts';
import { createGate, type CallContext, type Gate, type Success } from './gate.ts';
import type { ProxySettings } from './proxy.ts';
import { readResponse, type IceResponse } from './response.ts';
import { retry } from './retry.ts';
import type { SharedRate } from './shared-rate.ts';
import type { Credentials } from './sign.ts';
import { createTransport, type Transport } from './transport.ts';

export interface QuestionsOptions {
  /** Scheme, host and port of ICE in the account's region, such as `https://ice.cn-shanghai.aliyuncs.com`. */
  readonly endpoint: URL;
  readonly credentials: CredentialsProvider;
  /** Limit for one attempt, in milliseconds. */
  readonly timeoutMs: number;
  /** Most calls of one action started in any second. After ICE throttled some there are fewer for a while. */
  readonly callsPerSecond: number;
  /** Most calls of one action in flight at once. */
  readonly maxConcurrency: number;
  readonly events: IceEmitter;
  /** The clock of this machine. @default the system's */
  readonly now?: () => Date;
  /** ICE's clock, which calls are signed by, where others go by it too. @default one of its own */
  readonly clock?: ServerClock;
  /** @default none */
  readonly proxies?: ProxySettings | undefined;
  /** The rates of calls that are shared with other replicas. @default none is */
  readonly sharedRates?: Readonly<Record<IceAction, SharedRate>> | undefined;
}

/** What ICE said, and when. */
export interface Observed<T> {
  readonly value: T;
  /** When the successful attempt was sent, in milliseconds since 1970. The value is at least as new as that. */
  readonly observedAt: number;
}

/** One question to ICE. `decode` gives `undefined` for a response that ICE does not document. */
export interface Question<T> {
  readonly action: IceAction;
  /** The parameters of the next attempt. */
  readonly parameters: () => Readonly<Record<string, string>>;
  readonly decode: (members: IceResponse['members']) => T | undefined;
  /** What it means that ICE does not know the thing asked for. @default it is an error */
  readonly absent?: T;
  /** Is called when a response was too long to be read, before the next attempt. */
  readonly onTooLong?: (bytes: number) => void;
}

/** How ICE is asked. Every method throws {@link IceError}. */
export interface Questions {
  /** The state of each action at this moment. */
  readonly state: Readonly<Record<IceAction, ActionState>>;
  /** Asks a question that may be asked again. */
  read<T>(question: Question<T>, context: CallContext): Promise<Observed<T>>;
  /**
   * Asks for a change, which must not happen twice. It is one attempt, which `signal` only ends before it is sent. A second one
   * follows a refusal for the key or the date of the signature, if the cause is gone.
   */
  change<T>(question: Question<T>, context: CallContext): Promise<Observed<T>>;
  /** Closes idle connections. */
  close(): void;
}

/** What one attempt was signed with. */
interface Signed {
  keys: Credentials | undefined;
  /** ICE's time less ours, in milliseconds. */
  differenceMs: number;
}

/**
 * A read is retried. A change is not, unless it was refused unread. Each attempt passes the circuit breaker of its action and then its budget. So every
 * attempt waits for a turn of its own, and is signed when that turn has come. Keys that must be looked up are awaited before
 * that, so that nobody waits behind them.
 */
// oxlint-disable-next-line max-lines-per-function -- its short functions share the gates and the transports
export function createQuestions(options: QuestionsOptions): Questions {
  const { endpoint, credentials, timeoutMs, callsPerSecond, maxConcurrency, proxies } = options;
  const { events, now = () => new Date(), sharedRates } = options;
  const machineNow = () => now().getTime();
  const clock =
    options.clock ??
    createServerClock(machineNow, (differenceMs) => void events.emit('clockCorrected', differenceMs));
  const maxSockets = ICE_ACTIONS.length * maxConcurrency;
  const reading = createTransport({ endpoint, timeoutMs, maxSockets, keepAlive: true, proxies });
  // The gate bounds it. If the agent were bounded too, Node would keep its connections in spite of `keepAlive`.
  const changing = createTransport({ endpoint, timeoutMs, maxSockets: Infinity, keepAlive: false, proxies });
  const gateOf = (action: IceAction) =>
    createGate({ action, callsPerSecond, maxConcurrency, events, shared: sharedRates?.[action] });
  const gates = {
    GetPackageJob: gateOf('GetPackageJob'),
    ListPackageJobs: gateOf('ListPackageJobs'),
    SubmitPackageJob: gateOf('SubmitPackageJob'),
  } satisfies Record<IceAction, Gate>;

  const fetchKeys = (signal: AbortSignal) => withinLimit('Credentials', signal, timeoutMs, credentials());

  /** Sends one attempt and reads its response. */
  async function send<T>(
    { action, parameters, decode, absent, onTooLong }: Question<T>,
    transport: Transport,
    keys: Credentials,
    signal: AbortSignal,
  ): Promise<Success<Observed<T>>> {
    const observedAt = machineNow();
    const raw = await transport.send(action, parameters(), keys, new Date(clock.now()), signal);
    const { status, headers } = raw;
    const { date } = headers;
    const observe = (isRefusal: boolean) =>
      void clock.observe(typeof date === 'string' ? date : undefined, observedAt, isRefusal);
    try {
      const { members, requestId } = readResponse(action, raw);
      observe(false);
      const value = decode(members);
      if (value === undefined) throw new IceError('UPSTREAM_MALFORMED', { action, requestId, status });
      return { value: { value, observedAt }, requestId, status };
    } catch (error) {
      if (!(error instanceof IceError)) throw error;
      const { upstreamCode, requestId, tooLongBytes } = error.details;
      if (tooLongBytes !== undefined) onTooLong?.(tooLongBytes);
      // Another refusal does not say whether ICE had read the date, and what a proxy answers tells no time of ICE.
      if (isTimestampRefusal(upstreamCode)) observe(true);
      if (absent === undefined || !isNotFound(upstreamCode)) throw error;
      return { value: { value: absent, observedAt }, requestId, status };
    }
  }

  /** Whether the cause of a refusal is gone: there are other keys now, or the clock is right now. */
  async function heal({ details }: IceError, signed: Signed, signal: AbortSignal): Promise<boolean> {
    const { upstreamCode } = details;
    if (isTimestampRefusal(upstreamCode)) return clock.now() - machineNow() !== signed.differenceMs;
    if (isNonceUsed(upstreamCode)) return true;
    if (!isKeyRefusal(upstreamCode) || signed.keys === undefined) return false;
    const replaced = credentials.replace?.(signed.keys) ?? Promise.resolve(false);
    return withinLimit('Credentials', signal, timeoutMs, replaced).catch(() => false);
  }

  return {
    get state() {
      const { GetPackageJob, ListPackageJobs, SubmitPackageJob } = gates;
      return {
        GetPackageJob: GetPackageJob.state,
        ListPackageJobs: ListPackageJobs.state,
        SubmitPackageJob: SubmitPackageJob.state,
      };
    },
    read(question, context) {
      const { signal } = context;
      const signed: Signed = { keys: undefined, differenceMs: 0 };
      return retry(
        signal,
        async (number) => {
          if (!signal.aborted) await fetchKeys(signal);
          return gates[question.action].attempt(number, context, async () => {
            signed.keys = await fetchKeys(signal);
            signed.differenceMs = clock.now() - machineNow();
            return send(question, reading, signed.keys, signal);
          });
        },
        (error) => heal(error, signed, signal),
      );
    },
    async change(question, context) {
      const { signal } = context;
      const signed: Signed = { keys: undefined, differenceMs: 0 };
      const attempt = async (number: number, progress: { isSent: boolean }) => {
        try {
          if (!signal.aborted) await fetchKeys(signal);
          return await gates[question.action].attempt(number, context, async () => {
            signed.keys = await fetchKeys(signal);
            signed.differenceMs = clock.now() - machineNow();
            progress.isSent = true;
            return send(question, changing, signed.keys, new AbortController().signal);
          });
        } catch (error) {
          throw progress.isSent ? outcomeOf(error) : error;
        }
      };
      try {
        return await attempt(1, { isSent: false });
      } catch (refusal) {
        if (!(refusal instanceof IceError) || !isUnread(refusal)) throw refusal;
        if (!(await heal(refusal, signed, signal))) throw refusal;
        const second = { isSent: false };
        return attempt(2, second).catch((error: unknown) => {
          throw second.isSent ? error : refusal;
        });
      }
    },
    close() {
      reading.close();
      changing.close();
    },
  };
}

/** Waits for something that goes on without us: until the call ends, and no longer than one attempt may take. */
function withinLimit<T>(
  action: string,
  signal: AbortSignal,
  timeoutMs: number,
  task: Promise<T>,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const leave = () => reject(new IceError('UPSTREAM_TIMEOUT', { action, upstreamCode: 'Timeout' }));
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave, { once: true });
  const timer = setTimeout(leave, timeoutMs);
  task.then(resolve, reject).finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', leave);
  });
  return promise;
}
