import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { performAction } from './actions.ts';
import type { ActionResult } from './actions.ts';
import type { Admission } from './admission.ts';
import type { Clock } from './clock.ts';
import { errorResponse, successResponse } from './envelope.ts';
import type { HttpResponse, ResponseContext } from './envelope.ts';
import { ApiError, apiError } from './errors.ts';
import { faultResponse } from './fault-responses.ts';
import { isResponseFault, OUTCOME_KINDS } from './faults.ts';
import type { DeliveryFault, FaultInjector } from './faults.ts';
import type { JobRegistry } from './jobs.ts';
import type { ApiRequest } from './request.ts';
import { shapeJob, tokenOfSamePage } from './shapes.ts';
import type { IceAction, WireJobPage, WirePackageJob } from './wire.ts';

export interface ApiOptions {
  readonly admission: Admission;
  readonly jobs: JobRegistry;
  readonly faults: FaultInjector;
  readonly clock: Clock;
  /** The delay of every response, in real milliseconds. */
  readonly latencyMs: number;
  /** Called with each unexpected error. The client receives InternalError. */
  readonly onInternalError: (error: unknown) => void;
}

/** A response, and the fault that its delivery has. */
export interface Delivery {
  readonly response: HttpResponse;
  readonly fault?: DeliveryFault;
}

/**
 * Makes the response to a parsed request: admission, then faults, then the action.
 *
 * It rejects only with an AbortError, when `signal` ends a delay. The response to an unexpected error
 * is 500 InternalError.
 */
export async function handleRequest(
  request: ApiRequest,
  context: ResponseContext,
  options: ApiOptions & { readonly signal: AbortSignal },
): Promise<Delivery> {
  const { admission, faults, clock, signal } = options;
  const jobIds = jobIdsOf(request);
  const skewMs = faults.take(['clockSkew'], request.action, jobIds)?.skewMs ?? 0;
  const now = clock.now() + skewMs;
  const date = { date: new Date(now).toUTCString() };
  let delayMs = options.latencyMs;
  let released: AbortSignal | undefined;
  let delivery: Delivery;
  try {
    const action = admission.admit(request, now);
    delayMs += faults.take(['delay'], action, jobIds)?.delayMs ?? 0;
    released = faults.takeHold(action, jobIds);
    delivery = perform(action, request, context, options);
  } catch (error) {
    if (!(error instanceof ApiError)) options.onInternalError(error);
    delivery = {
      response: errorResponse(context, error instanceof ApiError ? error : apiError('InternalError')),
    };
  }
  if (delayMs > 0) await wait(delayMs, undefined, { signal });
  if (released?.aborted === false) await once(released, 'abort', { signal });
  const { response } = delivery;
  return { ...delivery, response: { ...response, headers: { ...date, ...response.headers } } };
}

interface ResultMembers {
  readonly PackageJob?: WirePackageJob;
  readonly PackageJobList?: WireJobPage;
}

function perform(
  action: IceAction,
  request: ApiRequest,
  context: ResponseContext,
  options: ApiOptions,
): Delivery {
  const { faults, jobs, clock } = options;
  const jobIds = jobIdsOf(request);
  const fault = faults.take(OUTCOME_KINDS, action, jobIds);
  if (fault !== undefined && isResponseFault(fault)) {
    return { response: faultResponse(fault, action, context) };
  }
  const listLagMs = action === 'ListPackageJobs' ? (faults.take(['listLag'], action, jobIds)?.lagMs ?? 0) : 0;
  const response = responseOf(context, () => {
    if (faults.take(['otherRegion'], action, jobIds) !== undefined && action !== 'SubmitPackageJob') {
      return answerWithoutJobs(action, context, jobs);
    }
    const result = performAction(action, request.parameters, { jobs, now: clock.now(), listLagMs });
    const patched = patchJobs(request, action, result, faults);
    const paged = oddPage(request, action, patched, options);
    return successResponse(context, action, shapeJobs(request, action, paged, faults));
  });
  return fault === undefined ? { response } : { response, fault };
}

