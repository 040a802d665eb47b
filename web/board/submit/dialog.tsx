import { useMutation } from '@apollo/client/react';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { SubmitJobDocument } from '../gql/graphql.ts';
import { go } from '../location.ts';
import { codeOf, Problem } from '../problem.tsx';
import { useViewer } from '../viewer.ts';
import { inputOf, type Draft } from './draft.ts';
import { elementOf } from './field-error.tsx';
import { fieldProblemOf } from './field-problem.ts';
import { Fields } from './fields.tsx';
import { closeForm, useOpenForm } from './open-form.ts';

interface SubmitDialogProps {
  /** Whether the page asks for a token meanwhile. The form keeps what was filled in. */
  readonly isPaused: boolean;
}

/** The return value of the dialog when what was filled in is not wanted any more. */
const DISCARDED = 'discarded';

/** The form for a new job, while it is open. */
export function SubmitDialog({ isPaused }: SubmitDialogProps) {
  const initial = useOpenForm();
  return initial && <OpenDialog initial={initial} isPaused={isPaused} />;
}

function OpenDialog({ initial, isPaused }: SubmitDialogProps & { readonly initial: Draft }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [draft, setDraft] = useState(initial);
  const [isConfirming, setIsConfirming] = useState(false);
  const { input, submit, error, isSending, reset } = useSubmission(draft);
  // Without an answer it counts as an account.
  const isAccount = useViewer()?.upstream !== 'EMULATOR';
  const problem = fieldProblemOf(error);

  useEffect(() => {
    if (isPaused) return dialog.current?.close();
    dialog.current?.showModal();
    return undefined;
  }, [isPaused]);
  const wrongField = problem?.field;
  useEffect(() => {
    if (wrongField) document.getElementById(elementOf(wrongField))?.focus();
  }, [wrongField]);

  const change = (next: Draft) => {
    if (error) reset();
    setDraft(next);
  };
  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (isAccount && !isConfirming) return setIsConfirming(true);
    const id = await submit();
    if (id === undefined) return setIsConfirming(false);
    closeForm();
    go({ job: id });
  };

  // Esc may be a slip, so what was filled in is there when the form is opened again.
  const close = () => isPaused || closeForm(dialog.current?.returnValue === DISCARDED ? undefined : draft);

  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="submit">
      <form className="submit" onSubmit={(event) => void send(event)}>
        <h2 id="submit">{isConfirming ? 'Submit this job to ICE?' : 'Submit a job'}</h2>
        {isConfirming ? (
          <p>
            The job packages files in a real account, and has a price there. Nobody can cancel it once ICE has
            it.
          </p>
        ) : (
          <Fields draft={draft} problem={problem} onChange={change} />
        )}
        <Preview input={input} isOpen={isConfirming} />
        {error && (!problem || problem.field === 'form') && <Refused error={error} text={problem?.text} />}
        <p className="buttons">
          <button className="primary" disabled={isSending}>
            {isSending ? 'Submitting' : isConfirming ? 'Submit to ICE' : 'Submit'}
          </button>
          {isConfirming && (
            <button type="button" onClick={() => setIsConfirming(false)}>
              Back
            </button>
          )}
          <button type="button" onClick={() => dialog.current?.close(DISCARDED)}>
            Cancel
          </button>
        </p>
      </form>
    </dialog>
  );
}

/** Sends a draft. A failure is in `error`. Nothing is tried again, because ICE would make a second job. */
function useSubmission(draft: Draft) {
  const [mutate, { error, loading, reset }] = useMutation(SubmitJobDocument);
  const input = inputOf(draft);
  const submit = async (): Promise<string | undefined> => {
    const response = await mutate({ variables: { input } }).catch(() => undefined);
    return response?.data?.submitPackageJob?.packageJob?.id;
  };
  return { input, submit, error, isSending: loading, reset };
}

/** The variables of the mutation, as they are sent. */
function Preview({ input, isOpen }: { readonly input: unknown; readonly isOpen: boolean }) {
  return (
    <details open={isOpen}>
      <summary>What will be sent</summary>
      <pre>{JSON.stringify({ input }, null, 2)}</pre>
    </details>
  );
}

/** Why there is no job, where no field says it. */
function Refused({ error, text }: { readonly error: Error; readonly text: string | undefined }) {
  // The page itself says that a token is missing, or has ended.
  if (codeOf(error) === 'UNAUTHENTICATED') return null;
  if (text === undefined) return <Problem error={error} />;
  return (
    <p className="problem" role="alert">
      {text}
    </p>
  );
}
