import { ICE_ACTIONS, type ActionState, type IceAction } from './actions.ts';
import type { CredentialsProvider } from './credentials.ts';
import {
  decodeJobResponse,
  decodeListResponse,
  decodeSubmitResponse,
  type IceJob,
  type IceJobPage,
  type ReportViolation,
} from './decode.ts';
import { IceError, isNotFound, outcomeOf } from './errors.ts';
import type { IceEmitter } from './events.ts';
import { createGate, type CallContext, type Gate, type Success } from './gate.ts';
import { readResponse, type IceResponse } from './response.ts';
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
  /** Most calls of one action started in any second. After ICE throttled some there are fewer for a while. */
  readonly callsPerSecond: number;
  /** Most calls of one action in flight at once. */
  readonly maxConcurrency: number;
  readonly events: IceEmitter;
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

/** What ICE said, and when. */
export interface Observed<T> {
  readonly value: T;
  /** When the successful attempt was sent, in milliseconds since 1970. The value is at least as new as that. */
  readonly observedAt: number;
}

/** The packaging-job actions of ICE, version 2020-11-09. Every method throws {@link IceError}. */
export interface IceClient {
  /** The state of each action at this moment. */
  readonly state: Readonly<Record<IceAction, ActionState>>;
  /** Reads one job by GetPackageJob. It is `null` when ICE does not know the id. */
  getPackageJob(id: string, context: CallContext): Promise<Observed<IceJob | null>>;
  /** Reads one page of ListPackageJobs. Its jobs have no `outputUrl`. */
  listPackageJobs(query: ListQuery, context: CallContext): Promise<Observed<IceJobPage>>;
  /**
   * Submits one job by SubmitPackageJob and gives its id. It is never sent twice. Once it is sent, the context's signal
   * does not end it; only the limit of one attempt does. So the submission of a client that left still ends in a known state.
   *
   * @throws {IceError} `isOutcomeUnknown` when ICE may have made the job; without it there is none
   */
  submitPackageJob(submission: IceSubmission, context: CallContext): Promise<Observed<string>>;
  /** Closes idle connections. */
  close(): void;
}

/** One question to ICE. `decode` gives `undefined` for a response that ICE does not document. */
interface Question<T> {
  readonly action: IceAction;
  readonly parameters: Readonly<Record<string, string>>;
  readonly decode: (members: IceResponse['members']) => T | undefined;
  /** What it means that ICE does not know the thing asked for. @default it is an error */
  readonly absent?: T;
}

/**
 * A read is retried. A change is not. Each attempt passes the circuit breaker of its action and then its budget. So every
 * attempt waits for a turn of its own, and is signed when that turn has come.
 */
export function createIceClient(options: IceClientOptions): IceClient {
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

  const report: ReportViolation = (violation) => void events.emit('contractViolation', violation);

  /** The keys may have to be fetched first. The deadline of the call holds for that too. */
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

  /** Asks a question that may be asked again. */
  function read<T>(question: Question<T>, context: CallContext): Promise<Observed<T>> {
    const { signal } = context;
    return retry(signal, (number) =>
      gates[question.action].attempt(number, context, async () =>
        send(question, reading, await keys(question.action, signal), signal),
      ),
    );
  }

  /** Asks for a change, which must not happen twice. It is one attempt, which `signal` only ends before it is sent. */
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
            const job = decodeJobResponse(members, report);
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
          decode: (members) => decodeListResponse(members, report),
        },
        context,
      );
    },
    submitPackageJob(submission, context) {
      return change(
        {
          action: 'SubmitPackageJob',
          parameters: submissionParameters(submission),
          decode: decodeSubmitResponse,
        },
        context,
      );
    },
    get state() {
      const { GetPackageJob, ListPackageJobs, SubmitPackageJob } = gates;
      return {
        GetPackageJob: GetPackageJob.state,
        ListPackageJobs: ListPackageJobs.state,
        SubmitPackageJob: SubmitPackageJob.state,
      };
    },
    close() {
      reading.close();
      changing.close();
    },
  };
}

/** ICE's documentation masks the last four characters of ids, as in `ab48…****`. Any other job is the wrong one. */
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
