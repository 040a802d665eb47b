import { setTimeout as wait } from 'node:timers/promises';
import { performAction } from './actions.ts';
import type { Result } from './actions.ts';
import type { Admission } from './admission.ts';
import type { Clock } from './clock.ts';
import { refusalReply, successReply } from './envelope.ts';
import type { Exchange, Reply } from './envelope.ts';
import { Refusal, refuse } from './errors.ts';
import { answerInstead } from './fault-answers.ts';
import { isAnswerFault, outcomeKinds } from './faults.ts';
import type { DeliveryFault, FaultBook } from './faults.ts';
import type { JobBook } from './jobs.ts';
import type { ApiRequest } from './request.ts';
import type { IceAction, WireJobPage, WirePackageJob } from './wire.ts';

export interface ApiOptions {
  readonly admission: Admission;
  readonly jobs: JobBook;
  readonly faults: FaultBook;
  readonly clock: Clock;
  readonly latencyMs: number;
  /** Told of exceptions nobody foresaw, which clients see as InternalError. */
  readonly onInternalError: (error: unknown) => void;
}

/** An answer and the fault that is to spoil its delivery. */
export interface Answer {
  readonly reply: Reply;
  readonly fault?: DeliveryFault;
}

/**
 * From a parsed request to its answer: admission, faults, action.
 *
 * Never rejects but with an AbortError, when `signal` ends a wait: what nobody foresaw is answered
 * as 500 InternalError.
 */
export async function answerRequest(
  request: ApiRequest,
  exchange: Exchange,
  options: ApiOptions & { readonly signal: AbortSignal },
): Promise<Answer> {
  const { admission, faults, clock, signal } = options;
  const jobIds = jobIdsOf(request);
  const skewMs = faults.take(['clockSkew'], request.action, jobIds)?.skewMs ?? 0;
  const now = clock.now() + skewMs;
  const date = { date: new Date(now).toUTCString() };
  let delayMs = options.latencyMs;
  let answer: Answer;
  try {
    const action = admission.admit(request, now);
    delayMs += faults.take(['delay'], action, jobIds)?.delayMs ?? 0;
    answer = perform(action, request, exchange, options);
  } catch (error) {
    if (!(error instanceof Refusal)) options.onInternalError(error);
    answer = { reply: refusalReply(exchange, error instanceof Refusal ? error : refuse('InternalError')) };
  }
  if (delayMs > 0) await wait(delayMs, undefined, { signal });
  return { ...answer, reply: { ...answer.reply, headers: { ...date, ...answer.reply.headers } } };
}

interface ResultMembers {
  readonly PackageJob?: WirePackageJob;
  readonly PackageJobList?: WireJobPage;
}

function perform(action: IceAction, request: ApiRequest, exchange: Exchange, options: ApiOptions): Answer {
  const { faults, jobs, clock } = options;
  const jobIds = jobIdsOf(request);
  const fault = faults.take(outcomeKinds, action, jobIds);
  if (fault !== undefined && isAnswerFault(fault)) {
    return { reply: answerInstead(fault, exchange) };
  }
  const listLagMs = action === 'ListPackageJobs' ? (faults.take(['listLag'], action, jobIds)?.lagMs ?? 0) : 0;
  const reply = replyOf(exchange, () => {
    const result = performAction(action, request.parameters, { jobs, now: clock.now(), listLagMs });
    return successReply(exchange, action, patchJobs(request, action, result, faults));
  });
  return fault === undefined ? { reply } : { reply, fault };
}

/** A refusal is a reply as well, so that its delivery can be spoiled too. */
function replyOf(exchange: Exchange, perform: () => Answer['reply']): Answer['reply'] {
  try {
    return perform();
  } catch (error) {
    if (error instanceof Refusal) return refusalReply(exchange, error);
    throw error;
  }
}

/** Each job shown is one job a patch can meet, under the id asked for and the id it bears. */
function patchJobs(request: ApiRequest, action: IceAction, result: Result, faults: FaultBook): Result {
  if (!faults.isWaiting('patch')) return result;
  const patched = (job: WirePackageJob): WirePackageJob => {
    const shownId = job.JobId === undefined ? [] : [job.JobId];
    return { ...job, ...faults.take(['patch'], action, [...jobIdsOf(request), ...shownId])?.patch };
  };
  const { PackageJob: job, PackageJobList: page } = result as ResultMembers;
  if (job !== undefined) return { PackageJob: patched(job) };
  if (page !== undefined) return { PackageJobList: { ...page, PackageJobs: page.PackageJobs.map(patched) } };
  return result;
}

function jobIdsOf({ parameters }: ApiRequest): string[] {
  const jobId = parameters.get('JobId');
  return jobId === undefined ? [] : [jobId];
}
