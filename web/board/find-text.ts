import type { Job } from './loaded-jobs.ts';

/** What somebody looks for: a job by its id, jobs that read or write a file, or jobs by a part of their name or id. */
export type Wanted =
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'file'; readonly bucket: string | undefined; readonly key: string }
  | { readonly kind: 'text'; readonly text: string };

/** The form of the ids that ICE gives. */
const ICE_ID = /^[\da-f]{32}$/i;
/** What the gateway takes as an id. */
const ANY_ID = /^[\x21-\x7e]{1,128}$/;

/** Reads what was typed or pasted: an id, an address of the board, the IDE or a file, or a text. */
export function readWanted(typed: string): Wanted {
  const text = typed.trim();
  if (ICE_ID.test(text)) return { kind: 'id', id: text };
  const url = URL.parse(text);
  if (!url || !/^(https?|oss):$/.test(url.protocol)) return { kind: 'text', text };
  const id = url.searchParams.get('job') ?? idIn(url.searchParams.get('variables'));
  return id ? { kind: 'id', id } : fileAt(url);
}

/** The text as the address may keep it: signed addresses of files lose their signature. */
export function withoutSecrets(typed: string): string {
  return readWanted(typed).kind === 'file' ? typed.replace(/[?#].*$/s, '') : typed;
}

/** The id that the text can be, although it can be a name as well. */
export function idOf(wanted: Wanted): string | undefined {
  if (wanted.kind === 'id') return wanted.id;
  return wanted.kind === 'text' && ANY_ID.test(wanted.text) ? wanted.text : undefined;
}

/** Whether this is a job that is looked for. */
export function isWanted(wanted: Wanted, { id, name, inputs, output }: Job): boolean {
  if (wanted.kind === 'id') return id === wanted.id;
  if (wanted.kind === 'text') {
    const text = wanted.text.toLowerCase();
    return id.toLowerCase().includes(text) || (name?.toLowerCase().includes(text) ?? false);
  }
  return [...inputs, output].some((media) => {
    const url = URL.parse(media?.media ?? '');
    if (!url) return false;
    const file = fileAt(url);
    return file.key === wanted.key && (!file.bucket || !wanted.bucket || file.bucket === wanted.bucket);
  });
}

/** The bucket is known for OSS's own addresses. A CDN may have any. */
function fileAt({ protocol, hostname, pathname }: URL): Extract<Wanted, { kind: 'file' }> {
  const isKnown = protocol === 'oss:' || hostname.endsWith('.aliyuncs.com');
  return { kind: 'file', bucket: isKnown ? hostname.split('.')[0] : undefined, key: decode(pathname) };
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The id in the variables of a link to the IDE. */
function idIn(variables: string | null): string | undefined {
  try {
    const value: unknown = JSON.parse(variables ?? '');
    const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : undefined;
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}
