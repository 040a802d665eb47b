import HlsPlayer, { ErrorTypes, Events, type ErrorData } from 'hls.js';
import { playFile } from './file.ts';
import { MEDIA_PROBLEM, NO_HLS, networkProblem, PROBLEMS, refusalWithoutStatus } from './words.ts';

/** Plays a playlist, by hls.js where the browser lets it, and else by the browser itself. */
export function playHls(video: HTMLVideoElement, url: URL, fail: (problem: string) => void): void {
  if (!HlsPlayer.isSupported()) {
    if (video.canPlayType('application/vnd.apple.mpegurl')) playFile(video, url, fail);
    else fail(NO_HLS);
    return;
  }
  // A worker of its own would need a wider policy. Packages come in pieces that need little work.
  const hls = new HlsPlayer({ enableWorker: false });
  let hasRecovered = false;
  hls.on(Events.ERROR, (_event, data) => {
    if (!data.fatal) return;
    if (data.type === ErrorTypes.MEDIA_ERROR && !hasRecovered && !(data.details in PROBLEMS)) {
      hasRecovered = true;
      return hls.recoverMediaError();
    }
    hls.destroy();
    void wordsFor(data, url).then(fail);
  });
  hls.loadSource(url.href);
  hls.attachMedia(video);
}

async function wordsFor({ type, details, response }: ErrorData, url: URL): Promise<string> {
  const known = PROBLEMS[details];
  if (known !== undefined) return known;
  if (type !== ErrorTypes.NETWORK_ERROR) return MEDIA_PROBLEM;
  const isWhole = details.startsWith('manifest');
  if (response?.code) return networkProblem(response.code, isWhole);
  return refusalWithoutStatus(await isThere(response?.url ?? url.href));
}

/** Whether a server answers at all. The page is not shown what it answers. */
async function isThere(address: string): Promise<boolean> {
  return fetch(address, { mode: 'no-cors' }).then(
    () => true,
    () => false,
  );
}
