/** The path of a URL, without the query string, which can hold a client's data. */
export function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '';
}
