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
  /** A point in time as RFC 3339 text in UTC, such as `2022-09-08T11:34:05Z`. As input, any offset is accepted. */
  DateTime: { input: Date; output: string; }
  /** Any JSON value. */
  JSON: { input: unknown; output: unknown; }
  /** A URL as the WHATWG URL Standard parses it, percent-encoded where needed, such as `oss://bucket/path/to/video.mp4`. */
  URL: { input: URL; output: string; }
};

/** A media file, named by its address in Object Storage Service (OSS) or by its id in the ICE media library. */
export type MediaObject = {
  readonly __typename?: 'MediaObject';
  /** The media-library id of a `MEDIA` object; `null` for the other types. */
  readonly assetId?: Maybe<Scalars['ID']['output']>;
  /** The OSS bucket in the address; `null` when the address names none. */
  readonly bucket?: Maybe<Scalars['String']['output']>;
  /** The last part of the address's path, decoded, such as `video.mp4`; `null` when there is none. */
  readonly fileName?: Maybe<Scalars['String']['output']>;
  /** The name exactly as ICE sent it: an address or an id, as `type` says; `null` when ICE sent none. */
  readonly media?: Maybe<Scalars['String']['output']>;
  /** The OSS object key in the address, decoded; `null` when the address names no bucket. */
  readonly objectKey?: Maybe<Scalars['String']['output']>;
  /** Which of the two ways names the file. */
  readonly type: MediaObjectType;
  /** The address of an `OSS` object; `null` for the other types, and when `media` is not an address. */
  readonly url?: Maybe<Scalars['URL']['output']>;
};

/** A media file to package, or the place of a package. */
export type MediaObjectInput = {
  /**
   * Of an `OSS` object its address, an `oss://` or `http(s)://` URL with a bucket or host and an object key. Of a `MEDIA`
   * object its media-library id, 1 to 128 printable ASCII characters without spaces.
   */
  readonly media: Scalars['String']['input'];
  /** Which of the two ways names the file; `UNKNOWN` is refused. */
  readonly type: MediaObjectType;
};

/** The ways a media file is named. */
export type MediaObjectType =
  /** By its id in the ICE media library (ICE: `Media`). */
  | 'MEDIA'
  /** By an OSS address: `oss://bucket/key` or `http(s)://bucket.oss-region.aliyuncs.com/key` (ICE: `OSS`). */
  | 'OSS'
  /** ICE sent a text it documents nowhere, or none. */
  | 'UNKNOWN';

/** The entry points for changing. They run one after another, and none of them is ever tried twice by the gateway. */
export type Mutation = {
  readonly __typename?: 'Mutation';
  /**
   * Submits a packaging job. ICE takes no key that would tell a repeat from a second job, so every call that succeeds
   * makes a job of its own. An error with `retryable: true` means that there is none yet; one with `UPSTREAM_TIMEOUT`
   * and `retryable: false` that there may be one, which `packageJobs` shows. `FORBIDDEN` where the gateway submits none.
   */
  readonly submitPackageJob?: Maybe<SubmitPackageJobPayload>;
};


/** The entry points for changing. They run one after another, and none of them is ever tried twice by the gateway. */
export type MutationSubmitPackageJobArgs = {
  input: SubmitPackageJobInput;
};

/** An object that can be fetched again by its id, as Relay's Global Object Identification describes. */
export type Node = {
  /** The id that `Query.node` finds this object by. */
  readonly id: Scalars['ID']['output'];
};

/**
 * One ICE packaging job: MP4s in, an HLS or DASH package out. Fields are named after ICE's own, so its reference
 * applies; every one ICE may leave out is nullable.
 */
