import { ICE_ACTIONS, type ActionState, type IceAction } from './actions.ts';
import type { CredentialsProvider } from './credentials.ts';
import { IceError, isNotFound, outcomeOf } from './errors.ts';
import type { IceEmitter } from './events.ts';
import { createGate, type CallContext, type Gate, type Success } from './gate.ts';
import { readResponse, type IceResponse } from './response.ts';
import { retry } from './retry.ts';
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
  /** Clock of the signature's date. @default the system's */
  readonly now?: () => Date;
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
  readonly parameters: Readonly<Record<string, string>>;
  readonly decode: (members: IceResponse['members']) => T | undefined;
  /** What it means that ICE does not know the thing asked for. @default it is an error */
  readonly absent?: T;
}

/** How ICE is asked. Every method throws {@link IceError}. */
export interface Questions {
  /** The state of each action at this moment. */
  readonly state: Readonly<Record<IceAction, ActionState>>;
  /** Asks a question that may be asked again. */
  read<T>(question: Question<T>, context: CallContext): Promise<Observed<T>>;
  /** Asks for a change, which must not happen twice. It is one attempt, which `signal` only ends before it is sent. */
  change<T>(question: Question<T>, context: CallContext): Promise<Observed<T>>;
  /** Closes idle connections. */
  close(): void;
}

/**
 * A read is retried. A change is not. Each attempt passes the circuit breaker of its action and then its budget. So every
 * attempt waits for a turn of its own, and is signed when that turn has come.
 */
export function createQuestions(options: QuestionsOptions): Questions {
  const { endpoint, credentials, timeoutMs, callsPerSecond, maxConcurrency } = options;
  const { events, now = () => new Date() } = options;
  const maxSockets = ICE_ACTIONS.length * maxConcurrency;
  const reading = createTransport({ endpoint, timeoutMs, maxSockets, keepAlive: true, now });
  // The gate bounds it. If the agent were bounded too, Node would keep its connections in spite of `keepAlive`.
  const changing = createTransport({ endpoint, timeoutMs, maxSockets: Infinity, keepAlive: false, now });
  const limits = { callsPerSecond, maxConcurrency, events };
  const gates = {
    GetPackageJob: createGate({ action: 'GetPackageJob', ...limits }),
    ListPackageJobs: createGate({ action: 'ListPackageJobs', ...limits }),
    SubmitPackageJob: createGate({ action: 'SubmitPackageJob', ...limits }),
  } satisfies Record<IceAction, Gate>;

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
      return retry(signal, (number) =>
        gates[question.action].attempt(number, context, async () => {
          const keys = await fetchKeys(credentials, question.action, signal);
          return send(question, reading, keys, now().getTime(), signal);
        }),
      );
    },
    async change(question, context) {
      const progress = { isSent: false };
      try {
        return await gates[question.action].attempt(1, context, async () => {
          const keys = await fetchKeys(credentials, question.action, context.signal);
          progress.isSent = true;
          return send(question, changing, keys, now().getTime(), new AbortController().signal);
        });
      } catch (error) {
        throw progress.isSent ? outcomeOf(error) : error;
      }
    },
    close() {
      reading.close();
      changing.close();
    },
  };
}

/** The keys may have to be fetched first. The deadline of the call holds for that too. */
function fetchKeys(
  credentials: CredentialsProvider,
  action: string,
  signal: AbortSignal,
): Promise<Credentials> {
  const { promise, resolve, reject } = Promise.withResolvers<Credentials>();
  const abort = () => reject(new IceError('UPSTREAM_TIMEOUT', { action }));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  credentials()
    .then(resolve, reject)
    .finally(() => signal.removeEventListener('abort', abort));
  return promise;
}

/** Sends one attempt and reads its response. */
async function send<T>(
  { action, parameters, decode, absent }: Question<T>,
  transport: Transport,
  credentials: Credentials,
  observedAt: number,
  signal: AbortSignal,
): Promise<Success<Observed<T>>> {
  const raw = await transport.send(action, parameters, credentials, signal);
  try {
    const { members, requestId } = readResponse(action, raw);
    const value = decode(members);
    if (value === undefined) throw new IceError('UPSTREAM_MALFORMED', { action, requestId });
    return { value: { value, observedAt }, requestId };
  } catch (error) {
    if (absent === undefined || !(error instanceof IceError)) throw error;
    const { upstreamCode, requestId } = error.details;
    if (!isNotFound(upstreamCode)) throw error;
    return { value: { value: absent, observedAt }, requestId };
  }
}
