/** The path of a URL, without the query string, which can hold a client's data. */
export function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

/** Whether a URL has no bytes but those that a URL can have. Node takes each of the others for a character of Latin-1. */
export function isAscii(url: string): boolean {
  return !/[^\u0020-\u007e]/.test(url);
}

/**
 * Whether a URL is ASCII, and what is percent-encoded in it is UTF-8. Whoever decodes it would put replacement characters there
 * otherwise.
 */
export function isUtf8Encoded(text: string): boolean {
  if (!isAscii(text)) return false;
  if (!text.includes('%')) return true;
  try {
    // A `%` without two digits stands for itself in a query string.
    decodeURIComponent(text.replaceAll(/%(?![\da-f]{2})/gi, '%25'));
    return true;
  } catch {
    return false;
  }
}
