import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { PackageJob as PackageJobParent } from '../jobs/model.ts';
import type { MediaObject as MediaObjectParent } from '../jobs/media-object.ts';
import type { PackageJobConnection as PackageJobConnectionParent } from '../jobs/list/connection.ts';
import type { OperationContext } from '../resolvers/context.ts';
export type Maybe<T> = T extends PromiseLike<infer U> ? Promise<U | null> : T | null;
export type InputMaybe<T> = T extends PromiseLike<infer U> ? Promise<U | null> : T | null;
export type Omit<T, K extends keyof T> = Pick<T, Exclude<keyof T, K>>;
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** A point in time as RFC 3339 text in UTC, such as `2022-09-08T11:34:05Z`. An input can have any UTC offset. */
  DateTime: { input: Date; output: string; }
  /** Any JSON value. */
  JSON: { input: unknown; output: unknown; }
  /** A URL as the WHATWG URL Standard parses it, percent-encoded where needed, such as `oss://bucket/path/to/video.mp4`. */
  URL: { input: URL; output: string; }
};

/** A media file. Its name is an address in Object Storage Service (OSS) or an id in the ICE media library. */
export type MediaObject = {
  readonly __typename?: 'MediaObject';
  /** The media-library id of a `MEDIA` object. `null` for the other types. */
  readonly assetId?: Maybe<Scalars['ID']['output']>;
  /** The OSS bucket in the address. `null` when the address names none. */
  readonly bucket?: Maybe<Scalars['String']['output']>;
  /** The last part of the path in the address, decoded, such as `video.mp4`. `null` when there is none. */
  readonly fileName?: Maybe<Scalars['String']['output']>;
  /** The name exactly as ICE sent it. `type` says whether it is an address or an id. `null` when ICE sent none. */
  readonly media?: Maybe<Scalars['String']['output']>;
  /** The OSS object key in the address, decoded. `null` when the address names no bucket or no key. */
  readonly objectKey?: Maybe<Scalars['String']['output']>;
  /** Whether the name is an address or an id. */
  readonly type: MediaObjectType;
  /**
   * The address of an `OSS` object, an `http`, `https` or `oss` URL. `null` for the other types, and when `media` is not
   * such an address.
   */
  readonly url?: Maybe<Scalars['URL']['output']>;
};

/** A media file to package, or the place of a package. */
export type MediaObjectInput = {
  /**
   * For `OSS`: the address of the object, an `oss://` or `http(s)://` URL with a bucket or host and an object key. For
   * `MEDIA`: the media-library id, 1 to 128 printable ASCII characters without spaces.
   */
  readonly media: Scalars['String']['input'];
  /** Whether `media` is an address or an id. `UNKNOWN` is refused. */
  readonly type: MediaObjectType;
};

/** How a media file is named. */
export type MediaObjectType =
  /** By its id in the ICE media library (ICE: `Media`). */
  | 'MEDIA'
  /** By an OSS address: `oss://bucket/key` or `http(s)://bucket.oss-region.aliyuncs.com/key` (ICE: `OSS`). */
  | 'OSS'
  /** ICE sent a text that it does not document, or none. */
  | 'UNKNOWN';

/** Write operations. They run one after another. The gateway never sends one twice. */
export type Mutation = {
  readonly __typename?: 'Mutation';
  /**
   * Submits a packaging job. ICE cannot tell a repeat from a new submission, so each call that succeeds makes another job.
   * An error with `retryable: true` means that there is no job yet. The error `UPSTREAM_TIMEOUT` with `retryable: false`
   * means that there may be a job. Look for it in `packageJobs`. The error `FORBIDDEN` means that this gateway does not
   * submit jobs.
   */
  readonly submitPackageJob?: Maybe<SubmitPackageJobPayload>;
};


/** Write operations. They run one after another. The gateway never sends one twice. */
export type MutationSubmitPackageJobArgs = {
  input: SubmitPackageJobInput;
};

/** An object that a client can fetch again by its id. It follows Relay's Global Object Identification specification. */
export type Node = {
  /** The id of this object, for `Query.node`. */
  readonly id: Scalars['ID']['output'];
};

