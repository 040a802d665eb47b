import { useMutation } from '@apollo/client/react';
import { useEffect, useRef, type FormEvent } from 'react';
import {
  JobsDocument,
  SubmitJobDocument,
  type MediaObjectInput,
  type SubmitPackageJobInput,
} from './gql/graphql.ts';
import { codeOf, Problem } from './problem.tsx';

export interface SubmitDialogProps {
  /** Whether the page asks for a token meanwhile. The form keeps what was filled in. */
  readonly isPaused: boolean;
  readonly onClose: () => void;
  /** Called with the id of the new job. */
  readonly onSubmitted: (id: string) => void;
}

/** A submission without media. The gateway refuses it without a call of ICE. Its error says whether it submits jobs. */
const EMPTY_SUBMISSION: SubmitPackageJobInput = { inputs: [], output: { type: 'OSS', media: '' } };

/** The form for a new job. */
export function SubmitDialog({ isPaused, onClose, onSubmitted }: SubmitDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [probe, { error: probeError }] = useMutation(SubmitJobDocument, {
    variables: { input: EMPTY_SUBMISSION },
  });
  const [submit, { error, loading }] = useMutation(SubmitJobDocument, { refetchQueries: [JobsDocument] });
  const isForbidden = codeOf(probeError) === 'FORBIDDEN';
  // The page itself says that a token is missing, or has ended.
  const problem = codeOf(error) === 'UNAUTHENTICATED' ? undefined : error;

  useEffect(() => {
    if (isPaused) return dialog.current?.close();
    dialog.current?.showModal();
    probe().catch(() => undefined);
    return undefined;
  }, [isPaused, probe]);

  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const input = readForm(new FormData(event.currentTarget));
    // A failure is in `error`. It is never retried, because ICE would make a second job.
    const response = await submit({ variables: { input } }).catch(() => undefined);
    const job = response?.data?.submitPackageJob?.packageJob;
    if (job) onSubmitted(job.id);
  };

  return (
    <dialog ref={dialog} onClose={() => isPaused || onClose()} aria-labelledby="submit">
      <form onSubmit={(event) => void send(event)}>
        <h2 id="submit">Submit a job</h2>
        {isForbidden && probeError ? <Problem error={probeError} /> : <Fields />}
        {problem && <Problem error={problem} />}
        <p className="buttons">
          {!isForbidden && (
            <button className="primary" disabled={loading}>
              {loading ? 'Submitting' : 'Submit'}
            </button>
          )}
          <button type="button" onClick={() => dialog.current?.close()}>
            {isForbidden ? 'Close' : 'Cancel'}
          </button>
        </p>
      </form>
    </dialog>
  );
}

function Fields() {
  return (
    <>
      <label>
        Name
        <input name="name" maxLength={256} placeholder="none" />
      </label>
      <label>
        Inputs, one per line
        <textarea name="inputs" required rows={3} defaultValue="oss://bucket/path/to/video.mp4" />
      </label>
      <label>
        Output
        <input name="output" required defaultValue="oss://bucket/path/to/video.m3u8" />
      </label>
      <label>
        Priority, 1 to 10
        <input name="priority" type="number" min={1} max={10} placeholder="ICE chooses" />
      </label>
    </>
  );
}

function readForm(form: FormData): SubmitPackageJobInput {
  const text = (field: string) => {
    const value = form.get(field);
    return typeof value === 'string' ? value.trim() : '';
  };
  return {
    ...(text('name') && { name: text('name') }),
    inputs: text('inputs').split(/\s+/).map(toMedia),
    output: toMedia(text('output')),
    ...(text('priority') && { priority: Number(text('priority')) }),
  };
}

/** A text with `://` is an OSS address. Any other text is an id of the media library. */
function toMedia(media: string): MediaObjectInput {
  return { type: media.includes('://') ? 'OSS' : 'MEDIA', media };
}
