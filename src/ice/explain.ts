import { IceError, isKeyRefusal, isNonceUsed, isTimestampRefusal } from './errors.ts';

/** What failed, in one line for the operator: the action, the code, and what to do. It holds no secret. */
export function explain(error: unknown): string {
  if (!(error instanceof IceError)) return 'The call of ICE failed by a fault of the gateway. The log has it';
  const { action, upstreamCode } = error.details;
  const reason = upstreamCode ?? networkCodeOf(error) ?? error.code;
  if (action === 'Credentials') return `No key to sign with (${reason}). ${keyAdvice(reason)}`;
  return `${action} failed (${reason}). ${adviceFor(error, reason)}`;
}

/** The code of the network or of TLS, or ours where nothing came over the network. */
export function networkCodeOf({ code, cause }: IceError): string | undefined {
  const isFailure = code === 'UPSTREAM_UNAVAILABLE' || code === 'UPSTREAM_MALFORMED';
  return isFailure && cause instanceof Error && cause.message !== '' && /^\w+$/.test(cause.message)
    ? cause.message
    : undefined;
}

/** Pairs of what a code is like, and what to do. The first that fits counts. */
type Advice = readonly (readonly [pattern: RegExp, advice: string])[];

const KEY_ADVICE: Advice = [
  [
    /^NoCredentials$/,
    'Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or another source of keys',
  ],
  [/^TokenFile/, 'ALIBABA_CLOUD_OIDC_TOKEN_FILE cannot be read'],
  [/^FileMissing$/, 'The file of the source is gone'],
  [
    /^FileUnwritable$/,
    'New tokens of the login cannot be written into the file of the CLI: let the gateway write it',
  ],
  [/^File/, 'The file of the source is not readable, or not what it should be'],
  [/^ProfileNotFound$/, 'No file has the profile that ALIBABA_CLOUD_PROFILE names'],
  [/^Profile/, 'The profile lacks a member that its mode needs'],
  [/^UnsupportedMode$/, 'The mode of the profile is unknown'],
  [/^LoginExpired$|^invalid_grant$/, 'Log in with the Alibaba Cloud CLI again'],
  [/^NoRole$/, 'This instance has no RAM role'],
  [/^Command/, 'The command of the profile failed'],
  [/OIDC|Token/, 'STS refused the token of the identity provider: check that it is new, and its provider'],
  [
    /EntityNotExist|NoPermission|Forbidden/,
    'The role does not exist, or may not be taken: check its ARN and its trust policy',
  ],
  [
    /^(?:Invalid|Inactive)AccessKey|^SignatureDoesNotMatch/,
    'The key that takes the role was refused: check it',
  ],
];

const NETWORK_ADVICE: Advice = [
  [/^PROXY_407$/, 'The proxy wants a user and a password: HTTPS_PROXY=http://user:password@host:port'],
  [/^PROXY_/, 'The proxy refused: have it allow the host, or name the host in NO_PROXY'],
  [
    /^ENOTFOUND$|^EAI_/,
    'The name is not known here: check ICE_REGION or ICE_ENDPOINT, the DNS, and whether HTTPS_PROXY is needed',
  ],
  [
    /CERT|SIGNATURE|ISSUER|^ERR_TLS|^EPROTO/,
    'The certificate is not trusted here: NODE_EXTRA_CA_CERTS names a file of further CAs',
  ],
  [
    /^E(?:CONN|HOST|NET|TIMED|PIPE)|^UPSTREAM_TIMEOUT$|Timeout$/,
    'There is no way to it, or no answer in time: check the network, ICE_ENDPOINT, and the proxy (HTTPS_PROXY)',
  ],
];

const REFUSAL_ADVICE: Advice = [
  [/^OperationDenied\.Suspended|Arrears|Overdue/i, 'The account is suspended: look at its balance'],
  [/^OperationDenied|NotActivated|NotOpen/i, 'ICE is not activated for this account'],
  [
    /^Invalid(?:Api|Action|Product|Version|Protocol)/i,
    'What answers there is not ICE: check ICE_REGION and ICE_ENDPOINT',
  ],
];

function keyAdvice(reason: string): string {
  return (
    find(KEY_ADVICE, reason) ?? find(NETWORK_ADVICE, reason) ?? 'Look at its source, see docs/accounts.md'
  );
}

function adviceFor({ code, details }: IceError, reason: string): string {
  const { action, upstreamCode } = details;
  if (isTimestampRefusal(upstreamCode)) return 'The clock of this machine differs from that of ICE: set it';
  if (isNonceUsed(upstreamCode)) return 'Something between repeats requests: look at the proxy';
  if (isKeyRefusal(upstreamCode))
    return 'ICE refused the key: check that it is right, active and of this account';
  const found = find(REFUSAL_ADVICE, reason);
  if (found !== undefined) return found;
  if (/^(?:Forbidden|NoPermission|Unauthorized|AccessDenied)/i.test(reason)) {
    return `The identity may not do it: give it the RAM action ice:${action}`;
  }
  if (code === 'UPSTREAM_THROTTLED' && upstreamCode === undefined) {
    return 'Something before ICE, such as a firewall, refuses for now: lower ICE_CALLS_PER_SECOND';
  }
  if (code === 'UPSTREAM_THROTTLED') return 'The account makes too many calls: lower ICE_CALLS_PER_SECOND';
  if (code === 'UPSTREAM_MALFORMED') {
    return 'What answers there is not ICE, or a proxy answers in its place: check ICE_ENDPOINT and HTTPS_PROXY';
  }
  if (code === 'UPSTREAM_REJECTED') return 'ICE refused it';
  return find(NETWORK_ADVICE, reason) ?? 'ICE, or what is before it, has a fault: try again later';
}

function find(advice: Advice, reason: string): string | undefined {
  return advice.find(([pattern]) => pattern.test(reason))?.[1];
}

/** What is said of a clock that differs, in milliseconds: ICE's time less ours. */
export function clockLine(differenceMs: number): string {
  if (differenceMs === 0) return 'The clock of this machine is that of ICE again';
  const minutes = Math.round(Math.abs(differenceMs) / 60_000);
  const side = differenceMs > 0 ? 'behind' : 'ahead of';
  return `The clock of this machine is ${String(minutes)} min ${side} that of ICE: calls are signed by ICE's time. Set the clock`;
}

/** The end of a key's id, for people. */
export function idEnd(id: string): string {
  return id === '' ? '' : `, id ends with ${id}`;
}
