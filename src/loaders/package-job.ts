import DataLoader from 'dataloader';
import type { PackageJob } from '../jobs/model.ts';

/**
 * Loads packaging jobs for one GraphQL operation.
 *
 * The same id is read once. All distinct ids are read at once, so that the planner behind it can put calls together. An
 * unknown id loads as `null`. A failed read rejects its own id and no other.
 *
 * Create one for each operation. Its memo must not outlive the operation.
 */
export function createPackageJobLoader(
  getMany: (ids: readonly string[]) => Promise<(PackageJob | null | Error)[]>,
) {
  return new DataLoader<string, PackageJob | null>(getMany, { name: 'packageJob' });
}

/** DataLoader takes an `instanceof Error` for a failed key, and anything else for a value. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('thrown value is not an Error', { cause: error });
}
