import { CombinedGraphQLErrors, ServerError } from '@apollo/client/errors';

/** What the gateway says of a request that it does not fulfil. */
export interface Refusal {
  /** Such as `UPSTREAM_TIMEOUT`. */
  readonly code: string;
  readonly message: string;
  /** Whether the same request can succeed later. */
  readonly retryable: boolean;
  /** What to look for in the gateway's log. */
  readonly requestId: string | undefined;
  /** The argument that is wrong, such as `input.inputs[2].media`. */
  readonly argument: string | undefined;
}

/** The gateway's own words in an error. `undefined`: it did not answer, or is about to stop. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (CombinedGraphQLErrors.is(error)) return readError(error.errors[0]);
  // What is refused below GraphQL has the same shape.
  return ServerError.is(error) && error.statusCode < 500 ? readError(firstError(error.bodyText)) : undefined;
}

function readError(error: unknown): Refusal | undefined {
  const extensions = memberOf(error, 'extensions');
  const code = memberOf(extensions, 'code');
  const message = memberOf(error, 'message');
  const textOf = (name: string) => {
    const value = memberOf(extensions, name);
    return typeof value === 'string' ? value : undefined;
  };
  if (typeof code !== 'string' || typeof message !== 'string') return undefined;
  return {
    code,
    message,
    retryable: memberOf(extensions, 'retryable') === true,
    requestId: textOf('requestId'),
    argument: textOf('argument'),
  };
}

/** A proxy may answer in words of its own. */
function firstError(body: string): unknown {
  try {
    return memberOf(memberOf(JSON.parse(body), 'errors'), '0');
  } catch {
    return undefined;
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}
