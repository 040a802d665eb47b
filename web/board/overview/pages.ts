/** A page of a list. */
export interface Page<Job> {
  readonly jobs: readonly Job[];
  readonly endCursor: string | undefined;
  readonly hasNextPage: boolean;
}

/** What has been read of a list so far. */
export interface Pages<Job> {
  readonly jobs: readonly Job[];
  /** Where to go on. */
  readonly endCursor: string | undefined;
  /** Whether all of the list has been read. */
  readonly isWhole: boolean;
}

export const NO_PAGES: Pages<never> = { jobs: [], endCursor: undefined, isWhole: false };

/**
 * Reads a list page by page until it ends, or until `more` jobs or a few more have been added. Yields after each page. A job that moves to a later
 * page meanwhile counts once.
 */
export async function* readOn<Job extends { readonly id: string }>(
  soFar: Pages<Job>,
  more: number,
  fetchPage: (after: string | undefined) => Promise<Page<Job>>,
): AsyncGenerator<Pages<Job>> {
  let pages = soFar;
  const known = new Set(pages.jobs.map(({ id }) => id));
  const enough = known.size + more;
  while (!pages.isWhole && known.size < enough) {
    const { jobs, endCursor, hasNextPage } = await fetchPage(pages.endCursor);
    const added = jobs.filter(({ id }) => !known.has(id));
    for (const { id } of added) known.add(id);
    // A list that does not move on would never end.
    const isWhole = !hasNextPage || endCursor === undefined || endCursor === pages.endCursor;
    pages = { jobs: [...pages.jobs, ...added], endCursor: endCursor ?? pages.endCursor, isWhole };
    yield pages;
  }
}