/**
 * One ICE packaging job. It packages MP4 files as HLS or DASH. The fields have ICE's own names, so ICE's reference
 * applies. When ICE leaves out a field, it is `null` here. The exceptions: `status` is then `UNKNOWN`, and `inputs` is
 * then empty.
 */
export type PackageJob = Node & {
  readonly __typename?: 'PackageJob';
  /**
   * ICE's code for the failure of the job, such as `InvalidParameter`. It is about the job, never about this request.
   * `null` when ICE sent none.
   */
  readonly code?: Maybe<Scalars['String']['output']>;
  /** When ICE created the job. `null` when ICE does not say. */
  readonly createTime?: Maybe<Scalars['DateTime']['output']>;
  /** When the job ended. `null` until ICE says so. */
  readonly finishTime?: Maybe<Scalars['DateTime']['output']>;
  /** The ICE JobId as ICE wrote it. It usually has 32 lower-case hexadecimal characters. */
  readonly id: Scalars['ID']['output'];
  /**
   * The media that the job packages, in the order of the submission. Empty when ICE sent none. An input that cannot be read
   * has the type `UNKNOWN`, and `null` as `media`.
   */
  readonly inputs: ReadonlyArray<MediaObject>;
  /** Whether the job has ended, with `SUCCESS` or `FAIL`. A job that has ended never changes again. */
  readonly isFinished: Scalars['Boolean']['output'];
  /** ICE's message for the failure of the job. `null` when ICE sent none. */
  readonly message?: Maybe<Scalars['String']['output']>;
  /** When ICE last changed the job. `null` when ICE does not say. */
  readonly modifiedTime?: Maybe<Scalars['DateTime']['output']>;
  /** The name from the submission. `null` when the job has none. */
  readonly name?: Maybe<Scalars['String']['output']>;
  /** When the gateway read this state from ICE. */
  readonly observedAt: Scalars['DateTime']['output'];
  /** The place where the package is written. `null` when ICE does not say. */
  readonly output?: Maybe<MediaObject>;
  /**
   * The address of the finished package, an `http`, `https` or `oss` URL. `null` until ICE has one. ICE's lists leave it out,
   * so this field can cost one call of ICE for each job of a list.
   */
  readonly outputUrl?: Maybe<Scalars['URL']['output']>;
  /** The id of the queue that runs the job. `null` when ICE does not say. */
  readonly pipelineId?: Maybe<Scalars['String']['output']>;
  /**
   * Milliseconds until another read of this job is worth its cost. Before that the gateway would show the same state again.
   * `null` once the job has finished.
   */
  readonly pollAfterMs?: Maybe<Scalars['Int']['output']>;
  /** The priority of the job in its queue, 1 to 10. Larger numbers go first. `null` when ICE does not say. */
  readonly priority?: Maybe<Scalars['Int']['output']>;
  /** The status of the job. A text that ICE does not document becomes `UNKNOWN`. `statusRaw` has that text. */
  readonly status: PackageJobStatus;
  /** The status exactly as ICE sent it, such as `Init`. `null` when ICE sent none. */
  readonly statusRaw?: Maybe<Scalars['String']['output']>;
  /** When the job was submitted. `null` when ICE does not say. */
  readonly submitTime?: Maybe<Scalars['DateTime']['output']>;
  /** What submitted the job. `null` when ICE does not say. */
  readonly triggerSource?: Maybe<PackageJobTriggerSource>;
  /** The text from the submission, verbatim. `null` when the job has none. */
  readonly userData?: Maybe<Scalars['String']['output']>;
  /** `userData` parsed as JSON. `null` when there is no `userData`, when it is not JSON, or when it is nested too deeply. */
  readonly userDataJson?: Maybe<Scalars['JSON']['output']>;
};

/** A page of packaging jobs. It follows Relay's Cursor Connections specification. */
export type PackageJobConnection = {
  readonly __typename?: 'PackageJobConnection';
  /** The jobs of this page, each with its cursor. */
  readonly edges: ReadonlyArray<PackageJobEdge>;
  /** The jobs of this page without their cursors. */
  readonly nodes: ReadonlyArray<PackageJob>;
  /** The position of this page in the list. */
  readonly pageInfo: PageInfo;
};

