import { refusalOf } from './refusal.ts';
import { demandToken, useHasToken } from './token.ts';

/** The gateway's code of an error, such as `UPSTREAM_TIMEOUT`. `undefined` when the gateway sent no response. */
export function codeOf(error: unknown): string | undefined {
  return refusalOf(error)?.code;
}

/**
 * An error message. It is the gateway's own message, or says that the gateway cannot be reached. Where the gateway says that the same
 * request would fail again, there is no "Try again".
 */
export function Problem({ error, onRetry }: { readonly error: Error; readonly onRetry?: () => void }) {
  const { code, message, requestId, retryable = true } = refusalOf(error) ?? {};
  // Another token may allow it.
  const canHelp = useHasToken() && code === 'FORBIDDEN';
  return (
    <div className="problem" role="alert">
      <p>
        {message ?? 'The gateway cannot be reached.'} {code && <code>{code}</code>}
        {requestId && <small> Request {requestId}</small>}
      </p>
      {canHelp && (
        <button type="button" onClick={() => demandToken(message)}>
          Use another token
        </button>
      )}
      {onRetry && retryable && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
