import { isJsonObject } from '../../json-object.ts';
import { EVERY_JOB, type IsVisible } from '../../jobs/jobs.ts';
import { parseUserData, type PackageJob } from '../../jobs/model.ts';
import type { View } from '../client.ts';

/**
 * Creates the rules on which jobs bearers may see.
 *
 * @param field the member of `userData` that says whose job it is. `undefined`: nothing does
 */
export function createVisibleTo(field: string | undefined): (view: View) => IsVisible {
  /** States are immutable. */
  const owners = new WeakMap<PackageJob, { readonly owner: unknown }>();

  function ownerOf(job: PackageJob): unknown {
    let known = owners.get(job);
    if (known === undefined) {
      const data = parseUserData(job.userData);
      const isOwned = field !== undefined && isJsonObject(data) && Object.hasOwn(data, field);
      known = { owner: isOwned ? data[field] : undefined };
      owners.set(job, known);
    }
    return known.owner;
  }

  return ({ owner, jobIds }) => {
    if (owner === undefined && jobIds === undefined) return EVERY_JOB;
    return (job) =>
      (jobIds === undefined || jobIds.has(job.id)) && (owner === undefined || ownerOf(job) === owner);
  };
}
