import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Admission } from './admission.ts';
import type { Delivery } from './api.ts';
import type { Clock } from './clock.ts';
import { errorResponse } from './envelope.ts';
import type { HttpResponse, ResponseContext } from './envelope.ts';
import { ApiError, invalidParameter, missingParameter } from './errors.ts';
import { faultResponse } from './fault-responses.ts';
import { isResponseFault, OUTCOME_KINDS } from './faults.ts';
import type { FaultInjector } from './faults.ts';
import { splitUrl } from './request.ts';
import type { ApiRequest } from './request.ts';
import { isKeyAction, toWireTime } from './wire.ts';
import type { KeyAction } from './wire.ts';

const STS_VERSION = '2015-04-01';
const METADATA = '/latest/';
const ROLES = `${METADATA}meta-data/ram/security-credentials/`;
/** The role of the instance. */
const ROLE = 'example-role';
const URI = '/credentials';
/** How long keys are good where nobody says it, in seconds. */
const DEFAULT_DURATION_S = 3600;
const MAX_DURATION_S = 43_200;

export interface KeyServiceOptions {
  readonly admission: Admission;
  readonly faults: FaultInjector;
  readonly clock: Clock;
}

/** Whether a request is for a service that gives keys, by its path and its version alone. */
export function isKeyRequest(url: string, headers: Readonly<Record<string, unknown>>): boolean {
  const { path, search } = splitUrl(url);
  if (path.startsWith(METADATA) || path === URI) return true;
  return headers['x-acs-version'] === STS_VERSION || /(?:^|&)Version=2015-04-01(?:&|$)/.test(search);
}

/**
 * The services that give temporary keys: STS (`AssumeRole`, `AssumeRoleWithOIDC`), the metadata service of an instance, and a
 * credentials URI at `/credentials`. ICE takes their keys until they expire. Any role may be taken, with any OIDC token.
 */
export class KeyService {
  readonly #options: KeyServiceOptions;
  readonly #counts = new Map<KeyAction, number>();

  constructor(options: KeyServiceOptions) {
    this.#options = options;
  }

  /** How often each service was asked. */
  get countsByAction(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** Makes the response to a request. It rejects only with an AbortError, when `signal` ends a delay. */
  async handle(request: ApiRequest, context: ResponseContext, signal: AbortSignal): Promise<Delivery> {
    const { faults, clock } = this.#options;
    const action = actionOf(request);
    if (action === undefined) return { response: plain(404, '') };
    this.#counts.set(action, (this.#counts.get(action) ?? 0) + 1);
    const now = clock.now() + (faults.take(['clockSkew'], action, [])?.skewMs ?? 0);
    const fault = faults.take(OUTCOME_KINDS, action, []);
    const delayMs = faults.take(['delay'], action, [])?.delayMs ?? 0;
    if (delayMs > 0) await wait(delayMs, undefined, { signal });
    const made =
      fault !== undefined && isResponseFault(fault)
        ? faultResponse(fault, action, { ...context, format: 'json' })
        : this.#respond(action, request, { context, now });
    const response = { ...made, headers: { date: new Date(now).toUTCString(), ...made.headers } };
    return fault === undefined || isResponseFault(fault) ? { response } : { response, fault };
  }

  #respond(
    action: KeyAction,
    request: ApiRequest,
    { context, now }: { readonly context: ResponseContext; readonly now: number },
  ): HttpResponse {
    if (action === 'InstanceRole') return this.#respondAsMetadata(request, now);
    if (action === 'CredentialsUri')
      return json({ Code: 'Success', ...this.#issue(now, DEFAULT_DURATION_S) });
    try {
      for (const name of ['RoleArn', 'RoleSessionName']) need(request, name);
      if (action === 'AssumeRole') this.#options.admission.authenticate(request, now);
      else for (const name of ['OIDCProviderArn', 'OIDCToken']) need(request, name);
      const seconds = Number(request.parameters.get('DurationSeconds') ?? DEFAULT_DURATION_S);
      if (!(seconds >= 1 && seconds <= MAX_DURATION_S)) throw invalidParameter('DurationSeconds');
      return json({ RequestId: context.requestId, Credentials: this.#issue(now, seconds) });
    } catch (error) {
      if (error instanceof ApiError) return errorResponse({ ...context, format: 'json' }, error);
      throw error;
    }
  }

  #respondAsMetadata({ method, path }: ApiRequest, now: number): HttpResponse {
    if (method === 'PUT' && path === `${METADATA}api/token`)
      return plain(200, randomBytes(16).toString('hex'));
    if (path === ROLES) return plain(200, ROLE);
    if (path !== `${ROLES}${ROLE}`) return plain(404, '');
    return json({ Code: 'Success', ...this.#issue(now, DEFAULT_DURATION_S) });
  }

  /** A new temporary key. */
  #issue(now: number, seconds: number) {
    const expiresAt = now + 1000 * seconds;
    const accessKeyId = `STS.example${randomBytes(8).toString('hex')}`;
    const [accessKeySecret, securityToken] = [randomBytes(16), randomBytes(64)].map((bytes) =>
      bytes.toString('base64url'),
    );
    if (accessKeySecret === undefined || securityToken === undefined) throw new TypeError('no key');
    this.#options.admission.issue({ accessKeyId, accessKeySecret, securityToken, expiresAt });
    return {
      AccessKeyId: accessKeyId,
      AccessKeySecret: accessKeySecret,
      SecurityToken: securityToken,
      Expiration: toWireTime(expiresAt),
    };
  }
}

function actionOf({ path, action }: ApiRequest): KeyAction | undefined {
  if (path.startsWith(METADATA)) return 'InstanceRole';
  if (path === URI) return 'CredentialsUri';
  return isKeyAction(action) ? action : undefined;
}

function need({ parameters }: ApiRequest, name: string): void {
  if (!parameters.get(name)) throw missingParameter(name);
}

function json(content: unknown): HttpResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/json;charset=utf-8' },
    body: JSON.stringify(content),
  };
}

function plain(status: number, body: string): HttpResponse {
  return { status, headers: { 'content-type': 'text/plain' }, body };
}
