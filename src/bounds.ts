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
  bodyParts: {
    max: 1024,
    unit: 'items',
    per: 'request',
    what: 'Parts of a body: its chunks, and the reads that it comes in',
    reason: 'Each takes time, however small it is. The network brings it in about 200 reads at most.',
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
    what: 'Jobs that subscriptions and waits listen to; a job counts for each of them, and a subscription to all jobs as 100',
    reason: 'It is a tenth of what all clients have, and far above what apps behind one address use.',
  },
  allListeners: {
    max: 200_000,
    unit: 'items',
    per: 'gateway',
    what: 'Jobs that subscriptions and waits listen to; a job counts for each of them, and a subscription to all jobs as 100',
    reason: 'They take 0.4 kB each in subscriptions to 100 jobs, and 1.1 kB each in subscriptions to one.',
  },
  watchedJobs: {
    max: 10_000,
    unit: 'items',
    per: 'client',
    what: 'Distinct jobs that a client listens to; at most a tenth of `CACHE_MAX_JOBS`, but 100 at least',
    reason: 'Nobody can use up the watched jobs of all. An account has fewer unfinished jobs.',
  },
  followedJobs: {
    max: 1000,
    unit: 'items',
    per: 'gateway',
    what: 'Unfinished jobs that are followed for subscriptions to all jobs, the newest; at most half of `CACHE_MAX_JOBS`. Older ones are followed as these finish; until then, changes of them are told when anybody reads them',
    reason: 'They are read ten pages at a time. More would use up the calls of everybody else.',
  },
  accountChanges: {
    max: 2000,
    unit: 'items',
    per: 'gateway',
    what: 'The latest changes of jobs that subscriptions to all jobs can still be told. A subscription that is further behind ends with OVERLOADED',
    reason: 'They are kept once for all, and take about 3 MB.',
  },
  callsWaiting: {
    max: 10_000,
    unit: 'items',
    per: 'gateway',
    what: 'Calls of one action of ICE that wait for their turn; the gateway’s own polling may have half of them',
    reason: 'At 1,000 calls a second they take 10 s, as long as an operation waits.',
  },
  callsWaitingOfClient: {
    max: 2000,
    unit: 'items',
    per: 'client',
    what: 'Calls of one action of ICE that wait for their turn',
    reason: 'It is a fifth of all, and no less than the jobs that are being read for a client.',
  },
  readsOfClient: {
    max: 2000,
    unit: 'items',
    per: 'client',
    what: 'Jobs and pages of jobs that are being read for it; those that were being read for others already do not count. A query that could need more is refused as a whole',
    reason: 'Four of the largest operations, which read 500 jobs.',
  },
  lastingStates: {
    max: 8 * 1024 * 1024,
    unit: 'bytes',
    per: 'gateway',
    what: 'Finished jobs, and jobs submitted in the last minute, that `CACHE_MAX_JOBS` has no room for',
    reason: 'About 8,000 jobs. A list that lags does not take them back for as long.',
  },
  waits: {
    max: 1000,
    unit: 'items',
    per: 'client',
    what: 'Fields that wait for a job, by `wait` or `Prefer: wait`. A query that could need more is refused as a whole',
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
  compiledFields: {
    max: 20_000,
    unit: 'items',
    per: 'gateway',
    what: 'Fields that are compiled at once, for compiled queries and for prepared operations each; then 1,000 a second',
    reason:
      'Two seconds of computing, then a tenth of a core. Until a query is compiled, graphql-js executes it.',
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
  token: {
    max: 8192,
    unit: 'characters',
    per: 'request',
    what: 'The token of a request, or of the first message of a WebSocket',
    reason: 'Half of what the headers may have. Tokens with many roles take two or three thousand.',
  },
  rememberedTokens: {
    max: 8 * 1024 * 1024,
    unit: 'bytes',
    per: 'gateway',
    what: 'Whom verified tokens are for, by the hashes of the tokens',
    reason: 'About 15,000 tokens. Any other is verified again, which takes a tenth of a millisecond.',
  },
  views: {
    max: 8 * 1024 * 1024,
    unit: 'bytes',
    per: 'gateway',
    what: 'Different things that tokens let their bearers see, each once',
    reason: 'As many as tokens that are remembered, about 13,000.',
  },
  rateBuckets: {
    max: 8 * 1024 * 1024,
    unit: 'bytes',
    per: 'gateway',
    what: 'What clients have left of `RATE_LIMIT`, of those that asked last. A client that is forgotten has all of it again',
    reason: 'About 25,000 clients.',
  },
  waitingForKeys: {
    max: 100,
    unit: 'items',
    per: 'gateway',
    what: 'Tokens of an issuer that wait for its keys. More are refused with AUTH_UNAVAILABLE',
    reason: 'Anyone can send tokens with keys that nobody knows. Tokens whose keys are known do not wait.',
  },
  issuerKeys: {
    max: 100,
    unit: 'items',
    per: 'gateway',
    what: 'The keys of an issuer. A key set with more is not taken',
    reason: 'Issuers have two to ten.',
  },
  keysTried: {
    max: 4,
    unit: 'items',
    per: 'request',
    what: 'The keys that a token is verified with which names none',
    reason: 'Each takes a tenth of a millisecond.',
  },
  cachedSelecting: {
    max: 4096,
    unit: 'characters',
    per: 'request',
    what: 'The headers that select a stored response, of a request that the response cache looks up',
    reason: 'Tokens and cookies take one or two thousand. They are kept with each stored response.',
  },
  bodyValues: {
    max: 16_384,
    unit: 'items',
    per: 'request',
    what: 'The values in the JSON of a request, and of a message of a WebSocket',
    reason:
      'A value takes about 64 bytes of memory, so a body is at most 1.3 MB. The largest list may have 1000 items.',
  },
  requestTime: {
    max: 30_000,
    unit: 'milliseconds',
    per: 'request',
    what: 'The time until a request has come, and a message of a WebSocket',
    reason: 'A body of the largest size needs 9 KB/s.',
  },
  idleConnection: {
    max: 72_000,
    unit: 'milliseconds',
    per: 'connection',
    what: 'The time that a connection stays open without a request',
    reason: 'Proxies keep theirs for 60 s. The gateway must not be the first to close.',
  },
  closing: {
    max: 1000,
    unit: 'milliseconds',
    per: 'connection',
    what: 'The time that a client has to close its side of a connection that the gateway closes',
    reason: 'A client that reads nothing does not see that it is closed.',
  },
  refusedConnections: {
    max: 256,
    unit: 'items',
    per: 'gateway',
    what: 'Refused connections that are still to be closed. More are closed without a response',
    reason: 'A refusal is worth no more memory than that.',
  },
  clientConnections: {
    max: 512,
    unit: 'items',
    per: 'client',
    what: 'Connections, beside as many as there may be streams',
    reason:
      'A browser opens six, and many people can share an address. An idle connection takes about 10 KB.',
  },
  connections: {
    max: 4096,
    unit: 'items',
    per: 'gateway',
    what: 'Connections, beside as many as there may be streams',
    reason: 'Idle ones take about 40 MB.',
  },
  connectionRequests: {
    max: 64,
    unit: 'items',
    per: 'connection',
    what: 'HTTP requests under way. The one after is refused, and is the last of its connection',
    reason: 'Clients that pipeline at all send about ten at once.',
  },
  clientRequests: {
    max: 1024,
    unit: 'items',
    per: 'client',
    what: 'HTTP requests under way',
    reason: 'More cannot be answered in time: a read of ICE has its turn within seconds.',
  },
  clientOperations: {
    max: 128,
    unit: 'items',
    per: 'client',
    what: 'Operations that execute. Others wait for their turn. One that waits for a job, or a subscription that has begun, does not count',
    reason: 'An operation on 100 jobs takes about 1 MB while it executes.',
  },
  requests: {
    max: 8192,
    unit: 'items',
    per: 'gateway',
    what: 'HTTP requests under way',
    reason: 'A request under way takes about 20 KB beside its body.',
  },
  clientHeld: {
    max: 16 * 1024 * 1024,
    unit: 'bytes',
    per: 'client',
    what: 'What the requests and messages under way take: their text, and 64 bytes for each value in it',
    reason: '1024 requests for 100 jobs each take 11 MB.',
  },
  held: {
    max: 96 * 1024 * 1024,
    unit: 'bytes',
    per: 'gateway',
    what: 'What the requests and messages under way take: their text, and 64 bytes for each value in it',
    reason: 'The process has 512 MiB for everything.',
  },
  unknownBody: {
    max: 64 * 1024,
    unit: 'bytes',
    per: 'request',
    what: 'What a body without a length counts until it has come',
    reason: 'Few bodies come in parts, and each holds this much at once at most while it is read.',
  },
  clientUnread: {
    max: 16 * 1024 * 1024,
    unit: 'bytes',
    per: 'client',
    what: 'What a client leaves unread on all its connections before its new requests are refused',
    reason: '200 responses with 100 jobs each. What the system takes over does not count.',
  },
  clientUnreadMost: {
    max: 32 * 1024 * 1024,
    unit: 'bytes',
    per: 'client',
    what: 'The same before its slowest connection is cut',
    reason: 'Requests under way can double what is unread when they are refused at once.',
  },
  unread: {
    max: 64 * 1024 * 1024,
    unit: 'bytes',
    per: 'gateway',
    what: 'What all clients leave unread before new requests are refused',
    reason: 'The process has 512 MiB for everything.',
  },
  unreadMost: {
    max: 128 * 1024 * 1024,
    unit: 'bytes',
    per: 'gateway',
    what: 'The same before the slowest connection is cut',
    reason: 'As for one client.',
  },
  socketUnread: {
    max: 4 * 1024 * 1024,
    unit: 'bytes',
    per: 'connection',
    what: 'What a client leaves unread on a WebSocket before it is closed',
    reason: 'The largest responses are 1 MB.',
  },
  socketOperations: {
    max: 100,
    unit: 'items',
    per: 'connection',
    what: 'Operations under way on a WebSocket',
    reason: 'An app that shows a page of jobs with a subscription for each stays within it.',
  },
  socketMessages: {
    max: 256,
    unit: 'items',
    per: 'connection',
    what: 'Messages under way on a WebSocket. It is read on when there are fewer',
    reason: 'Its operations, and as many refusals and pongs that the client has to read first.',
  },
  socketFragments: {
    max: 1024,
    unit: 'items',
    per: 'connection',
    what: 'Parts of a message of a WebSocket, and reads that it comes in',
    reason: 'The network brings the largest message in about 200 reads.',
  },
  connectionInit: {
    max: 16 * 1024,
    unit: 'bytes',
    per: 'connection',
    what: 'The first message of a WebSocket. Its payload is not kept',
    reason: 'As much as the headers of an HTTP request, which carry the same.',
  },
  operationId: {
    max: 256,
    unit: 'characters',
    per: 'operation',
    what: 'The id of an operation on a WebSocket',
    reason: 'Each event repeats it. Clients use numbers or UUIDs.',
  },
  pongValues: {
    max: 256,
    unit: 'items',
    per: 'connection',
    what: 'Values in the payload of a ping that the pong repeats. It has no payload otherwise',
    reason: 'Writing deeply nested values overflows the stack.',
  },
} as const satisfies Record<string, Bound>;

export type BoundName = keyof typeof BOUNDS;
