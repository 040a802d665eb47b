import { refusalOf } from '../refusal.ts';

/** What the gateway has found wrong in one field of the form. */
export interface FieldProblem {
  /** `inputs.2`, `output`, `name`, …. `form`: all of it together. */
  readonly field: string;
  /** A sentence about the field, by its label. */
  readonly text: string;
}

const LABELS: Readonly<Record<string, string>> = {
  inputs: 'The list of inputs',
  output: 'The output',
  name: 'The name',
  pipelineId: 'The pipeline',
  priority: 'The priority',
  userData: 'The user data',
};

/** What an error says of a field. `undefined`: it is about something else. */
export function fieldProblemOf(error: unknown): FieldProblem | undefined {
  const { code, message = '', argument } = refusalOf(error) ?? {};
  if (code !== 'BAD_USER_INPUT' || argument === undefined) return undefined;
  // Such as `input.inputs[2].media`.
  const [, name = '', index] = /^input(?:\.(\w+)(?:\[(\d+)\])?)?/.exec(argument) ?? [];
  const label = index === undefined ? (LABELS[name] ?? 'The job') : `Input ${Number(index) + 1}`;
  const problem = message.replace(/^`[^`]*` /, '').replace(/ where `type` is OSS$/, '');
  return {
    field: index === undefined ? name || 'form' : `${name}.${index}`,
    text: `${label} ${problem.replaceAll('`', '')}.`,
  };
}
