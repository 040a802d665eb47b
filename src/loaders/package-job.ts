import DataLoader from 'dataloader';
import type { PackageJob } from '../jobs/model.ts';

/**
 * Loads packaging jobs for one GraphQL operation.
 *
 * It saves the repeats and has all distinct ids read at once, which lets the planner behind it put calls together. An
 * unknown id loads as `null`. A failed read rejects its own id and no other.
 *
 * Make one per operation: the memo must not outlive the caller it was read for.
 */
export function createPackageJobLoader(get: (id: string) => Promise<PackageJob | null>) {
  return new DataLoader<string, PackageJob | null>(
    (ids) => Promise.all(ids.map((id) => get(id).catch((error: unknown) => asError(error)))),
    { name: 'packageJob' },
  );
}

/** DataLoader tells a failed key from a value by `instanceof Error`. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('thrown value is not an Error', { cause: error });
}
