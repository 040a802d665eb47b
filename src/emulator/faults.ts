import type { RetryHeader } from './errors.ts';
import type { OddPage, Shape } from './shapes.ts';
import { isKeyAction } from './wire.ts';
import type { IceAction, KeyAction, WirePackageJob } from './wire.ts';

/** Replaces the response. The action does not run, so SubmitPackageJob submits nothing. */
export type ResponseFault =
  /**
   * An error. `code` and `message` default to ICE's own for this status. `body` defaults to the format that the
   * request asks for.
   */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly code?: string;
      readonly message?: string;
      readonly body?: 'json' | 'xml' | 'html' | 'empty';
    }
  /** Throttling, with `x-acs-retry-after` in ms unless `retryAfterMs` is null. @default 400 Throttling.User, 1000 ms */
  | {
      readonly kind: 'throttle';
      readonly retryAfterMs?: number | null;
      /** The header that tells it. A firewall sends `retry-after`. @default x-acs-retry-after */
      readonly header?: RetryHeader;
      /** Any code. @default Throttling.User */
      readonly code?: string;
      readonly status?: number;
      /** A firewall sends its own page. @default json or xml, as the request asks for */
      readonly body?: 'json' | 'xml' | 'html' | 'empty';
    }
  /** The identity lacks the RAM action of the request, such as `ice:ListPackageJobs`: 403 NoPermission. */
  | { readonly kind: 'noPermission' }
  /** 200 with an HTML page, as a captive portal sends. */
  | { readonly kind: 'html' }
  /** 200 with valid JSON of at least this many bytes. @default 2 MiB */
  | { readonly kind: 'oversize'; readonly bytes?: number }
  /** This body, unchanged. @default 200, application/json */
  | { readonly kind: 'body'; readonly body: string; readonly status?: number; readonly contentType?: string };

/** Disturbs the delivery of the response. The action does run, so SubmitPackageJob makes a job. */
export type DeliveryFault =
  /** Sends nothing more and keeps the connection open. */
  | { readonly kind: 'hang'; readonly when: 'before-headers' | 'mid-body' }
  /** Resets the connection (RST). */
  | { readonly kind: 'reset'; readonly when: 'before-headers' | 'after-headers' | 'mid-body' }
  /** Sends the content-length of the whole body, then half of the body, then closes the connection (FIN). */
  | { readonly kind: 'truncate' }
  /** `not-http`: bytes that are not HTTP. `not-json`: a body that does not match its content type. */
  | { readonly kind: 'garbage'; readonly what: 'not-http' | 'not-json' };

/** Changes how a request is handled. It combines with faults of the other kinds. */
export type ModifierFault =
  /** Sends the response later, by this many real milliseconds. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Shifts the clock of admission. A positive number moves it ahead. */
  | { readonly kind: 'clockSkew'; readonly skewMs: number }
  /** There are no jobs, as in another region of the account. */
  | { readonly kind: 'otherRegion' }
  /** ListPackageJobs shows the jobs as they were this long ago. */
  | { readonly kind: 'listLag'; readonly lagMs: number }
  /**
   * A page of ListPackageJobs that is odd. `same-token`: the next token is that of the page itself. `overlap`: the next page
   * begins with the last job of this one. `circle`: after the second page comes the first again. `empty`: no jobs, and a token that leads to them. `no-list`: no PackageJobList.
   */
  | { readonly kind: 'oddPage'; readonly page: OddPage }
  /** Jobs in another shape than the reference has, in GetPackageJob and ListPackageJobs. @default all members */
  | { readonly kind: 'shape'; readonly shape: Shape; readonly members?: readonly (keyof WirePackageJob)[] }
  /** Replaces these members of a job, in GetPackageJob and ListPackageJobs. Values of any type are allowed. */
  | { readonly kind: 'patch'; readonly patch: Readonly<Record<string, unknown>> };

/** The emulator as proxy refuses with this status, or never answers. `action` and `jobId` do not apply. @default 407 */
export interface ProxyFault {
  readonly kind: 'proxy';
  readonly status?: number;
  readonly isSilent?: boolean;
}

export type Fault = ResponseFault | DeliveryFault | ModifierFault | ProxyFault;

/**
 * Which requests a fault applies to. Without `action` and `jobId` it applies to all of ICE. Services that give keys must be
 * named.
 */
export interface FaultScope {
  readonly action?: IceAction | KeyAction;
  /** The JobId in the request. For `patch` also the JobId in the response, so it applies to the jobs of a list. */
  readonly jobId?: string;
  /** How many requests it applies to. For `patch`, how many jobs. @default 1 */
  readonly times?: number | 'always';
}

export type FaultRule = Fault & FaultScope;

export type FaultKind = Fault['kind'];

