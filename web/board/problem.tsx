import { CombinedGraphQLErrors } from '@apollo/client/errors';

/** The gateway's code of an error, such as `UPSTREAM_TIMEOUT`. `undefined` when the gateway sent no response. */
export function codeOf(error: unknown): string | undefined {
  const code = CombinedGraphQLErrors.is(error) ? error.errors[0]?.extensions?.['code'] : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** An error message. It is the gateway's own message, or says that the gateway cannot be reached. */
export function Problem({ error, onRetry }: { readonly error: Error; readonly onRetry?: () => void }) {
  const code = codeOf(error);
  return (
    <div className="problem" role="alert">
      <p>
        {code ? error.message : 'The gateway cannot be reached.'} {code && <code>{code}</code>}
      </p>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
