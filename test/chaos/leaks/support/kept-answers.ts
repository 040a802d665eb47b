import type { Answer, Operation } from './ask.ts';
import type { Bearer } from './world.ts';

/** An answer that a bearer can be asked about by its ETag. */
export interface KeptAnswer extends Answer {
  readonly bearer: Bearer;
  readonly etag: string;
}

/** The last answers with an ETag, as the caches of the bearers' browsers have them. */
export class KeptAnswers {
  readonly #byRequest = new Map<string, Map<Bearer, KeptAnswer>>();
  readonly #latest = new Map<Bearer, KeptAnswer>();

  keep(operation: Operation, bearer: Bearer, answer: Answer): void {
    if (answer.etag === undefined) return;
    const kept = { ...answer, etag: answer.etag, bearer };
    const request = JSON.stringify(operation);
    const same = this.#byRequest.get(request) ?? new Map<Bearer, KeptAnswer>();
    this.#byRequest.set(request, same);
    for (const answers of [same, this.#latest]) {
      // The last one is at the end.
      answers.delete(bearer);
      answers.set(bearer, kept);
    }
  }

  /** What was last answered to another bearer, to the same request if there is such an answer. */
  ofAnother(operation: Operation, bearer: Bearer): KeptAnswer | undefined {
    const same = this.#byRequest.get(JSON.stringify(operation)) ?? new Map<Bearer, KeptAnswer>();
    const isOfAnother = (kept: KeptAnswer) => kept.bearer !== bearer;
    return [...same.values()].findLast(isOfAnother) ?? [...this.#latest.values()].findLast(isOfAnother);
  }
}