type FaultOf<Kind extends FaultKind> = Extract<Fault, { kind: Kind }>;

const RESPONSE_KINDS = ['status', 'throttle', 'noPermission', 'html', 'oversize', 'body'] as const;
const DELIVERY_KINDS = ['hang', 'reset', 'truncate', 'garbage'] as const;

/** The kinds that decide the outcome of a request. A request gets at most one: the first that matches. */
export const OUTCOME_KINDS = [...RESPONSE_KINDS, ...DELIVERY_KINDS] as const;

export const FAULT_KINDS = [
  ...OUTCOME_KINDS,
  'delay',
  'clockSkew',
  'otherRegion',
  'listLag',
  'oddPage',
  'shape',
  'patch',
  'proxy',
] as const satisfies readonly FaultKind[];

export type OutcomeFault = ResponseFault | DeliveryFault;

export function isResponseFault(fault: OutcomeFault): fault is ResponseFault {
  return (RESPONSE_KINDS as readonly FaultKind[]).includes(fault.kind);
}

interface Entry {
  readonly rule: FaultRule;
  remaining: number;
}

/** Responses that are held back. */
interface Hold {
  readonly scope: FaultScope;
  remaining: number;
  readonly released: AbortController;
}

/**
 * The faults that are pending.
 *
 * Faults apply to admitted requests only, except `clockSkew`, which changes admission. A request gets the first
 * matching fault among those that decide the outcome. Two such faults with `times: 1` therefore apply to two requests,
 * one after the other. The same request also gets the first matching fault of each modifier kind.
 */
export class FaultInjector {
  #entries: Entry[] = [];
  #holds: Hold[] = [];

  /**
   * Adds faults after the pending ones.
   *
   * @throws {RangeError} when `times` is not a positive integer
   */
  add(...rules: readonly FaultRule[]): void {
    const entries = rules.map((rule) => ({ rule, remaining: timesOf(rule) }));
    this.#entries.push(...entries);
  }

  /** Removes all faults. Requests in flight keep the faults they have. */
  clear(): void {
    this.#entries = [];
  }

  /** The pending faults. `times` is the number of times left. */
  list(): readonly FaultRule[] {
    return this.#entries.map(({ rule, remaining }) => ({
      ...rule,
      times: remaining === Infinity ? 'always' : remaining,
    }));
  }

  /**
   * Handles matching requests at once but holds their responses back, until the returned function is called. It is not
   * part of the control API, because it needs that function.
   *
   * @throws {RangeError} when `times` is not a positive integer
   */
  hold(scope: FaultScope = {}): () => void {
    const hold: Hold = { scope, remaining: timesOf(scope), released: new AbortController() };
    this.#holds.push(hold);
    return () => {
      this.#holds = this.#holds.filter((other) => other !== hold);
      hold.released.abort();
    };
  }

  /** Uses up one time of the first matching hold. The signal aborts when the response may be sent. */
  takeHold(action: string | undefined, jobIds: readonly string[]): AbortSignal | undefined {
    const hold = this.#holds.find(({ scope, remaining }) => remaining > 0 && isMet(scope, action, jobIds));
    if (hold !== undefined) hold.remaining -= 1;
    return hold?.released.signal;
  }

  /** Whether a fault of this kind is pending. */
  hasPending(kind: FaultKind): boolean {
    return this.#entries.some(({ rule }) => rule.kind === kind);
  }

  /** Returns the first matching fault of these kinds, and counts one use. `jobIds` are the jobs of the request. */
  take<Kind extends FaultKind>(
    kinds: readonly Kind[],
    action: string | undefined,
    jobIds: readonly string[],
  ): FaultOf<Kind> | undefined {
    for (const entry of this.#entries) {
      const { rule } = entry;
      if (!isOfKind(rule, kinds)) continue;
      if (!isMet(rule, action, jobIds)) continue;
      entry.remaining -= 1;
      if (entry.remaining === 0) this.#entries = this.#entries.filter((other) => other !== entry);
      return rule;
    }
    return undefined;
  }
}

function timesOf({ times = 1 }: FaultScope): number {
  const count = times === 'always' ? Infinity : times;
  if (count !== Infinity && !(Number.isInteger(count) && count > 0)) {
    throw new RangeError(`times must be a whole number from 1 on or 'always', got ${count}`);
  }
  return count;
}

function isMet(scope: FaultScope, action: string | undefined, jobIds: readonly string[]): boolean {
  if (scope.action !== action && (scope.action !== undefined || isKeyAction(action))) return false;
  return scope.jobId === undefined || jobIds.includes(scope.jobId);
}

function isOfKind<Kind extends FaultKind>(
  rule: FaultRule,
  kinds: readonly Kind[],
): rule is FaultRule & FaultOf<Kind> {
  return kinds.some((kind) => kind === rule.kind);
}
