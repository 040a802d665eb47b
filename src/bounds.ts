/** What one bound holds for. */
export type BoundScope = 'gateway' | 'client' | 'connection' | 'request' | 'operation';

/** The most that there may be of something. */
export interface Bound {
  readonly max: number;
  readonly unit: 'bytes' | 'milliseconds' | 'seconds' | 'characters' | 'items';
  /** The bound holds for each of these. */
  readonly per: BoundScope;
  /** What is bounded. */
  readonly what: string;
  /** Why the bound is there, and why it has this value. */
  readonly reason: string;
}

/**
 * Every bound that is not a variable. The table in `docs/bounds.md` is checked against it.
 *
 * What a client has over a bound `per: 'client'` is refused with RATE_LIMITED, and over one `per: 'gateway'` with OVERLOADED.
 */
export const BOUNDS = {
  requestBody: {
    max: 256 * 1024,
    unit: 'bytes',
    per: 'request',
    what: 'The body of a request, and a message of a WebSocket',
    reason: 'The largest operations within the other limits take a tenth of it.',
  },
  requestHeaders: {
    max: 200,
    unit: 'items',
    per: 'request',
    what: 'The headers of a request',
    reason: 'Browsers and proxies send 10 to 40. Node leaves out those over 1,000 without a word.',
  },
  listeners: {
    max: 20_000,
    unit: 'items',
    per: 'client',
    what: 'Jobs that subscriptions and waits listen to; a job counts for each of them',
    reason: 'It is a tenth of what all clients have, and far above what apps behind one address use.',
  },
  allListeners: {
    max: 200_000,
    unit: 'items',
    per: 'gateway',
    what: 'Jobs that subscriptions and waits listen to; a job counts for each of them',
    reason: 'They take 0.4 kB each in subscriptions to 100 jobs, and 1.1 kB each in subscriptions to one.',
  },
  watchedJobs: {
    max: 10_000,
    unit: 'items',
    per: 'client',
    what: 'Distinct jobs that a client listens to; at most a tenth of `CACHE_MAX_JOBS`, but 100 at least',
    reason: 'Nobody can use up the watched jobs of all. An account has fewer unfinished jobs.',
  },
  waits: {
    max: 1000,
    unit: 'items',
    per: 'client',
    what: 'Fields that wait for a job, by `wait` or `Prefer: wait`',
    reason: 'Each keeps an operation and its request for up to 55 s. An app waits for one job, or a few.',
  },
  sharedResults: {
    max: 8 * 1024 * 1024,
    unit: 'bytes',
    per: 'gateway',
    what: 'Results of events that subscriptions with the same operation share',
    reason: 'A burst of subscribers shares one result. It is executed again after that.',
  },
  subscriptionDocuments: {
    max: 8 * 1024 * 1024,
    unit: 'bytes',
    per: 'client',
    what: 'Documents of the subscriptions under way, each once',
    reason: 'A usual subscription takes 20 to 40 kB. An app has a few.',
  },
  allSubscriptionDocuments: {
    max: 64 * 1024 * 1024,
    unit: 'bytes',
    per: 'gateway',
    what: 'Documents of the subscriptions under way, each once',
    reason: 'It is an eighth of the memory that the gateway is made for.',
  },
  variablesDepth: {
    max: 16,
    unit: 'items',
    per: 'operation',
    what: 'Lists and objects in each other in one variable',
    reason:
      'The deepest argument has 3. What reads a value recursively overflows the stack at some thousands.',
  },
  operationWaits: {
    max: 100,
    unit: 'items',
    per: 'operation',
    what: 'Fields that wait for a job, by `wait` or `Prefer: wait`',
    reason: 'A field takes as many ids. One operation uses up a tenth of what its client may have.',
  },
  documentErrors: {
    max: 10,
    unit: 'items',
    per: 'request',
    what: 'The errors that are reported of a document',
    reason:
      'The place of each is found in the text, and each is formatted. Clients validate documents when they are built.',
  },
  variableErrors: {
    max: 5,
    unit: 'items',
    per: 'request',
    what: 'The errors that are reported of variables',
    reason: 'Each repeats the value, which can be as large as the request.',
  },
  documents: {
    max: 8 * 1024 * 1024,
    unit: 'bytes',
    per: 'gateway',
    what: 'Parsed documents that are cached',
    reason:
      'About 400 usual documents. Each counts at what it keeps alive, which is up to 500 bytes for each token.',
  },
  registeredTexts: {
    max: 4 * 1024 * 1024,
    unit: 'bytes',
    per: 'gateway',
    what: 'Texts of documents that clients have registered by their hash',
    reason: 'About 4,000 usual documents. A client registers one again when it is not found.',
  },
  compiledQueries: {
    max: 16 * 1024 * 1024,
    unit: 'bytes',
    per: 'gateway',
    what: 'Queries that graphql-jit compiled, with their documents',
    reason: 'About 200 queries of 20 fields. A compiled field takes 3 KB.',
  },
  preparedOperations: {
    max: 16 * 1024 * 1024,
    unit: 'bytes',
    per: 'gateway',
    what: 'Prepared operations, with their documents',
    reason: 'About 200 operations of 20 fields. An operation under two names counts twice.',
  },
  jobFragments: {
    max: 32 * 1024 * 1024,
    unit: 'bytes',
    per: 'gateway',
    what: 'Finished jobs as fragments of JSON',
    reason: 'About 40,000 fragments of 300 bytes.',
  },
  responseHeads: {
    max: 1024 * 1024,
    unit: 'bytes',
    per: 'gateway',
    what: 'Headers of responses, by the headers of requests that select them',
    reason: 'About 600 kinds of clients. A token or a cookie makes a kind of its own.',
  },
  cachedRequest: {
    max: 64 * 1024,
    unit: 'bytes',
    per: 'request',
    what: 'The body of a request that the response cache looks up',
    reason: 'As the longest document. It is kept while the request is executed, and while it waits.',
  },
} as const satisfies Record<string, Bound>;
