import type { ReactNode } from 'react';
import { newMedia, type Draft, type MediaDraft } from './draft.ts';
import { elementOf, errorProps, FieldError } from './field-error.tsx';
import type { FieldProblem } from './field-problem.ts';
import { MediaField } from './media-field.tsx';

export interface FieldsProps {
  readonly draft: Draft;
  readonly problem: FieldProblem | undefined;
  readonly onChange: (draft: Draft) => void;
}

/** The most inputs of a job. */
const MAX_INPUTS = 100;

/** All that a submission can have. */
export function Fields({ draft, problem, onChange }: FieldsProps) {
  const text = (field: 'name' | 'pipelineId' | 'priority' | 'userData') => ({
    value: draft[field],
    onChange: ({ target }: { target: { value: string } }) => onChange({ ...draft, [field]: target.value }),
    ...errorProps(field, problem),
  });
  return (
    <>
      <Inputs {...{ draft, problem, onChange }} />
      <fieldset>
        <legend>Output</legend>
        <MediaField
          field="output"
          label="Output"
          typeLabel="Type"
          media={draft.output}
          problem={problem}
          onChange={(output) => onChange({ ...draft, output })}
        />
      </fieldset>
      <Field label="Name" field="name" problem={problem}>
        <input maxLength={256} placeholder="none" {...text('name')} />
      </Field>
      <div className="pair">
        <Field label="Pipeline" field="pipelineId" problem={problem}>
          <input maxLength={64} spellCheck={false} placeholder="ICE chooses" {...text('pipelineId')} />
        </Field>
        <Field label="Priority, 1 to 10" field="priority" problem={problem}>
          <input type="number" min={1} max={10} placeholder="ICE chooses" {...text('priority')} />
        </Field>
      </div>
      <Field label="User data" field="userData" problem={problem}>
        <textarea rows={2} spellCheck={false} placeholder="none" {...text('userData')} />
      </Field>
    </>
  );
}

interface FieldProps {
  readonly label: string;
  readonly field: string;
  readonly problem: FieldProblem | undefined;
  readonly children: ReactNode;
}

function Field({ label, field, problem, children }: FieldProps) {
  return (
    <div>
      <label>
        {label}
        {children}
      </label>
      <FieldError field={field} problem={problem} />
    </div>
  );
}

function Inputs({ draft, problem, onChange }: FieldsProps) {
  const { inputs } = draft;
  const change = (next: readonly MediaDraft[]) => onChange({ ...draft, inputs: next });
  return (
    <fieldset id={elementOf('inputs')} tabIndex={-1}>
      <legend>Inputs</legend>
      {inputs.map((media, index) => (
        <MediaField
          key={media.key}
          field={`inputs.${index}`}
          label={`Input ${index + 1}`}
          typeLabel={`Type ${index + 1}`}
          media={media}
          problem={problem}
          onChange={(changed) => change(inputs.with(index, changed))}
          onLines={(lines) => change(inputs.toSpliced(index, 1, ...lines).slice(0, MAX_INPUTS))}
          onRemove={inputs.length > 1 ? () => change(inputs.toSpliced(index, 1)) : undefined}
        />
      ))}
      <FieldError field="inputs" problem={problem} />
      {inputs.length < MAX_INPUTS && (
        <button type="button" className="quiet" onClick={() => change([...inputs, newMedia()])}>
          Add an input
        </button>
      )}
    </fieldset>
  );
}