/** A packaging job with its cursor. */
export type PackageJobEdge = {
  readonly __typename?: 'PackageJobEdge';
  /**
   * An opaque text. Pass it as `after` to get the jobs after this one. It is valid as long as ICE keeps the page that it
   * points to, whatever becomes of the job. It survives restarts of the gateway.
   */
  readonly cursor: Scalars['String']['output'];
  /** The job. */
  readonly node: PackageJob;
};

/** Which packaging jobs a list returns. A job must match every member that is given. */
export type PackageJobFilter = {
  /** Only jobs created at this time or later. A fraction of a second is rounded up. */
  readonly createdFrom?: InputMaybe<Scalars['DateTime']['input']>;
  /**
   * Only jobs created at this time or earlier. A fraction of a second is rounded down. It must not be before
   * `createdFrom`.
   */
  readonly createdTo?: InputMaybe<Scalars['DateTime']['input']>;
  /** Only jobs with this status, by the latest state that the gateway knows. `UNKNOWN` is refused. */
  readonly status?: InputMaybe<PackageJobStatus>;
};

/** The order of a list of packaging jobs. */
export type PackageJobOrder =
  /** Oldest first. */
  | 'CREATE_TIME_ASC'
  /** Newest first. */
  | 'CREATE_TIME_DESC';

/** The status of a packaging job. */
export type PackageJobStatus =
  /** The job has ended without a package. `code` and `message` say why (ICE: `Fail`). */
  | 'FAIL'
  /** ICE has accepted the job. The job has not ended yet (ICE: `Init`). */
  | 'INIT'
  /** The job has ended. The package is complete (ICE: `Success`). */
  | 'SUCCESS'
  /** ICE sent another text or none. `statusRaw` has the text. Treat the job as not finished. */
  | 'UNKNOWN';

/** What submitted a packaging job. */
export type PackageJobTriggerSource =
  /** A call of the ICE API (ICE: `API`). */
  | 'API'
  /** The ICE console (ICE: `Console`). */
  | 'CONSOLE'
  /** ICE sent a text that it does not document. */
  | 'UNKNOWN'
  /** An ICE workflow (ICE: `WorkFlow`). */
  | 'WORK_FLOW';

/** What a query waits for, and how long. */
export type PackageJobWait = {
  /**
   * The longest wait in seconds, 1 to 55. Many proxies cut off a response after 60 seconds, and Heroku and AWS after 30. The
   * whole operation is answered within half a second after its longest wait, whatever ICE does. What was not read by then is
   * an error at its path.
   */
  readonly timeoutSeconds: Scalars['Int']['input'];
  /** The condition that ends the wait. */
  readonly until: PackageJobWaitUntil;
};

/** The conditions that a query can wait for. A query does not wait for a job that has finished or that ICE does not know. */
export type PackageJobWaitUntil =
  /** The job has changed in any way since the request arrived. */
  | 'CHANGE'
  /** The job has ended, successfully or not (`isFinished`). */
  | 'FINISHED';

/** The position of a page in its list. */
export type PageInfo = {
  readonly __typename?: 'PageInfo';
  /**
   * The cursor of the last job on the page. On an empty page it is the place where the next page starts, or `null` when no
   * page follows.
   */
  readonly endCursor?: Maybe<Scalars['String']['output']>;
  /** Whether a request with `after: endCursor` can return more jobs. */
  readonly hasNextPage: Scalars['Boolean']['output'];
  /** Whether `after` was given. Clients can only page forwards. */
  readonly hasPreviousPage: Scalars['Boolean']['output'];
  /** The cursor of the first job on the page. `null` when the page is empty. */
  readonly startCursor?: Maybe<Scalars['String']['output']>;
};

/**
 * Read operations. Their data comes from Alibaba Cloud ICE. A read that fails gives `null` and an error at its path. The
 * other fields are not affected.
 */
