import type { ClipboardEvent } from 'react';
import { mediaInLines, type MediaDraft } from './draft.ts';
import { FieldError, errorProps } from './field-error.tsx';
import type { FieldProblem } from './field-problem.ts';

export interface MediaFieldProps {
  readonly field: string;
  readonly label: string;
  readonly typeLabel: string;
  readonly media: MediaDraft;
  readonly problem: FieldProblem | undefined;
  readonly onChange: (media: MediaDraft) => void;
  /** Takes several lines that were pasted. @default they become one */
  readonly onLines?: (lines: readonly MediaDraft[]) => void;
  /** @default it stays */
  readonly onRemove?: (() => void) | undefined;
}

const PLACEHOLDERS = { OSS: 'oss://bucket/path/to/file.mp4', MEDIA: 'the id of the file' } as const;

/** One media file: how it is named, and its name. */
export function MediaField(props: MediaFieldProps) {
  const { field, label, typeLabel, media, problem, onChange, onLines, onRemove } = props;
  const paste = (event: ClipboardEvent) => {
    const lines = mediaInLines(event.clipboardData.getData('text'));
    if (!onLines || lines.length < 2) return;
    event.preventDefault();
    onLines(lines);
  };
  return (
    <div className="media">
      <select
        aria-label={typeLabel}
        value={media.type}
        onChange={({ target }) => onChange({ ...media, type: target.value === 'MEDIA' ? 'MEDIA' : 'OSS' })}
      >
        <option value="OSS">OSS address</option>
        <option value="MEDIA">Media id</option>
      </select>
      <input
        aria-label={label}
        required
        spellCheck={false}
        placeholder={PLACEHOLDERS[media.type]}
        value={media.media}
        onChange={({ target }) => onChange({ ...media, media: target.value })}
        onPaste={paste}
        {...errorProps(field, problem)}
      />
      {onRemove && (
        <button type="button" className="quiet" onClick={onRemove}>
          <span aria-hidden="true">✕</span>
          <span className="hidden">Remove {label.toLowerCase()}</span>
        </button>
      )}
      <FieldError field={field} problem={problem} />
    </div>
  );
}
