import type { FieldProblem } from './field-problem.ts';

interface FieldErrorProps {
  readonly field: string;
  readonly problem: FieldProblem | undefined;
}

/** What is wrong in a field, below it. */
export function FieldError({ field, problem }: FieldErrorProps) {
  if (problem?.field !== field) return null;
  return (
    <span className="reason" id={errorOf(field)} role="alert">
      {problem.text}
    </span>
  );
}

/** The element id of a field. */
export function elementOf(field: string): string {
  return `submit-${field}`;
}

/** The properties of a field that tell what is wrong in it. */
export function errorProps(field: string, problem: FieldProblem | undefined) {
  const isWrong = problem?.field === field;
  return {
    id: elementOf(field),
    ...(isWrong && { 'aria-invalid': true, 'aria-describedby': errorOf(field) }),
  };
}

function errorOf(field: string): string {
  return `${elementOf(field)}-error`;
}