export type Query = {
  readonly __typename?: 'Query';
  /**
   * The object with this global id. `null` when there is none. Packaging jobs are the only nodes. The global id of a job
   * is its ICE JobId.
   */
  readonly node?: Maybe<Node>;
  /**
   * The objects with these global ids, in the same order and of the same length as `ids`. An id without an object gives
   * `null`. An id whose read fails gives `null` and an error at its position.
   */
  readonly nodes: ReadonlyArray<Maybe<Node>>;
  /** The packaging job with this id. `null`, without an error, when ICE does not know the id. */
  readonly packageJob?: Maybe<PackageJob>;
  /**
   * The packaging jobs of the account, page by page. They come from ICE's ListPackageJobs. ICE counts no jobs, so there is
   * no total.
   */
  readonly packageJobs?: Maybe<PackageJobConnection>;
  /**
   * The packaging jobs with these ids, in the same order and of the same length as `ids`. An id that ICE does not know
   * gives `null`. An id whose read fails gives `null` and an error at its position. Repeats of an id cost one read.
   */
  readonly packageJobsById: ReadonlyArray<Maybe<PackageJob>>;
  /**
   * Whoever sends this operation, and what that viewer may do. It needs no scope and costs no call of ICE, so an app can ask
   * before it shows anything.
   */
  readonly viewer?: Maybe<Viewer>;
};


/**
 * Read operations. Their data comes from Alibaba Cloud ICE. A read that fails gives `null` and an error at its path. The
 * other fields are not affected.
 */
export type QueryNodeArgs = {
  id: Scalars['ID']['input'];
};


/**
 * Read operations. Their data comes from Alibaba Cloud ICE. A read that fails gives `null` and an error at its path. The
 * other fields are not affected.
 */
export type QueryNodesArgs = {
  ids: ReadonlyArray<Scalars['ID']['input']>;
};


/**
 * Read operations. Their data comes from Alibaba Cloud ICE. A read that fails gives `null` and an error at its path. The
 * other fields are not affected.
 */
export type QueryPackageJobArgs = {
  id: Scalars['ID']['input'];
  wait?: InputMaybe<PackageJobWait>;
};


/**
 * Read operations. Their data comes from Alibaba Cloud ICE. A read that fails gives `null` and an error at its path. The
 * other fields are not affected.
 */
export type QueryPackageJobsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<PackageJobFilter>;
  first?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<PackageJobOrder>;
};


/**
 * Read operations. Their data comes from Alibaba Cloud ICE. A read that fails gives `null` and an error at its path. The
 * other fields are not affected.
 */
export type QueryPackageJobsByIdArgs = {
  ids: ReadonlyArray<Scalars['ID']['input']>;
};

/**
 * A packaging job to submit. All members together take at most 8,192 bytes in ICE's query string. This is a limit of the
 * gateway. A character outside ASCII takes 6 to 12 bytes there.
 */
export type SubmitPackageJobInput = {
  /**
   * The media to package, 1 to 100 items. The job shows them in the same order. ICE documents no maximum. This one is a
   * limit of the gateway.
   */
  readonly inputs: ReadonlyArray<MediaObjectInput>;
  /**
   * A name for people to read, 1 to 256 characters. This is a limit of the gateway. When this is omitted, the job has no
   * name.
   */
  readonly name?: InputMaybe<Scalars['String']['input']>;
  /** The place where the package is written. */
  readonly output: MediaObjectInput;
  /**
   * The id of the queue that runs the job. It has 1 to 64 printable ASCII characters without spaces. When this is omitted,
   * ICE chooses a queue.
   */
  readonly pipelineId?: InputMaybe<Scalars['String']['input']>;
  /** The priority in the queue, 1 to 10. Larger numbers go first. When this is omitted, ICE chooses a priority. */
  readonly priority?: InputMaybe<Scalars['Int']['input']>;
  /**
   * A text that the job carries, such as JSON. It takes at most 1,024 bytes of UTF-8. This is a limit of the gateway. An
   * empty text is the same as none.
   */
  readonly userData?: InputMaybe<Scalars['String']['input']>;
};

/** The result of a submission. */
export type SubmitPackageJobPayload = {
  readonly __typename?: 'SubmitPackageJobPayload';
  /**
   * The new job as ICE shows it. When ICE cannot show it yet, the job has the submitted values, the status `INIT` and no
   * times.
   */
  readonly packageJob?: Maybe<PackageJob>;
};

