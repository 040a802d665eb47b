import { refusalOf } from './refusal.ts';
import { demandToken, useHasToken } from './token.ts';

/** The gateway's code of an error, such as `UPSTREAM_TIMEOUT`. `undefined` when the gateway sent no response. */
export function codeOf(error: unknown): string | undefined {
  return refusalOf(error)?.code;
}

/** An error message. It is the gateway's own message, or says that the gateway cannot be reached. */
export function Problem({ error, onRetry }: { readonly error: Error; readonly onRetry?: () => void }) {
  const { code, message } = refusalOf(error) ?? {};
  // Another token may allow it.
  const canHelp = useHasToken() && code === 'FORBIDDEN';
  return (
    <div className="problem" role="alert">
      <p>
        {message ?? 'The gateway cannot be reached.'} {code && <code>{code}</code>}
      </p>
      {canHelp && (
        <button type="button" onClick={() => demandToken(message)}>
          Use another token
        </button>
      )}
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
