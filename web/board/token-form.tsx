import { useEffect, useRef, useState, type FormEvent } from 'react';
import { client } from './client.ts';
import { keepToken } from './token.ts';

/** What a header can carry as a token. */
const TOKEN = /^[\w.~+/-]+=*$/;

/** Asks for a token. The gateway says whether it is accepted as soon as the page asks for jobs with it. */
export function TokenForm({ reason }: { readonly reason: string | undefined }) {
  const [problem, setProblem] = useState(reason);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);

  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const text = (field.current?.value ?? '').trim().replace(/^bearer\s+/i, '');
    if (!TOKEN.test(text)) return setProblem('This is no token.');
    // It may be for other jobs.
    await client.clearStore();
    keepToken(text);
  };

  return (
    <form className="panel token" aria-labelledby="token" onSubmit={(event) => void send(event)}>
      <h2 id="token">The gateway asks for a token</h2>
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <label>
        Token
        <input ref={field} name="token" type="password" required autoComplete="off" spellCheck={false} />
      </label>
      <p className="empty">
        This tab keeps it until it is closed. A gateway that was started with <code>AUTH=local</code> takes
        what <code>npm run token -- --owner alice</code> prints.
      </p>
      <p className="buttons">
        <button className="primary">Continue</button>
      </p>
    </form>
  );
}