/** Changes that the gateway pushes to clients, over a WebSocket (graphql-transport-ws) or server-sent events. */
export type Subscription = {
  readonly __typename?: 'Subscription';
  /**
   * The states of these packaging jobs. Each job's current state comes first, as fresh as a query shows it. Each later state
   * follows, in order and never the same state twice. Where `outputUrl` is selected, a state is sent once it is known with it.
   * No job waits for another. A slow client gets only the latest state of each job. The subscription completes when all jobs
   * have finished. One that ends otherwise was cut. A client that subscribes again starts with the current states, so it
   * misses no result. An id that ICE does not know gives one `null` and an error that names the id in `extensions.argument`.
   * The other jobs continue. While ICE fails, no change is sent. Changes from that time are sent afterwards.
   */
  readonly packageJobUpdated?: Maybe<PackageJob>;
  /**
   * Every job of the account that is created or changes from now on, whoever submitted it, in its new state. No snapshot is
   * sent: subscribe first, then read `packageJobs`, and then apply the events to that list, also those that came before it. Each
   * event puts the job in its place, or takes it out where it does not match the filter any more. To lose nothing although
   * ICE's lists lag, jobs that were created or changed in the last ten seconds can come first. Of each job no state is sent
   * twice, and none that is older than the last. Where `outputUrl` is selected, a state is sent once it is known with it.
   *
   * The 1000 newest unfinished jobs are followed. Older ones are followed as these finish. Until then, their changes are only
   * sent when anybody reads them. An unfinished job that ICE does not know any more gives one `null` and an error with its id in
   * `extensions.jobId`. While ICE fails, no change is sent. Changes from that time are sent afterwards. The subscription
   * does not complete. One that ends was cut, or its client was too slow for the changes. Subscribe again then, and read the
   * list again.
   */
  readonly packageJobsUpdated?: Maybe<PackageJob>;
};


/** Changes that the gateway pushes to clients, over a WebSocket (graphql-transport-ws) or server-sent events. */
export type SubscriptionPackageJobUpdatedArgs = {
  ids: ReadonlyArray<Scalars['ID']['input']>;
};


/** Changes that the gateway pushes to clients, over a WebSocket (graphql-transport-ws) or server-sent events. */
export type SubscriptionPackageJobsUpdatedArgs = {
  filter?: InputMaybe<PackageJobFilter>;
};

/** What is behind the gateway. */
export type Upstream =
  /** The emulator that comes with the gateway. Its jobs package nothing. */
  | 'EMULATOR'
  /** ICE, in an account of Alibaba Cloud. A job writes files there and has a price. It cannot be cancelled. */
  | 'ICE';

/**
 * Whoever sends the operation: the bearer of its token, or anybody where the gateway asks for no token. An app offers what its
 * viewer may do.
 */
export type Viewer = {
  readonly __typename?: 'Viewer';
  /**
   * Whether `submitPackageJob` submits jobs for this viewer. `false` where the gateway submits none (`ALLOW_SUBMIT`), where the
   * token lacks the scope `jobs:submit` or has a list of jobs, and where it does not say whose jobs it is for. It is about the
   * gateway alone: ICE can still refuse a job.
   */
  readonly canSubmit: Scalars['Boolean']['output'];
  /** Where jobs are submitted to and read from. An app asks for a confirmation before it submits to `ICE`. */
  readonly upstream: Upstream;
};



export type ResolverTypeWrapper<T> = Promise<T> | T;


export type ResolverWithResolve<TResult, TParent, TContext, TArgs> = {
  resolve: ResolverFn<TResult, TParent, TContext, TArgs>;
};
export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs> | ResolverWithResolve<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<any, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, any, TContext, TArgs>;
}

export type SubscriptionObject<TResult, TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionSubscriberObject<TResult, TKey, TParent, TContext, TArgs>
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<TResult, TKey extends string, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> =
  | ((...args: any[]) => SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>)
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<TTypes, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  parent: TParent,
  context: TContext,
  info: GraphQLResolveInfo
) => Maybe<TTypes> | Promise<Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (obj: T, context: TContext, info: GraphQLResolveInfo) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<TResult = Record<PropertyKey, never>, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;





