/** The schemes that ICE documents. A page can link to any of these and nothing is run. */
const SCHEMES: ReadonlySet<string> = new Set(['http:', 'https:', 'oss:']);

/**
 * An address of ICE as the URL Standard writes it, or `null` when the text is none: an `http:`, `https:` or `oss:` URL with a
 * host or bucket. Apps make links of addresses, so no other scheme passes, such as `javascript:`.
 */
export function parseAddress(text: string): string | null {
  if (USUAL.test(text)) return text;
  const url = URL.parse(text);
  return url !== null && url.host !== '' && SCHEMES.has(url.protocol) ? url.href : null;
}

/**
 * Addresses that the URL Standard leaves as they are: each host is one of lower-case names, and no part of a path is `.` or
 * `..`. Nearly all are. To parse one takes ten times as long.
 */
const USUAL =
  /^(?:oss:\/\/[a-z\d-]+|https?:\/\/(?:(?!xn--)[a-z\d][a-z\d-]*\.)+[a-z]{2,})(?:\/[\w-][\w.~-]*)+$/;
