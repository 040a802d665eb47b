import { createBudget } from './budget.ts';
import type { CredentialsProvider } from './credentials.ts';
import {
  decodeEnvelope,
  decodeJobAnswer,
  decodeListAnswer,
  type IceJob,
  type IceJobPage,
  type ReportOddity,
} from './decode.ts';
import { classify, IceError, isNotFound } from './errors.ts';
import type { Credentials } from './sign.ts';
import { createTransport, type RawAnswer } from './transport.ts';

export interface IceClientOptions {
  /** Scheme, host and port of ICE in the account's region, such as `https://ice.cn-shanghai.aliyuncs.com`. */
  readonly endpoint: URL;
  readonly credentials: CredentialsProvider;
  /** Limit for one attempt, in milliseconds. */
  readonly timeoutMs: number;
  /** Most calls of one action started in any second. */
  readonly callsPerSecond: number;
  /** Most calls of one action under way at once. */
  readonly maxConcurrency: number;
  /** Told of everything undocumented in an answer. */
  readonly report: ReportOddity;
  /** Clock of the signature's date. @default the system's */
  readonly now?: () => Date;
}

/** A call of ICE that was made, for the log. */
export interface CallRecord {
  readonly action: string;
  readonly durationMs: number;
  readonly requestId?: string;
  /** ICE's code for its refusal, or ours for the failure; absent when the call succeeded. */
  readonly error?: string;
}

/** For whom calls are made: how long they may take, and where they are written down. */
export interface CallContext {
  readonly signal: AbortSignal;
  readonly record: (call: CallRecord) => void;
}

/** Which jobs ListPackageJobs returns. Times are `yyyy-MM-ddTHH:mm:ssZ`. */
export interface ListQuery {
  readonly status?: 'Init' | 'Success' | 'Fail';
  readonly startOfCreateTime?: string;
  readonly endOfCreateTime?: string;
  readonly orderBy: 'CreateTimeDesc' | 'CreateTimeAsc';
  /** 1 to 100. */
  readonly pageSize: number;
  readonly nextPageToken?: string;
}

/** The packaging-job actions of ICE, version 2020-11-09. Every method throws {@link IceError}. */
export interface IceClient {
  /** One call of GetPackageJob; `null` when ICE does not know the id. */
  getPackageJob(id: string, context: CallContext): Promise<IceJob | null>;
  /** One call of ListPackageJobs. Its jobs have no `outputUrl`. */
  listPackageJobs(query: ListQuery, context: CallContext): Promise<IceJobPage>;
  /** Closes idle connections. */
  close(): void;
}

type Members = Readonly<Record<string, unknown>>;

export function createIceClient(options: IceClientOptions): IceClient {
  const { endpoint, credentials, timeoutMs, callsPerSecond, maxConcurrency, report } = options;
  const now = options.now ?? (() => new Date());
  const transport = createTransport({ endpoint, timeoutMs, maxSockets: 2 * maxConcurrency, now });
  const budgets = {
    GetPackageJob: createBudget({ callsPerSecond, maxConcurrency }),
    ListPackageJobs: createBudget({ callsPerSecond, maxConcurrency }),
  };

  /** The keys may have to be fetched, for which the caller's deadline holds too. */
  function keys(action: string, signal: AbortSignal): Promise<Credentials> {
    const { promise, resolve, reject } = Promise.withResolvers<Credentials>();
    const abort = () => reject(new IceError('UPSTREAM_TIMEOUT', { action }));
    signal.addEventListener('abort', abort, { once: true });
    credentials()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
    return promise;
  }

  /** One attempt within the budget; `decode` gives `undefined` for an answer ICE does not document. */
  function call<T>(
    action: keyof typeof budgets,
    query: Readonly<Record<string, string>>,
    { signal, record }: CallContext,
    decode: (members: Members) => T | undefined,
  ): Promise<T> {
    return budgets[action].run(action, signal, async () => {
      const startedAt = performance.now();
      let requestId: string | undefined;
      let failure: string | undefined;
      try {
        const answer = await transport.send(action, query, await keys(action, signal), signal);
        const { members, ...envelope } = readAnswer(action, answer);
        requestId = envelope.requestId;
        const value = decode(members);
        if (value === undefined) throw new IceError('UPSTREAM_MALFORMED', { action, requestId });
        return value;
      } catch (error) {
        failure =
          error instanceof IceError ? (error.details.upstreamCode ?? error.code) : 'INTERNAL_SERVER_ERROR';
        if (error instanceof IceError) requestId = error.details.requestId;
        throw error;
      } finally {
        record({
          action,
          durationMs: Math.round(performance.now() - startedAt),
          ...(requestId === undefined ? {} : { requestId }),
          ...(failure === undefined ? {} : { error: failure }),
        });
      }
    });
  }

  return {
    async getPackageJob(id, context) {
      try {
        return await call('GetPackageJob', { JobId: id }, context, (members) =>
          decodeJobAnswer(members, report),
        );
      } catch (error) {
        if (error instanceof IceError && isNotFound(error.details.upstreamCode)) return null;
        throw error;
      }
    },
    listPackageJobs: (query, context) =>
      call('ListPackageJobs', listParameters(query), context, (members) => decodeListAnswer(members, report)),
    close: () => transport.close(),
  };
}

/** The members of a good answer, or the error that a bad one means. A `Code` beside a 2xx is a refusal too. */
function readAnswer(action: string, { status, headers, body }: RawAnswer) {
  const { members, requestId: bodyRequestId, upstreamCode } = decodeEnvelope(body ?? '');
  const header = headers['x-acs-request-id'];
  const requestId =
    bodyRequestId ?? (typeof header === 'string' && /^[\w-]{1,64}$/.test(header) ? header : undefined);
  const refused = upstreamCode !== undefined && !/^(200|ok|success)$/i.test(upstreamCode);
  if (status < 200 || status > 299 || refused) {
    throw new IceError(classify(status, upstreamCode), {
      action,
      upstreamCode,
      requestId,
      retryAfterMs: retryAfterMs(headers),
    });
  }
  if (members === undefined) throw new IceError('UPSTREAM_MALFORMED', { action, requestId });
  return { members, requestId };
}

/**
 * How long ICE asks to wait, in milliseconds: `x-acs-retry-after`, or the largest `TimeLeft` of the older
 * `x-ratelimit-user-api` and `x-ratelimit-user` (`Limit:1,Remain:0,TimeLeft:2000,Reset:1234`).
 */
function retryAfterMs(headers: RawAnswer['headers']): number | undefined {
  const text = (name: string): string => String(headers[name] ?? '');
  const timeLeft = (name: string) => /\bTimeLeft:(\d{1,9})\b/.exec(text(name))?.[1] ?? 0;
  const asked = /^\d{1,9}$/.test(text('x-acs-retry-after')) ? Number(text('x-acs-retry-after')) : 0;
  const wait =
    asked || Math.max(Number(timeLeft('x-ratelimit-user-api')), Number(timeLeft('x-ratelimit-user')));
  return wait > 0 ? wait : undefined;
}

function listParameters(query: ListQuery): Record<string, string> {
  return {
    OrderBy: query.orderBy,
    PageSize: String(query.pageSize),
    ...(query.status && { Status: query.status }),
    ...(query.startOfCreateTime && { StartOfCreateTime: query.startOfCreateTime }),
    ...(query.endOfCreateTime && { EndOfCreateTime: query.endOfCreateTime }),
    ...(query.nextPageToken && { NextPageToken: query.nextPageToken }),
  };
}
