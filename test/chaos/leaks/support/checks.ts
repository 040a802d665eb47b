import type { Answer } from './ask.ts';
import type { Bearer, World } from './world.ts';

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
