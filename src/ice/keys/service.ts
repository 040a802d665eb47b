import got, { RequestError, TimeoutError } from 'got';
import { isJsonObject } from '../../json-object.ts';
import { createAgents } from '../agents.ts';
import type { ServerClock } from '../clock.ts';
import { codeText } from '../decode.ts';
import { isTimestampRefusal } from '../errors.ts';
import { NO_PROXIES, type ProxySettings } from '../proxy.ts';
import type { Credentials } from '../sign.ts';
import { KeySourceError, type Keys } from './key-source.ts';

/** A request to a service that gives keys. */
export interface ServiceRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  /** A body as it is. */
  readonly body?: string;
  /** Limit, in milliseconds. @default 5000 */
  readonly timeoutMs?: number;
}

export interface ServiceResponse {
  readonly status: number;
  readonly text: string;
  /** The JSON object in it, if it is one. */
  readonly members: Readonly<Record<string, unknown>>;
  /** Whether its `Date` corrected the clock. */
  readonly isClockCorrected: boolean;
}

/** Asks services that give keys. */
export interface Services {
  readonly clock: ServerClock;
  /**
   * @param source the name of the source that asks
   * @throws {KeySourceError} when no response came
   */
  ask(source: string, request: ServiceRequest): Promise<ServiceResponse>;
  /** As {@link ask}, for the service of this instance. No proxy is asked, as it would answer with its own keys. */
  askInstance(source: string, request: ServiceRequest): Promise<ServiceResponse>;
}

export interface ServicesOptions {
  readonly proxies: ProxySettings;
  readonly clock: ServerClock;
  /** The clock of this machine, in milliseconds since 1970. */
  readonly machineNow: () => number;
}

const DEFAULT_TIMEOUT_MS = 5000;

export function createServices({ proxies, clock, machineNow }: ServicesOptions): Services {
  async function ask(source: string, request: ServiceRequest, by: ProxySettings): Promise<ServiceResponse> {
    const { method, url, headers, form, body, timeoutMs = DEFAULT_TIMEOUT_MS } = request;
    const agents = createAgents(url, { proxies: by, keepAlive: false, maxSockets: 1, timeoutMs });
    const sentAt = machineNow();
    try {
      const response = await got(url, {
        method,
        agent: agents.byScheme,
        timeout: { request: timeoutMs },
        retry: { limit: 0 },
        followRedirect: false,
        throwHttpErrors: false,
        headers: { 'user-agent': 'package-job-gateway', ...headers },
        ...(form !== undefined && { form: { ...form } }),
        ...(body !== undefined && { body }),
      });
      const members = parse(response.body);
      const isRefusal = isTimestampRefusal(codeText(members['Code']));
      const isAnswer = isRefusal || (response.statusCode === 200 && members['Credentials'] !== undefined);
      const isClockCorrected = isAnswer && clock.observe(response.headers.date, sentAt, isRefusal);
      return { status: response.statusCode, text: response.body, members, isClockCorrected };
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      // The error of `got` holds the request, so it must not be the cause.
      throw new KeySourceError(source, error instanceof TimeoutError ? 'Timeout' : error.code, true);
    } finally {
      agents.destroy();
    }
  }
  return {
    clock,
    ask: (source, request) => ask(source, request, proxies),
    askInstance: (source, request) => ask(source, request, NO_PROXIES),
  };
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** The error that a response without keys stands for. */
export function refusalOf(source: string, { status, members }: ServiceResponse): KeySourceError {
  const isTransient = status >= 500 || status === 429 || status === 408;
  // RFC 6749 calls it `error`.
  const told = codeText(members['Code']) ?? codeText(members['code']) ?? codeText(members['error']);
  const reason = told?.toLowerCase() === 'success' ? undefined : told;
  return new KeySourceError(
    source,
    reason ?? (status === 200 ? 'InvalidAnswer' : `HTTP_${String(status)}`),
    isTransient,
  );
}

/**
 * The temporary keys in an object. Names are compared without regard to case, as services and commands differ in it.
 *
 * @throws {KeySourceError} InvalidAnswer
 */
export function readKeys(source: string, value: unknown, mustHaveToken = true): Keys {
  const members = new Map(
    Object.entries(isJsonObject(value) ? value : {}).map(([name, member]) => [
      name.toLowerCase().replaceAll('_', ''),
      member,
    ]),
  );
  const text = (...names: string[]) => {
    const found = names.map((name) => members.get(name)).find((member) => member !== undefined);
    return typeof found === 'string' && /^[\x21-\x7e]+$/.test(found) ? found : undefined;
  };
  const accessKeyId = text('accesskeyid');
  const accessKeySecret = text('accesskeysecret');
  const securityToken = text('securitytoken', 'ststoken');
  if (
    accessKeyId === undefined ||
    accessKeySecret === undefined ||
    (mustHaveToken && securityToken === undefined)
  ) {
    throw new KeySourceError(source, 'InvalidAnswer');
  }
  const credentials: Credentials = { accessKeyId, accessKeySecret, ...(securityToken && { securityToken }) };
  return { credentials, expiresAt: readTime(members.get('expiration')) };
}

function readTime(value: unknown): number | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
