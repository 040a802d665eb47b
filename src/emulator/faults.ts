import type { RefusalCode } from './errors.ts';
import type { IceAction } from './wire.ts';

/** Answers instead of performing the action, so a SubmitPackageJob under one submits nothing. */
export type AnswerFault =
  /** A refusal. `code` and `message` default to what ICE says with this status. @default body: as the request wants */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly code?: string;
      readonly message?: string;
      readonly body?: 'json' | 'xml' | 'html' | 'empty';
    }
  /** Throttled, with `x-acs-retry-after` in ms unless `retryAfterMs` is null. @default 400 Throttling.User, 1000 ms */
  | {
      readonly kind: 'throttle';
      readonly retryAfterMs?: number | null;
      readonly code?: ThrottleCode;
      readonly status?: number;
    }
  /** 200 with a page of HTML, as a captive proxy sends. */
  | { readonly kind: 'html' }
  /** 200 with well-formed JSON of at least this many bytes. @default 2 MiB */
  | { readonly kind: 'oversize'; readonly bytes?: number }
  /** This body, as it stands. @default 200, application/json */
  | { readonly kind: 'body'; readonly body: string; readonly status?: number; readonly contentType?: string };

/** Performs the action, then spoils the delivery: a SubmitPackageJob under one does leave a job behind. */
export type DeliveryFault =
  /** Sends nothing more and keeps the connection open. */
  | { readonly kind: 'hang'; readonly when: 'before-headers' | 'mid-body' }
  /** Resets the connection (RST). */
  | { readonly kind: 'reset'; readonly when: 'before-headers' | 'after-headers' | 'mid-body' }
  /** Announces the whole body, sends half, ends the connection in good order (FIN). */
  | { readonly kind: 'truncate' }
  /** `not-http`: bytes that are no HTTP answer. `not-json`: a body that is not what its content type says. */
  | { readonly kind: 'garbage'; readonly what: 'not-http' | 'not-json' };

/** Changes how a request is handled; combines with one fault of every other kind. */
export type ModifierFault =
  /** Answers this much later, in real milliseconds. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Admission's clock is off by this much; ahead is positive. */
  | { readonly kind: 'clockSkew'; readonly skewMs: number }
  /** ListPackageJobs shows how things stood this long ago. */
  | { readonly kind: 'listLag'; readonly lagMs: number }
  /** These members replace the job's own, in both GetPackageJob and ListPackageJobs, whatever their type. */
  | { readonly kind: 'patch'; readonly patch: Readonly<Record<string, unknown>> };

export type ThrottleCode = Extract<RefusalCode, 'RequestsTooFrequent' | `Throttling${string}`>;

export type Fault = AnswerFault | DeliveryFault | ModifierFault;

/** Which requests a fault meets. Without `action` and `jobId`: all of them. */
export interface FaultScope {
  readonly action?: IceAction;
  /** The JobId asked for; of a `patch` the JobId answered, so it meets lists that show the job. */
  readonly jobId?: string;
  /** How many requests it meets; of a `patch`, how many jobs. @default 1 */
  readonly times?: number | 'always';
}

export type FaultRule = Fault & FaultScope;

export type FaultKind = Fault['kind'];

type FaultOf<Kind extends FaultKind> = Extract<Fault, { kind: Kind }>;

const answerKinds = ['status', 'throttle', 'html', 'oversize', 'body'] as const;
const deliveryKinds = ['hang', 'reset', 'truncate', 'garbage'] as const;

/** Kinds that decide how a request ends: one of them meets a request, in the order they were added. */
export const outcomeKinds = [...answerKinds, ...deliveryKinds] as const;

export const faultKinds = [
  ...outcomeKinds,
  'delay',
  'clockSkew',
  'listLag',
  'patch',
] as const satisfies readonly FaultKind[];

export type OutcomeFault = AnswerFault | DeliveryFault;

export function isAnswerFault(fault: OutcomeFault): fault is AnswerFault {
  return (answerKinds as readonly FaultKind[]).includes(fault.kind);
}

interface Entry {
  readonly rule: FaultRule;
  remaining: number;
}

/**
 * The faults waiting for requests.
 *
 * Only a request that passes admission meets a fault (except `clockSkew`, which is about admission).
 * Of the faults that decide how a request ends the first that fits is used, so two of them added once
 * each meet two requests in turn; at the same time the request meets the first fitting one of each modifier.
 */
export class FaultBook {
  #entries: Entry[] = [];

  /**
   * Adds faults behind those already waiting.
   *
   * @throws {RangeError} when `times` is not a whole number from 1 on
   */
  add(...rules: readonly FaultRule[]): void {
    const entries = rules.map((rule) => {
      const remaining = rule.times === 'always' ? Infinity : (rule.times ?? 1);
      if (remaining !== Infinity && !(Number.isInteger(remaining) && remaining > 0)) {
        throw new RangeError(`times must be a whole number from 1 on or 'always', got ${remaining}`);
      }
      return { rule, remaining };
    });
    this.#entries.push(...entries);
  }

  /** Forgets all faults; requests that already met one stay as they are. */
  clear(): void {
    this.#entries = [];
  }

  /** The faults still waiting, `times` being what is left of them. */
  list(): readonly FaultRule[] {
    return this.#entries.map(({ rule, remaining }) => ({
      ...rule,
      times: remaining === Infinity ? 'always' : remaining,
    }));
  }

  isWaiting(kind: FaultKind): boolean {
    return this.#entries.some(({ rule }) => rule.kind === kind);
  }

  /** Uses up one time of the first fault of these kinds that fits; `jobIds` are the jobs the request is about. */
  take<Kind extends FaultKind>(
    kinds: readonly Kind[],
    action: string | undefined,
    jobIds: readonly string[],
  ): FaultOf<Kind> | undefined {
    for (const entry of this.#entries) {
      const { rule } = entry;
      if (!isOfKind(rule, kinds)) continue;
      if (rule.action !== undefined && rule.action !== action) continue;
      if (rule.jobId !== undefined && !jobIds.includes(rule.jobId)) continue;
      entry.remaining -= 1;
      if (entry.remaining === 0) this.#entries = this.#entries.filter((other) => other !== entry);
      return rule;
    }
    return undefined;
  }
}

function isOfKind<Kind extends FaultKind>(
  rule: FaultRule,
  kinds: readonly Kind[],
): rule is FaultRule & FaultOf<Kind> {
  return kinds.some((kind) => kind === rule.kind);
}