export type PackageJob = Node & {
  readonly __typename?: 'PackageJob';
  /**
   * ICE's code for why the job failed, such as `InvalidParameter`. It is about the job, never about this request;
   * `null` when ICE sent none.
   */
  readonly code?: Maybe<Scalars['String']['output']>;
  /** When ICE created the job; `null` when ICE does not say. */
  readonly createTime?: Maybe<Scalars['DateTime']['output']>;
  /** When the job ended; `null` until then. */
  readonly finishTime?: Maybe<Scalars['DateTime']['output']>;
  /** The ICE JobId as ICE wrote it, usually 32 lower-case hexadecimal characters. */
  readonly id: Scalars['ID']['output'];
  /** The media the job packages, in the order submitted; empty when ICE sent none. */
  readonly inputs: ReadonlyArray<MediaObject>;
  /** Whether the job has ended, in `SUCCESS` or in `FAIL`. An ended job never changes again. */
  readonly isFinished: Scalars['Boolean']['output'];
  /** ICE's sentence for why the job failed; `null` when ICE sent none. */
  readonly message?: Maybe<Scalars['String']['output']>;
  /** When ICE last changed the job; `null` when ICE does not say. */
  readonly modifiedTime?: Maybe<Scalars['DateTime']['output']>;
  /** The name given when the job was submitted; `null` when none was. */
  readonly name?: Maybe<Scalars['String']['output']>;
  /** When the gateway read this state from ICE. */
  readonly observedAt: Scalars['DateTime']['output'];
  /** Where the package is written to; `null` when ICE does not say. */
  readonly output?: Maybe<MediaObject>;
  /**
   * The address of the finished package; `null` until ICE has one. ICE leaves it out of lists, so on a listed job this
   * field costs one more read, batched with its siblings.
   */
  readonly outputUrl?: Maybe<Scalars['URL']['output']>;
  /** The id of the queue the job runs in; `null` when ICE does not say. */
  readonly pipelineId?: Maybe<Scalars['String']['output']>;
  /** Milliseconds until another read of this job can be worth its cost; `null` once the job has finished. */
  readonly pollAfterMs?: Maybe<Scalars['Int']['output']>;
  /** The job's priority in its queue, 1 to 10, larger first; `null` when ICE does not say. */
  readonly priority?: Maybe<Scalars['Int']['output']>;
  /** Where the job stands. Text ICE documents nowhere becomes `UNKNOWN`; `statusRaw` keeps it. */
  readonly status: PackageJobStatus;
  /** The status exactly as ICE sent it, such as `Init`; `null` when ICE sent none. */
  readonly statusRaw?: Maybe<Scalars['String']['output']>;
  /** When the job was submitted; `null` when ICE does not say. */
  readonly submitTime?: Maybe<Scalars['DateTime']['output']>;
  /** What submitted the job; `null` when ICE does not say. */
  readonly triggerSource?: Maybe<PackageJobTriggerSource>;
  /** The text attached when the job was submitted, verbatim; `null` when there was none. */
  readonly userData?: Maybe<Scalars['String']['output']>;
  /** `userData` parsed as JSON; `null` when it is absent or not JSON. */
  readonly userDataJson?: Maybe<Scalars['JSON']['output']>;
};

/** A page of packaging jobs, as Relay's Cursor Connections describe. */
export type PackageJobConnection = {
  readonly __typename?: 'PackageJobConnection';
  /** The jobs of this page with their cursors. */
  readonly edges: ReadonlyArray<PackageJobEdge>;
  /** The jobs of this page, for readers that need no cursor of each. */
  readonly nodes: ReadonlyArray<PackageJob>;
  /** Where this page stands among the others. */
  readonly pageInfo: PageInfo;
};

/** A packaging job and its place in the list. */
export type PackageJobEdge = {
  readonly __typename?: 'PackageJobEdge';
  /** An opaque text to give as `after`. It stays valid for as long as ICE keeps the page it points to, across restarts. */
  readonly cursor: Scalars['String']['output'];
  /** The job. */
  readonly node: PackageJob;
};

/** Which packaging jobs a list returns; every member given must hold. */
export type PackageJobFilter = {
  /** Only jobs created at this time or later, in whole seconds. */
  readonly createdFrom?: InputMaybe<Scalars['DateTime']['input']>;
  /** Only jobs created at this time or earlier, in whole seconds; not before `createdFrom`. */
  readonly createdTo?: InputMaybe<Scalars['DateTime']['input']>;
  /** Only jobs with this status. `UNKNOWN` cannot be asked for. */
  readonly status?: InputMaybe<PackageJobStatus>;
};

