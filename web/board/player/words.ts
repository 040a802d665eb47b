/** What hls.js calls problems that a status says nothing of. */
export const PROBLEMS: Readonly<Record<string, string>> = {
  manifestParsingError: 'What is at the address is no HLS playlist.',
  manifestIncompatibleCodecsError: 'This browser cannot decode the video: it has no codec for it.',
  bufferAddCodecError: 'This browser cannot decode the video: it has no codec for it.',
  manifestLoadTimeOut: 'The bucket does not answer in time.',
  keyLoadError: 'The video is encrypted, and its key cannot be had.',
};

export const NO_HLS = 'This browser plays no HLS.';
export const MEDIA_PROBLEM =
  'The browser cannot play it. It may be no video, of a codec that the browser lacks, or refused by the bucket.';

/** What a status means. @param isWhole whether it is of the playlist itself, and not of a part of the package */
export function networkProblem(status: number, isWhole: boolean): string {
  const what = isWhole ? 'the file' : 'a part of the package';
  if (status === 401 || status === 403) {
    return `The bucket refuses ${what} (${status}): it is private, or its hotlink protection wants a Referer.`;
  }
  if (status === 404) return `The bucket has lost ${what} (404): it was deleted, moved, or never written.`;
  return `The bucket cannot send ${what} (${status}).`;
}

/** What it means that the page is shown no status. */
export function refusalWithoutStatus(isThere: boolean): string {
  return isThere
    ? `The bucket does not let this page read it: it has no CORS rule for ${location.origin}, or the file is private.`
    : 'The bucket cannot be reached.';
}

/** What it means that the policy of the page forbids an address. */
export function blockedHost(address: string): string {
  const host = URL.parse(address)?.host ?? address;
  return `The package refers to ${host}, and this page may only ask the host of its playlist.`;
}
