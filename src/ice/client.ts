import { readAnswer, type Answer } from './answer.ts';
import { createCounters, ICE_ACTIONS, type Counters, type IceAction } from './counters.ts';
import type { CredentialsProvider } from './credentials.ts';
import {
  decodeJobAnswer,
  decodeListAnswer,
  decodeSubmitAnswer,
  type IceJob,
  type IceJobPage,
  type Oddity,
  type ReportOddity,
} from './decode.ts';
import { IceError, isNotFound, outcomeOf } from './errors.ts';
import { createGate, type CallContext, type Gate, type Success } from './gate.ts';
import { retry } from './retry.ts';
import type { Credentials } from './sign.ts';
import { submissionParameters, type IceSubmission } from './submission.ts';
import { createTransport, type Transport } from './transport.ts';

export type { CallContext, CallRecord } from './gate.ts';

export interface IceClientOptions {
  /** Scheme, host and port of ICE in the account's region, such as `https://ice.cn-shanghai.aliyuncs.com`. */
  readonly endpoint: URL;
  readonly credentials: CredentialsProvider;
  /** Limit for one attempt, in milliseconds. */
  readonly timeoutMs: number;
  /** Most calls of one action started in any second; fewer for a while after ICE throttled some. */
  readonly callsPerSecond: number;
  /** Most calls of one action under way at once. */
  readonly maxConcurrency: number;
  /** Told of everything undocumented in an answer. */
  readonly report: ReportOddity;
  /** The process's counters. @default the client's own */
  readonly counters?: Counters;
  /** Clock of the signature's date. @default the system's */
  readonly now?: () => Date;
}

/** Which jobs ListPackageJobs returns. Times are `yyyy-MM-ddTHH:mm:ssZ`. */
export interface ListQuery {
  /** Only this job. */
  readonly jobId?: string;
  readonly status?: 'Init' | 'Success' | 'Fail';
  readonly startOfCreateTime?: string;
  readonly endOfCreateTime?: string;
  readonly orderBy: 'CreateTimeDesc' | 'CreateTimeAsc';
  /** 1 to 100. */
  readonly pageSize: number;
  readonly nextPageToken?: string;
}

/** What ICE told, and when. */
export interface Observed<T> {
  readonly value: T;
  /** When the attempt that succeeded was sent, in milliseconds since 1970; what it tells is at least as new. */
  readonly observedAt: number;
}

/** The packaging-job actions of ICE, version 2020-11-09. Every method throws {@link IceError}. */
export interface IceClient {
  /** One job by GetPackageJob; `null` when ICE does not know the id. */
  getPackageJob(id: string, context: CallContext): Promise<Observed<IceJob | null>>;
  /** One page of ListPackageJobs. Its jobs have no `outputUrl`. */
  listPackageJobs(query: ListQuery, context: CallContext): Promise<Observed<IceJobPage>>;
  /**
   * Submits one job by SubmitPackageJob and gives its id. Once sent it is not ended by the context's signal, only by the
   * limit of one attempt, and it is never sent twice: the submission of a caller that has left still ends in a known state.
   *
   * @throws {IceError} `isOutcomeUnknown` when ICE may have made the job; without it there is none
   */
  submitPackageJob(submission: IceSubmission, context: CallContext): Promise<Observed<string>>;
  /** Closes idle connections. */
  close(): void;
}

/** One question to ICE; `decode` gives `undefined` for an answer ICE does not document. */
interface Question<T> {
  readonly action: IceAction;
  readonly parameters: Readonly<Record<string, string>>;
  readonly decode: (members: Answer['members']) => T | undefined;
  /** What it means that ICE does not know the thing asked for. @default it is an error */
  readonly absent?: T;
}

/**
 * A read goes through retries, a change does not, and each attempt through its action's circuit breaker and
 * then its budget; so every attempt waits for a turn of its own, and is signed when that has come.
 */
