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
  readonly onClose: () => void;
  /** Called with the id of the new job. */
  readonly onSubmitted: (id: string) => void;
}

/** Refused before it is sent to ICE, as it names no media: which error comes tells whether the form is of any use. */
const NOTHING: SubmitPackageJobInput = { inputs: [], output: { type: 'OSS', media: '' } };

/** The form for a new job. */
export function SubmitDialog({ onClose, onSubmitted }: SubmitDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [probe, { error: probeError }] = useMutation(SubmitJobDocument, { variables: { input: NOTHING } });
  const [submit, { error, loading }] = useMutation(SubmitJobDocument, { refetchQueries: [JobsDocument] });
  const isForbidden = ['FORBIDDEN', 'UNAUTHENTICATED'].includes(codeOf(probeError) ?? '');

  useEffect(() => {
    dialog.current?.showModal();
    probe().catch(() => undefined);
  }, [probe]);

  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const input = readForm(new FormData(event.currentTarget));
    // What goes wrong is in `error`. It is never sent again by itself: ICE would make a second job.
    const answer = await submit({ variables: { input } }).catch(() => undefined);
    const job = answer?.data?.submitPackageJob?.packageJob;
    if (job) onSubmitted(job.id);
  };

  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="submit">
      <form onSubmit={(event) => void send(event)}>
        <h2 id="submit">Submit a job</h2>
        {isForbidden && probeError ? <Problem error={probeError} /> : <Fields />}
        {error && <Problem error={error} />}
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
        Inputs, one a line
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

/** An address in OSS, or else an id of the media library. */
function toMedia(media: string): MediaObjectInput {
  return { type: media.includes('://') ? 'OSS' : 'MEDIA', media };
}
