import type { Ice } from './ice.ts';
import { subscribe, shownIn, type Answer } from './requests.ts';
import type { Shown } from './showing.ts';

/** What a subscription to all jobs asks. Its list says which jobs it is told of. */
const QUERY = `subscription ($status: PackageJobStatus) {
  packageJobsUpdated(filter: { status: $status }) { id status modifiedTime observedAt outputUrl }
}`;

/** How long a change may take until it is told, while ICE works, in milliseconds. */
const SOON_MS = 8000;

export interface Following {
  /** What broke a rule that only this subscription can tell. */
  readonly violations: string[];
  /** The jobs of each event, in order. */
  readonly told: readonly { readonly gotAt: number; readonly job: Shown; readonly body: Answer['body'] }[];
  readonly startedAt: number;
  readonly query: string;
}

/** Follows all jobs until the signal aborts, and says what was told and what was wrong about it. */
export async function followAll(
  url: string,
  ice: Ice,
  isSocket: boolean,
  status: 'INIT' | 'SUCCESS' | null,
  stop: AbortSignal,
): Promise<Following> {
  const startedAt = Date.now();
  const violations: string[] = [];
  const told: { gotAt: number; job: Shown; body: Answer['body'] }[] = [];
  const last = new Map<string, Shown>();
  await subscribe(url, isSocket, QUERY, { status }, stop, (body) => {
    const [job] = shownIn(body.data);
    if (job === undefined) return;
    told.push({ gotAt: Date.now(), job, body });
    const before = last.get(job.id);
    last.set(job.id, job);
    if (before === undefined) return;
    const isSame = before.status === job.status && before.modifiedTime === job.modifiedTime;
    if (isSame || before.status !== 'INIT')
      violations.push(
        `a subscription to all jobs tells twice or goes back: ${JSON.stringify([before, job])}`,
      );
  });
  const endedAt = Date.now();
  if (!ice.wasDisturbed(startedAt - 5000, endedAt, 5000)) {
    for (const { id, addedAt, createdAt, finishedAt, removedAt } of ice.jobs.values()) {
      const isNew = addedAt === createdAt && addedAt > startedAt + 500;
      const isLasting = addedAt < endedAt - SOON_MS && finishedAt > endedAt && removedAt > endedAt;
      if (isNew && isLasting && status !== 'SUCCESS' && !last.has(id))
        violations.push(`a new job was not told: ${id}, ${String(endedAt - addedAt)} ms after it was added`);
      const isEnd = isNew && finishedAt < endedAt - SOON_MS && removedAt > endedAt;
      if (isEnd && status !== 'INIT' && (last.get(id)?.status ?? 'INIT') === 'INIT') {
        const isMatch = status === null || ice.jobs.get(id)?.outcome === status;
        if (isMatch) violations.push(`an end was not told: ${id}, ${String(endedAt - finishedAt)} ms ago`);
      }
    }
  }
  return { violations, told, startedAt, query: QUERY };
}
