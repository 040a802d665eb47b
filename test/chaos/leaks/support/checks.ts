import type { Answer } from './ask.ts';
import type { Bearer, OwnedJob, World } from './world.ts';

/** What each step asks for of a job. */
export const FIELDS = '{ id name userData status }';

export function bearerOf({ bearers }: World, number: number): Bearer {
  const bearer = bearers[number];
  if (bearer === undefined) throw new Error('there is no such bearer');
  return bearer;
}

/** What must not be in anything that a bearer gets: the names of jobs that it may not see. */
export function foreignIn(world: World, { sees }: Bearer, text: string): string | undefined {
  for (const [name] of text.matchAll(/marker-\d+-end/g)) {
    const job = world.named(name);
    if (job !== undefined && sees?.(job) !== true) return `it shows ${name}`;
  }
  return undefined;
}

/** Whether the answer is the refusal that the bearer must get, or `undefined` when it must get none. */
export function refusalProblem({ code }: Bearer, { errors, data }: Answer): string | undefined {
  const isRefused = data === null && errors[0]?.extensions.code === code;
  return isRefused ? undefined : `it should be refused with ${String(code)}`;
}

/** Whether ICE is at fault, which each bearer may be told. */
export function isOfIce(code: string): boolean {
  return code.startsWith('UPSTREAM_') || code === 'OVERLOADED';
}

/** What a bearer must be shown of a job. */
export function expectedOf({ sees }: Bearer, job: OwnedJob | undefined): OwnedJob | null {
  return job !== undefined && sees?.(job) === true ? job : null;
}

/** Whether a value is what a job must be shown as. */
export function isShownAs(value: unknown, expected: OwnedJob | null): boolean {
  if (expected === null || typeof value !== 'object' || value === null) return value === expected;
  const shown = value as Partial<OwnedJob>;
  return (['id', 'name', 'userData', 'status'] as const).every((name) => shown[name] === expected[name]);
}

/** A job by its number. An id that ICE does not know has none. */
export function jobOf(
  { jobs }: World,
  number: number,
): { readonly id: string; readonly job: OwnedJob | undefined } {
  const job = jobs[number];
  return { id: job?.id ?? number.toString(16).padStart(32, 'f'), job };
}
