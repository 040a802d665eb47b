import leven from 'leven';
import type { Environment } from './environment.ts';
import { INTEGERS, OTHERS } from './variables.ts';

/** A variable that looks like one of ours and is none. */
export interface UnknownVariable {
  readonly name: string;
  /** The variable that it is most like. */
  readonly nearest: string;
}

const KNOWN: readonly string[] = [...Object.keys(INTEGERS), ...Object.keys(OTHERS)];

/** What nothing but the gateway is likely to begin a name with. */
const OWN = /^(?:ICE|ANSWERS_MAX|FINISHED_JOB|MISSING_JOB|JOB_MAX|POLL|STALE_IF_ERROR|PERSISTED|JWT)_/;

/** First words that variables of others have too. */
const SHARED: ReadonlySet<string> = new Set(['ALIBABA', 'HTTP', 'HTTPS', 'NODE', 'NO', 'ALL', 'REDIS']);

/** Names that others give a meaning, although they are like ours. */
const OTHERS_OWN =
  /^(?:HOSTNAME|HOSTTYPE|PORTS|(?:FTP|WS|WSS|SOCKS)_PROXY|ALIBABA_CLOUD_(?:USER_AGENT|CONNECT_TIMEOUT|READ_TIMEOUT|IMDSV1_DISABLED?)|NODE_.*|OTEL_.*)$/i;

/** The variables that look like ours and are none, with what they may mean. Each would be ignored without a word. */
export function unknownVariables(env: Environment): readonly UnknownVariable[] {
  return Object.keys(env)
    .filter((name) => env[name] !== undefined && !isKnown(name) && !OTHERS_OWN.test(name))
    .flatMap((name) => {
      const nearest = nearestOf(name.toUpperCase().replaceAll('-', '_'));
      return nearest === undefined ? [] : [{ name, nearest }];
    });
}

/** The names of proxies count in lower case too. */
function isKnown(name: string): boolean {
  return KNOWN.includes(name) || (name.endsWith('_proxy') && KNOWN.includes(name.toUpperCase()));
}

function nearestOf(name: string): string | undefined {
  const [best] = KNOWN.map((known) => ({ known, distance: distanceOf(name, known) })).toSorted(
    (a, b) => a.distance - b.distance,
  );
  if (best === undefined) return undefined;
  // A typing error in six characters is near, or one in four where the first word is the same. Words as short as PORT and
  // HOST are near too many others.
  const [word = ''] = name.split('_', 1);
  const isOfOneKind = best.known.startsWith(`${word}_`) && !SHARED.has(word);
  const length = best.known.replace(/^ALIBABA_CLOUD_/, '').length;
  const isNear = name.length >= 6 && best.distance <= Math.ceil(length / (isOfOneKind ? 4 : 6));
  return isNear || OWN.test(name) ? best.known : undefined;
}

/** The edits from one to the other. A part that is left out or added at an end is one edit. */
function distanceOf(name: string, known: string): number {
  const edits = leven(name.replaceAll('_', ''), known.replaceAll('_', ''));
  return isPart(name, known) || isPart(known, name) ? Math.min(1, edits) : edits;
}

/** Whether a name is the beginning or the end of another one. */
function isPart(part: string, whole: string): boolean {
  if (!part.includes('_')) return false;
  const isBeginning = whole.startsWith(part) && (part.length >= 8 || whole[part.length] === '_');
  return isBeginning || whole.endsWith(`_${part}`);
}