/** What a region without jobs answers. */
function answerWithoutJobs(
  action: 'GetPackageJob' | 'ListPackageJobs',
  context: ResponseContext,
  { unknownJob }: JobRegistry,
): HttpResponse {
  if (action === 'GetPackageJob' && unknownJob !== 'absent') throw apiError(unknownJob);
  return successResponse(
    context,
    action,
    action === 'GetPackageJob' ? {} : { PackageJobList: { PackageJobs: [] } },
  );
}

/** An API error also becomes a response, so a delivery fault applies to it too. */
function responseOf(context: ResponseContext, perform: () => HttpResponse): HttpResponse {
  try {
    return perform();
  } catch (error) {
    if (error instanceof ApiError) return errorResponse(context, error);
    throw error;
  }
}

/** Applies `patch` faults to each job of a result. A fault matches the requested JobId or the JobId of the job. */
function patchJobs(
  request: ApiRequest,
  action: IceAction,
  result: ActionResult,
  faults: FaultInjector,
): ActionResult {
  if (!faults.hasPending('patch')) return result;
  const patch = (job: WirePackageJob): WirePackageJob => {
    const shownId = job.JobId === undefined ? [] : [job.JobId];
    return { ...job, ...faults.take(['patch'], action, [...jobIdsOf(request), ...shownId])?.patch };
  };
  const { PackageJob: job, PackageJobList: page } = result as ResultMembers;
  if (job !== undefined) return { PackageJob: patch(job) };
  if (page !== undefined) return { PackageJobList: { ...page, PackageJobs: page.PackageJobs.map(patch) } };
  return result;
}

/** Applies an `oddPage` fault to the page of ListPackageJobs. */
function oddPage(
  { parameters }: ApiRequest,
  action: IceAction,
  result: ActionResult,
  { faults, jobs, clock }: ApiOptions,
): ActionResult {
  const { PackageJobList: list } = result as ResultMembers;
  if (list === undefined) return result;
  const fault = faults.take(['oddPage'], action, []);
  const token = parameters.get('NextPageToken') || undefined;
  const order = parameters.get('OrderBy') === 'CreateTimeAsc' ? 'CreateTimeAsc' : 'CreateTimeDesc';
  if (fault === undefined) return result;
  if (fault.page === 'no-list') return {};
  if (fault.page === 'empty') {
    return { PackageJobList: { PackageJobs: [], NextPageToken: tokenOfSamePage(token, order) } };
  }
  if (fault.page === 'same-token') {
    return token === undefined ? result : { PackageJobList: { ...list, NextPageToken: token } };
  }
  if (fault.page === 'circle') {
    const NextPageToken = tokenOfSamePage(undefined, order);
    const isSecond = token !== undefined && token !== NextPageToken;
    return isSecond ? { PackageJobList: { ...list, NextPageToken } } : result;
  }
  const pageSize = list.PackageJobs.length - 1;
  if (list.NextPageToken === undefined || pageSize === 0) return result;
  const shorter = performAction(action, new Map([...parameters, ['PageSize', String(pageSize)]]), {
    jobs,
    now: clock.now(),
    listLagMs: 0,
  }) as ResultMembers;
  const { NextPageToken } = shorter.PackageJobList ?? list;
  return { PackageJobList: { ...list, ...(NextPageToken !== undefined && { NextPageToken }) } };
}

/** Applies a `shape` fault to the jobs of a result. */
function shapeJobs(
  request: ApiRequest,
  action: IceAction,
  result: ActionResult,
  faults: FaultInjector,
): ActionResult {
  const { PackageJob: job, PackageJobList: page } = result as ResultMembers;
  if (job === undefined && page === undefined) return result;
  const fault = faults.take(['shape'], action, jobIdsOf(request));
  if (fault === undefined) return result;
  const { shape, members } = fault;
  if (job !== undefined) return { PackageJob: shapeJob({ ...job }, shape, members) };
  const shaped = page?.PackageJobs.map((item) => shapeJob({ ...item }, shape, members));
  if (members !== undefined) return { PackageJobList: { ...page, PackageJobs: shaped } };
  const items = shape === 'wrapped' ? { PackageJob: shaped } : shaped;
  return { PackageJobList: { ...page, PackageJobs: shape === 'json-text' ? JSON.stringify(items) : items } };
}

function jobIdsOf({ parameters }: ApiRequest): string[] {
  const jobId = parameters.get('JobId');
  return jobId === undefined ? [] : [jobId];
}
