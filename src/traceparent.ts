/** The trace that whoever sent a request works for. */
export interface TraceParent {
  /** 32 hexadecimal digits in lower case. */
  readonly traceId: string;
  /** The span of the sender: 16 hexadecimal digits in lower case. */
  readonly parentId: string;
  /** Whether the sender records the trace. */
  readonly isSampled: boolean;
}

/**
 * Reads a `traceparent` header. It is `undefined` where there is none, or one that is not valid.
 *
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function readTraceparent(header: string | undefined): TraceParent | undefined {
  if (header === undefined) return undefined;
  const [, traceId = '', parentId = '', flags = ''] = VALID.exec(header) ?? [];
  if (traceId === '') return undefined;
  return { traceId, parentId, isSampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
}

/** No version is ff, version 00 has no more members than these, and no id is all zeros. Later versions may have more members. */
const VALID =
  /^(?!ff|00.{53}.)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:-.*)?$/;
const SAMPLED = 1;
