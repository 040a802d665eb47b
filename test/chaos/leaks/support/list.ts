import { askAs, type Manner } from './ask-as.ts';
import { bearerOf, FIELDS, foreignIn, isOfIce, refusalProblem } from './checks.ts';
import type { Bearer, OwnedJob, World } from './world.ts';

/** Somebody lists jobs, page by page. */
export interface ListStep {
  readonly bearer: number;
  readonly manner: Manner;
  readonly first: number;
  readonly status: boolean;
  /** Another bearer, who has got the first cursor. */
  readonly thief: number;
}

interface Page {
  readonly nodes: readonly OwnedJob[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** Lists to the end, and has another bearer try the first cursor. */
export async function list(world: World, step: ListStep): Promise<string | undefined> {
  const { bearer: number, manner, first, status, thief } = step;
  const bearer = bearerOf(world, number);
  const other = bearerOf(world, thief);
  const query = `query List($first: Int, $after: String, $filter: PackageJobFilter) {
    packageJobs(first: $first, after: $after, filter: $filter) { nodes ${FIELDS} pageInfo { hasNextPage endCursor } }
  }`;
  const filter = status ? { status: 'SUCCESS' } : null;
  const known = [...world.jobs];
  const seen: OwnedJob[] = [];
  let after: string | null = null;
  for (let pages = 0; pages < 1000; pages += 1) {
    const answer = await askAs(world, bearer, manner, { query, variables: { first, after, filter } });
    const foreign = foreignIn(world, bearer, answer.text);
    if (foreign !== undefined) return foreign;
    if (bearer.sees === undefined) return refusalProblem(bearer, answer);
    if (answer.errors.some(({ extensions }) => isOfIce(extensions.code))) return undefined;
    const page = answer.data?.['packageJobs'] as Page | undefined;
    if (page === undefined) return `page ${String(pages)} is missing: ${answer.text}`;
    seen.push(...page.nodes);
    after = page.pageInfo.endCursor;
    if (pages === 0 && after !== null && viewOf(other) !== viewOf(bearer) && other.sees !== undefined) {
      const stolen = await askAs(world, other, manner, { query, variables: { first, after, filter } });
      if (stolen.errors[0]?.extensions.code !== 'BAD_USER_INPUT')
        return 'its cursor works for another bearer';
    }
    if (!page.pageInfo.hasNextPage) {
      const visible = known.filter(
        (job) => bearer.sees?.(job) === true && (!status || job.status === 'SUCCESS'),
      );
      const ids = new Set(seen.map(({ id }) => id));
      if (ids.size !== seen.length) return 'a job is listed twice';
      return visible.every(({ id }) => ids.has(id))
        ? undefined
        : `it lacks jobs: ${String(seen.length)} of ${String(visible.length)}`;
    }
    if (page.nodes.length === 0 && first < 100 && pages > 25) return 'its pages do not end';
  }
  return 'its pages do not end';
}

/** Two bearers with the same one share cursors. */
function viewOf({ claims: { owner = null, job_ids = null, scope } }: Bearer): string {
  return JSON.stringify([owner, job_ids, scope]);
}
