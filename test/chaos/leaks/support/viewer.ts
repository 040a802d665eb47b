import { askAs, type Manner } from './ask-as.ts';
import { bearerOf, refusalProblem } from './checks.ts';
import type { World } from './world.ts';

/** A bearer asks what it may do. */
export interface ViewerStep {
  readonly bearer: number;
  readonly manner: Manner;
}

/** It must not be told what another one may do. */
export async function askWhoTheyAre(world: World, step: ViewerStep): Promise<string | undefined> {
  const bearer = bearerOf(world, step.bearer);
  const answer = await askAs(world, bearer, step.manner, {
    query: 'query Viewer { viewer { canSubmit } }',
  });
  if (bearer.code === 'UNAUTHENTICATED') return refusalProblem(bearer, answer);
  const { owner, job_ids: jobIds } = bearer.claims;
  // All bearers of this world have the scope.
  const canSubmit = owner !== undefined && jobIds === undefined;
  const told = (answer.data?.['viewer'] as { canSubmit?: unknown } | undefined)?.canSubmit;
  return told === canSubmit ? undefined : `it is told ${String(told)} of submitting`;
}
