import { isIPv4, isIPv6 } from 'node:net';
import { hostOf } from './host.ts';
import { isLoopback } from './loopback.ts';
import { INTEGERS, type IntegerName, type VariableName } from './variables.ts';

/** Environment variables, before they are checked. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads one item of a list. It gives `undefined` when the item is wrong. */
type ItemReader = (item: string) => string | undefined;

export type Reader = ReturnType<typeof createReader>;

/** Reads variables by kind. Each gives `undefined`, or its default, when the variable is not set or is wrong. */
export function createReader(env: Environment, problems: string[]) {
  const reject = (name: VariableName, expected: string, value: string): undefined => {
    problems.push(`${name} must be ${expected}, got ${shown(value)}`);
  };
  const text = (name: VariableName, pattern: RegExp, expected: string): string | undefined => {
    const value = env[name];
    if (value === undefined || pattern.test(value)) return value;
    return reject(name, expected, value);
  };
  return {
    text,
    integer(name: IntegerName): number {
      const { default: fallback, min, max } = INTEGERS[name];
      const value = env[name];
      if (value === undefined) return fallback;
      if (/^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
      reject(name, `an integer from ${String(min)} to ${String(max)}`, value);
      return fallback;
    },
    boolean(name: VariableName, fallback: boolean): boolean {
      const value = text(name, /^(true|false)$/, 'true or false');
      return value === undefined ? fallback : value === 'true';
    },
    oneOf<const T extends string>(name: VariableName, known: readonly T[], hint?: string): T | undefined {
      const value = env[name];
      if (value === undefined) return undefined;
      const found = known.find((item) => item === value);
      return (
        found ?? reject(name, `one of ${known.join(', ')}${hint === undefined ? '' : ` (${hint})`}`, value)
      );
    },
    secret(name: VariableName): string | undefined {
      const value = env[name];
      if (value === undefined || /^[\x21-\x7e]+$/.test(value)) return value;
      problems.push(
        `${name} must be ${value === '' ? 'set to a value or left out' : 'free of spaces and line ends'}`,
      );
      return undefined;
    },
    /** Scheme, host and port. */
    endpoint(name: VariableName): URL | undefined {
      const value = env[name];
      if (value === undefined) return undefined;
      const url = URL.parse(value);
      if (url !== null && isSafe(url) && url.href === `${url.origin}/`) return url;
      // A URL may hold a password, so it is not shown.
      problems.push(
        `${name} must be an https origin such as https://ice.cn-shanghai.aliyuncs.com (http on loopback)`,
      );
      return undefined;
    },
    /** Texts separated by commas, each as `parse` reads it. */
    list(name: VariableName, parse: ItemReader, expected: string): readonly string[] | undefined {
      const value = env[name];
      if (value === undefined) return undefined;
      const items = value.split(',').map((item) => parse(item.trim()));
      const read = items.filter((item) => item !== undefined);
      return read.length === items.length ? read : reject(name, `${expected}, separated by commas`, value);
    },
  };
}

/** An origin as browsers and web views send it. Apps have schemes of their own, such as `capacitor://localhost`. */
export function readOrigin(text: string): string | undefined {
  if (!/^https?:/.test(text)) return APP_ORIGIN.test(text) ? text : undefined;
  const url = URL.parse(text);
  return url?.origin === text && hostOf(url.host) !== undefined ? text : undefined;
}

/** Pages of the schemes that are left out have other origins, or none. */
const APP_ORIGIN =
  /^(?!(?:https?|wss?|ftp|file|data|blob|about|javascript):)[a-z][a-z\d+.-]*:\/\/[\w-]+(?:\.[\w-]+)*(?::\d{1,5})?$/;

/** An IP address, or a network as CIDR writes it. An IPv4 address is written as such, not mapped into IPv6. */
export function readNetwork(text: string): string | undefined {
  const [address = '', bits, ...more] = text.split('/');
  const max = isIPv4(address) ? 32 : isIPv6(address) && !/%|:ffff:/i.test(address) ? 128 : 0;
  const isLength = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= max);
  return max > 0 && isLength && more.length === 0 ? text : undefined;
}

function shown(value: string): string {
  return value === '' ? 'an empty value' : JSON.stringify(value);
}

/** Whether nobody in between can read what is sent. */
function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}