/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  JSON: ResolverTypeWrapper<Scalars['JSON']['output']>;
  MediaObject: ResolverTypeWrapper<MediaObjectParent>;
  MediaObjectInput: MediaObjectInput;
  MediaObjectType: MediaObjectType;
  Mutation: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Node: ResolverTypeWrapper<PackageJobParent>;
  PackageJob: ResolverTypeWrapper<PackageJobParent>;
  PackageJobConnection: ResolverTypeWrapper<PackageJobConnectionParent>;
  PackageJobEdge: ResolverTypeWrapper<Omit<PackageJobEdge, 'node'> & { node: ResolversTypes['PackageJob'] }>;
  PackageJobFilter: PackageJobFilter;
  PackageJobOrder: PackageJobOrder;
  PackageJobStatus: PackageJobStatus;
  PackageJobTriggerSource: PackageJobTriggerSource;
  PackageJobWait: PackageJobWait;
  PackageJobWaitUntil: PackageJobWaitUntil;
  PageInfo: ResolverTypeWrapper<PageInfo>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  SubmitPackageJobInput: SubmitPackageJobInput;
  SubmitPackageJobPayload: ResolverTypeWrapper<Omit<SubmitPackageJobPayload, 'packageJob'> & { packageJob?: Maybe<ResolversTypes['PackageJob']> }>;
  Subscription: ResolverTypeWrapper<Record<PropertyKey, never>>;
  URL: ResolverTypeWrapper<Scalars['URL']['output']>;
  Upstream: Upstream;
  Viewer: ResolverTypeWrapper<Viewer>;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  Boolean: Scalars['Boolean']['output'];
  DateTime: Scalars['DateTime']['output'];
  ID: Scalars['ID']['output'];
  Int: Scalars['Int']['output'];
  JSON: Scalars['JSON']['output'];
  MediaObject: MediaObjectParent;
  MediaObjectInput: MediaObjectInput;
  Mutation: Record<PropertyKey, never>;
  Node: PackageJobParent;
  PackageJob: PackageJobParent;
  PackageJobConnection: PackageJobConnectionParent;
  PackageJobEdge: Omit<PackageJobEdge, 'node'> & { node: ResolversParentTypes['PackageJob'] };
  PackageJobFilter: PackageJobFilter;
  PackageJobWait: PackageJobWait;
  PageInfo: PageInfo;
  Query: Record<PropertyKey, never>;
  String: Scalars['String']['output'];
  SubmitPackageJobInput: SubmitPackageJobInput;
  SubmitPackageJobPayload: Omit<SubmitPackageJobPayload, 'packageJob'> & { packageJob?: Maybe<ResolversParentTypes['PackageJob']> };
  Subscription: Record<PropertyKey, never>;
  URL: Scalars['URL']['output'];
  Viewer: Viewer;
};

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], any> {
  name: 'DateTime';
}

export interface JsonScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['JSON'], any> {
  name: 'JSON';
}

export type MediaObjectResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['MediaObject'] = ResolversParentTypes['MediaObject']> = {
  assetId?: Resolver<Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  bucket?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  fileName?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  media?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  objectKey?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  type?: Resolver<ResolversTypes['MediaObjectType'], ParentType, ContextType>;
  url?: Resolver<Maybe<ResolversTypes['URL']>, ParentType, ContextType>;
};

export type MutationResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['Mutation'] = ResolversParentTypes['Mutation']> = {
  submitPackageJob?: Resolver<Maybe<ResolversTypes['SubmitPackageJobPayload']>, ParentType, ContextType, RequireFields<MutationSubmitPackageJobArgs, 'input'>>;
};

export type NodeResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['Node'] = ResolversParentTypes['Node']> = {
  __resolveType: TypeResolveFn<'PackageJob', ParentType, ContextType>;
};

