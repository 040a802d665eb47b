import type { ActionState, IceAction } from './actions.ts';
import {
  decodeJobResponse,
  decodeListResponse,
  decodeSubmitResponse,
  type IceJob,
  type IceJobPage,
  type ReportViolation,
} from './decode.ts';
import type { CallContext } from './gate.ts';
import { createPageSizes } from './page-sizes.ts';
import { createQuestions, type Observed, type QuestionsOptions } from './questions.ts';
import { submissionParameters, type IceSubmission } from './submission.ts';
import { MAX_BODY_BYTES } from './transport.ts';

export type { CallContext, CallRecord } from './gate.ts';
export type { Observed } from './questions.ts';

export type IceClientOptions = QuestionsOptions;

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

/** The packaging-job actions of ICE, version 2020-11-09. Every method throws {@link IceError}. */
export interface IceClient {
  /** The state of each action at this moment. */
  readonly state: Readonly<Record<IceAction, ActionState>>;
  /** Reads one job by GetPackageJob. It is `null` when ICE does not know the id. */
  getPackageJob(id: string, context: CallContext): Promise<Observed<IceJob | null>>;
  /**
   * Reads one page of ListPackageJobs. Its jobs have no `outputUrl`. It can be shorter than asked for, with a token of the
   * next: a page that would be too long to be read is asked for again with fewer jobs.
   */
  listPackageJobs(query: ListQuery, context: CallContext): Promise<Observed<IceJobPage>>;
  /**
   * Submits one job by SubmitPackageJob and gives its id. It is never sent twice, except once after a refusal for its signature,
   * with other keys or another date. Once it is sent, the context's signal does not end it; only the limit of one attempt does. So the submission of a client that left still ends in a known state.
   *
   * @throws {IceError} `isOutcomeUnknown` when ICE may have made the job; without it there is none
   */
  submitPackageJob(submission: IceSubmission, context: CallContext): Promise<Observed<string>>;
  /** Closes idle connections. */
  close(): void;
}

export function createIceClient(options: IceClientOptions): IceClient {
  const { events } = options;
  const questions = createQuestions(options);
  const pageSizes = createPageSizes(MAX_BODY_BYTES);
  const report: ReportViolation = (violation) => void events.emit('contractViolation', violation);

  return {
    getPackageJob: (id, context) =>
      questions.read(
        {
          action: 'GetPackageJob',
          parameters: () => ({ JobId: id }),
          decode(members) {
            const job = decodeJobResponse(members, report);
            return job && !isSameId(id, job.id) ? undefined : job;
          },
          absent: null,
        },
        context,
      ),
    listPackageJobs(query, context) {
      let pageSize = query.pageSize;
      return questions.read(
        {
          action: 'ListPackageJobs',
          parameters() {
            pageSize = pageSizes.sizeFor(query.pageSize);
            return listParameters({ ...query, pageSize });
          },
          decode(members) {
            const page = decodeListResponse(members, report);
            if (page === undefined || page.nextPageToken === null) return page;
            if (page.nextPageToken !== query.nextPageToken) return page;
            // The token names the page itself. Whoever went on would read it for ever.
            report({ kind: 'invalid value', member: 'PackageJobList.NextPageToken' });
            return { ...page, nextPageToken: null };
          },
          onTooLong: (bytes) => pageSizes.tooLong(pageSize, bytes),
        },
        context,
      );
    },
    submitPackageJob(submission, context) {
      return questions.change(
        {
          action: 'SubmitPackageJob',
          parameters: () => submissionParameters(submission),
          decode: (members) => decodeSubmitResponse(members, report),
        },
        context,
      );
    },
    get state() {
      return questions.state;
    },
    close: () => questions.close(),
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
