/**
 * The trace id of a `traceparent` header, if the header is valid.
 *
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  const [, version, traceId, parentId] = VALID.exec(traceparent ?? '') ?? [];
  if (version === 'ff' || traceId === NO_TRACE || parentId === NO_PARENT) return undefined;
  return traceId;
}

/** Later versions may have more members. */
const VALID = /^(?!00.{53}.)([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}(?:-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_PARENT = '0'.repeat(16);