export type PackageJobResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['PackageJob'] = ResolversParentTypes['PackageJob']> = {
  code?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  createTime?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  finishTime?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  inputs?: Resolver<ReadonlyArray<ResolversTypes['MediaObject']>, ParentType, ContextType>;
  isFinished?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  message?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  modifiedTime?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  name?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  observedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  output?: Resolver<Maybe<ResolversTypes['MediaObject']>, ParentType, ContextType>;
  outputUrl?: Resolver<Maybe<ResolversTypes['URL']>, ParentType, ContextType>;
  pipelineId?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  pollAfterMs?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  priority?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  status?: Resolver<ResolversTypes['PackageJobStatus'], ParentType, ContextType>;
  statusRaw?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  submitTime?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  triggerSource?: Resolver<Maybe<ResolversTypes['PackageJobTriggerSource']>, ParentType, ContextType>;
  userData?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  userDataJson?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type PackageJobConnectionResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['PackageJobConnection'] = ResolversParentTypes['PackageJobConnection']> = {
  edges?: Resolver<ReadonlyArray<ResolversTypes['PackageJobEdge']>, ParentType, ContextType>;
  nodes?: Resolver<ReadonlyArray<ResolversTypes['PackageJob']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type PackageJobEdgeResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['PackageJobEdge'] = ResolversParentTypes['PackageJobEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['PackageJob'], ParentType, ContextType>;
};

export type PageInfoResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['PageInfo'] = ResolversParentTypes['PageInfo']> = {
  endCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  hasNextPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  hasPreviousPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  startCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type QueryResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  node?: Resolver<Maybe<ResolversTypes['Node']>, ParentType, ContextType, RequireFields<QueryNodeArgs, 'id'>>;
  nodes?: Resolver<ReadonlyArray<Maybe<ResolversTypes['Node']>>, ParentType, ContextType, RequireFields<QueryNodesArgs, 'ids'>>;
  packageJob?: Resolver<Maybe<ResolversTypes['PackageJob']>, ParentType, ContextType, RequireFields<QueryPackageJobArgs, 'id'>>;
  packageJobs?: Resolver<Maybe<ResolversTypes['PackageJobConnection']>, ParentType, ContextType, RequireFields<QueryPackageJobsArgs, 'first' | 'orderBy'>>;
  packageJobsById?: Resolver<ReadonlyArray<Maybe<ResolversTypes['PackageJob']>>, ParentType, ContextType, RequireFields<QueryPackageJobsByIdArgs, 'ids'>>;
  viewer?: Resolver<Maybe<ResolversTypes['Viewer']>, ParentType, ContextType>;
};

export type SubmitPackageJobPayloadResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['SubmitPackageJobPayload'] = ResolversParentTypes['SubmitPackageJobPayload']> = {
  packageJob?: Resolver<Maybe<ResolversTypes['PackageJob']>, ParentType, ContextType>;
};

export type SubscriptionResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['Subscription'] = ResolversParentTypes['Subscription']> = {
  packageJobUpdated?: SubscriptionResolver<Maybe<ResolversTypes['PackageJob']>, "packageJobUpdated", ParentType, ContextType, RequireFields<SubscriptionPackageJobUpdatedArgs, 'ids'>>;
  packageJobsUpdated?: SubscriptionResolver<Maybe<ResolversTypes['PackageJob']>, "packageJobsUpdated", ParentType, ContextType, Partial<SubscriptionPackageJobsUpdatedArgs>>;
};

export interface UrlScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['URL'], any> {
  name: 'URL';
}

export type ViewerResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['Viewer'] = ResolversParentTypes['Viewer']> = {
  canSubmit?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  upstream?: Resolver<ResolversTypes['Upstream'], ParentType, ContextType>;
};

export type Resolvers<ContextType = OperationContext> = {
  DateTime?: GraphQLScalarType;
  JSON?: GraphQLScalarType;
  MediaObject?: MediaObjectResolvers<ContextType>;
  Mutation?: MutationResolvers<ContextType>;
  Node?: NodeResolvers<ContextType>;
  PackageJob?: PackageJobResolvers<ContextType>;
  PackageJobConnection?: PackageJobConnectionResolvers<ContextType>;
  PackageJobEdge?: PackageJobEdgeResolvers<ContextType>;
  PageInfo?: PageInfoResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  SubmitPackageJobPayload?: SubmitPackageJobPayloadResolvers<ContextType>;
  Subscription?: SubscriptionResolvers<ContextType>;
  URL?: GraphQLScalarType;
  Viewer?: ViewerResolvers<ContextType>;
};