export function createIceClient(options: IceClientOptions): IceClient {
  const { endpoint, credentials, timeoutMs, callsPerSecond, maxConcurrency } = options;
  const { counters = createCounters(), now = () => new Date() } = options;
  const maxSockets = ICE_ACTIONS.length * maxConcurrency;
  const reading = createTransport({ endpoint, timeoutMs, maxSockets, keepAlive: true, now });
  // Its gate bounds it; of an agent that is bounded too, Node keeps connections whatever it is told.
  const changing = createTransport({ endpoint, timeoutMs, maxSockets: Infinity, keepAlive: false, now });
  const limits = { callsPerSecond, maxConcurrency, counters };
  const gates = {
    GetPackageJob: createGate({ action: 'GetPackageJob', ...limits }),
    ListPackageJobs: createGate({ action: 'ListPackageJobs', ...limits }),
    SubmitPackageJob: createGate({ action: 'SubmitPackageJob', ...limits }),
  } satisfies Record<IceAction, Gate>;

  function report(oddity: Oddity): void {
    if (oddity.kind === 'unknown enum text') counters.unknownTexts += 1;
    options.report(oddity);
  }

  /** The keys may have to be fetched, for which the caller's deadline holds too. */
  function keys(action: string, signal: AbortSignal): Promise<Credentials> {
    const { promise, resolve, reject } = Promise.withResolvers<Credentials>();
    const abort = () => reject(new IceError('UPSTREAM_TIMEOUT', { action }));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    credentials()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
    return promise;
  }

  async function send<T>(
    { action, parameters, decode, absent }: Question<T>,
    transport: Transport,
    credentialsNow: Credentials,
    signal: AbortSignal,
  ): Promise<Success<Observed<T>>> {
    const observedAt = now().getTime();
    const raw = await transport.send(action, parameters, credentialsNow, signal);
    try {
      const { members, requestId } = readAnswer(action, raw);
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

  /** Asks what may be asked again. */
  function read<T>(question: Question<T>, context: CallContext): Promise<Observed<T>> {
    const { signal } = context;
    return retry(signal, (number) =>
      gates[question.action].attempt(number, context, async () =>
        send(question, reading, await keys(question.action, signal), signal),
      ),
    );
  }

  /** Asks for what must not happen twice: one attempt, which its caller can only take back before it is sent. */
  async function change<T>(question: Question<T>, context: CallContext): Promise<Observed<T>> {
    const progress = { isSent: false };
    try {
      return await gates[question.action].attempt(1, context, async () => {
        const credentialsNow = await keys(question.action, context.signal);
        progress.isSent = true;
        return send(question, changing, credentialsNow, new AbortController().signal);
      });
    } catch (error) {
      throw progress.isSent ? outcomeOf(error) : error;
    }
  }

  return {
    getPackageJob: (id, context) =>
      read(
        {
          action: 'GetPackageJob',
          parameters: { JobId: id },
          decode(members) {
            const job = decodeJobAnswer(members, report);
            return job && !isSameId(id, job.id) ? undefined : job;
          },
          absent: null,
        },
        context,
      ),
    listPackageJobs(query, context) {
      return read(
        {
          action: 'ListPackageJobs',
          parameters: listParameters(query),
          decode: (members) => decodeListAnswer(members, report),
        },
        context,
      );
    },
    submitPackageJob(submission, context) {
      return change(
        {
          action: 'SubmitPackageJob',
          parameters: submissionParameters(submission),
          decode: decodeSubmitAnswer,
        },
        context,
      );
    },
    close() {
      reading.close();
      changing.close();
    },
  };
}

/** ICE's documentation masks the last four characters of ids, as `ab48…****`. Any other job is not the one asked for. */
function isSameId(asked: string, told: string): boolean {
  const isMasked = told.endsWith('****') && told.length === asked.length;
  return told === asked || (isMasked && asked.startsWith(told.slice(0, -4)));
}

function listParameters(query: ListQuery): Record<string, string> {
  return {
    OrderBy: query.orderBy,
    PageSize: String(query.pageSize),
    ...(query.jobId && { JobId: query.jobId }),
    ...(query.status && { Status: query.status }),
    ...(query.startOfCreateTime && { StartOfCreateTime: query.startOfCreateTime }),
    ...(query.endOfCreateTime && { EndOfCreateTime: query.endOfCreateTime }),
    ...(query.nextPageToken && { NextPageToken: query.nextPageToken }),
  };
}