/** The orders a list of packaging jobs can have. */
export type PackageJobOrder =
  /** Oldest first. */
  | 'CREATE_TIME_ASC'
  /** Newest first. */
  | 'CREATE_TIME_DESC';

/** Where a packaging job stands. */
export type PackageJobStatus =
  /** Ended without a package; `code` and `message` say why (ICE: `Fail`). */
  | 'FAIL'
  /** Accepted and not ended yet (ICE: `Init`). */
  | 'INIT'
  /** Ended, the package is complete (ICE: `Success`). */
  | 'SUCCESS'
  /** ICE sent another text or none; `statusRaw` has it. Treat it as not finished. */
  | 'UNKNOWN';

/** What submitted a packaging job. */
export type PackageJobTriggerSource =
  /** A call of the ICE API (ICE: `API`). */
  | 'API'
  /** The ICE console (ICE: `Console`). */
  | 'CONSOLE'
  /** ICE sent a text it documents nowhere. */
  | 'UNKNOWN'
  /** An ICE workflow (ICE: `WorkFlow`). */
  | 'WORK_FLOW';

/** How long a query waits for a packaging job. */
export type PackageJobWait = {
  /** The longest to wait, in seconds, 1 to 55, which most proxies let an answer take. */
  readonly timeoutSeconds: Scalars['Int']['input'];
  /** What it waits for. */
  readonly until: PackageJobWaitUntil;
};

/** What a query can wait for. A job that has finished, or that ICE does not know, is never waited for. */
export type PackageJobWaitUntil =
  /** Anything about the job is different from when the query came. */
  | 'CHANGE'
  /** The job has ended, well or not (`isFinished`). */
  | 'FINISHED';

/** Where a page stands among the others. */
export type PageInfo = {
  readonly __typename?: 'PageInfo';
  /** The cursor of the last job of the page; `null` when the page is empty and no other follows. */
  readonly endCursor?: Maybe<Scalars['String']['output']>;
  /** Whether asking again with `after: endCursor` can return more. */
  readonly hasNextPage: Scalars['Boolean']['output'];
  /** Whether `after` was given. Pages can only be walked forwards. */
  readonly hasPreviousPage: Scalars['Boolean']['output'];
  /** The cursor of the first job of the page; `null` when the page is empty. */
  readonly startCursor?: Maybe<Scalars['String']['output']>;
};

/**
 * The entry points for reading. Every field here answers from Alibaba Cloud ICE; a read that fails is `null` with an
 * error at its path, and the fields beside it are unaffected.
 */
export type Query = {
  readonly __typename?: 'Query';
  /**
   * The object with this global id, or `null` when there is none. Jobs are the only nodes, and a job's id is its ICE
   * JobId.
   */
  readonly node?: Maybe<Node>;
  /** The objects with these global ids, in the order asked for and of the same length; `null` where there is none. */
  readonly nodes: ReadonlyArray<Maybe<Node>>;
  /** The packaging job with this id, or `null` when ICE does not know it (no error). */
  readonly packageJob?: Maybe<PackageJob>;
  /** The account's packaging jobs, page by page, over ICE's ListPackageJobs. ICE counts nothing, so there is no total. */
  readonly packageJobs?: Maybe<PackageJobConnection>;
  /**
   * The packaging jobs with these ids, in the order asked for and of the same length. An id ICE does not know is
   * `null`; an id whose read failed is `null` with an error at its place. Repeats cost one read.
   */
  readonly packageJobsById: ReadonlyArray<Maybe<PackageJob>>;
};


/**
 * The entry points for reading. Every field here answers from Alibaba Cloud ICE; a read that fails is `null` with an
 * error at its path, and the fields beside it are unaffected.
 */
export type QueryNodeArgs = {
  id: Scalars['ID']['input'];
};


/**
 * The entry points for reading. Every field here answers from Alibaba Cloud ICE; a read that fails is `null` with an
 * error at its path, and the fields beside it are unaffected.
 */
export type QueryNodesArgs = {
  ids: ReadonlyArray<Scalars['ID']['input']>;
};


