import { MEDIA_PROBLEM } from './words.ts';

/** Whether browsers play it by themselves, without a playlist. */
export function isFile({ pathname }: URL): boolean {
  return /\.(mp4|m4v|webm|mov|mp3|m4a|aac|wav|ogg)$/i.test(pathname);
}

/** Plays a single file. What browsers tell of a failure does not say more. */
export function playFile(video: HTMLVideoElement, url: URL, fail: (problem: string) => void): void {
  video.addEventListener('error', () => fail(MEDIA_PROBLEM));
  video.src = url.href;
}