/**
 * The entry points for reading. Every field here answers from Alibaba Cloud ICE; a read that fails is `null` with an
 * error at its path, and the fields beside it are unaffected.
 */
export type QueryPackageJobArgs = {
  id: Scalars['ID']['input'];
  wait?: InputMaybe<PackageJobWait>;
};


/**
 * The entry points for reading. Every field here answers from Alibaba Cloud ICE; a read that fails is `null` with an
 * error at its path, and the fields beside it are unaffected.
 */
export type QueryPackageJobsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<PackageJobFilter>;
  first?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<PackageJobOrder>;
};


/**
 * The entry points for reading. Every field here answers from Alibaba Cloud ICE; a read that fails is `null` with an
 * error at its path, and the fields beside it are unaffected.
 */
export type QueryPackageJobsByIdArgs = {
  ids: ReadonlyArray<Scalars['ID']['input']>;
};

/**
 * A packaging job to submit. All of it together is at most 8,192 bytes as ICE's query string encodes it, a limit of the
 * gateway's; there a letter outside ASCII takes 6 to 12 bytes.
 */
export type SubmitPackageJobInput = {
  /** The media to package, 1 to 100, in the order the job shows them. ICE documents no maximum; this one is the gateway's. */
  readonly inputs: ReadonlyArray<MediaObjectInput>;
  /** A name for people, 1 to 256 characters, a limit of the gateway's; none when left out. */
  readonly name?: InputMaybe<Scalars['String']['input']>;
  /** Where the package is to be written to. */
  readonly output: MediaObjectInput;
  /** The id of the queue to run in, 1 to 64 printable ASCII characters without spaces; ICE chooses when left out. */
  readonly pipelineId?: InputMaybe<Scalars['String']['input']>;
  /** The priority in the queue, 1 to 10, larger first; ICE chooses when left out. */
  readonly priority?: InputMaybe<Scalars['Int']['input']>;
  /**
   * A text that the job carries, such as JSON, at most 1,024 bytes of UTF-8, a limit of the gateway's. An empty text is
   * the same as none.
   */
  readonly userData?: InputMaybe<Scalars['String']['input']>;
};

/** What became of a submission. */
export type SubmitPackageJobPayload = {
  readonly __typename?: 'SubmitPackageJobPayload';
  /**
   * The job, as ICE shows it. Where ICE cannot show it yet, it is what was submitted, with the status `INIT` and without
   * any times.
   */
  readonly packageJob?: Maybe<PackageJob>;
};

/** The entry points for being told of changes, over a WebSocket (graphql-transport-ws) or server-sent events. */
export type Subscription = {
  readonly __typename?: 'Subscription';
  /**
   * The current state of each of these packaging jobs first, then each later state, in order and never the same twice. It
   * completes by itself when all of them have finished, and a client that reconnects misses nothing, as it begins with the
   * current states. An id ICE does not know is one `null` with an error that names it (`extensions.argument`); the others go
   * on. While ICE cannot be asked nothing is sent, and what has changed meanwhile is sent afterwards.
   */
  readonly packageJobUpdated?: Maybe<PackageJob>;
};


/** The entry points for being told of changes, over a WebSocket (graphql-transport-ws) or server-sent events. */
export type SubscriptionPackageJobUpdatedArgs = {
  ids: ReadonlyArray<Scalars['ID']['input']>;
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
};

export type SubmitPackageJobPayloadResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['SubmitPackageJobPayload'] = ResolversParentTypes['SubmitPackageJobPayload']> = {
  packageJob?: Resolver<Maybe<ResolversTypes['PackageJob']>, ParentType, ContextType>;
};

export type SubscriptionResolvers<ContextType = OperationContext, ParentType extends ResolversParentTypes['Subscription'] = ResolversParentTypes['Subscription']> = {
  packageJobUpdated?: SubscriptionResolver<Maybe<ResolversTypes['PackageJob']>, "packageJobUpdated", ParentType, ContextType, RequireFields<SubscriptionPackageJobUpdatedArgs, 'ids'>>;
};

export interface UrlScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['URL'], any> {
  name: 'URL';
}

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
};

