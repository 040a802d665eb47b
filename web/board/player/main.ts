import '../style/base.css';
import './player.css';

import { isFile, playFile } from './file.ts';
import { blockedHost } from './words.ts';

// The whole page is a video and what is wrong with it. It has no token, and its policy lets it ask one origin.
const video = document.querySelector('video');
const alert = document.querySelector('[role=alert]');
if (!video || !alert) throw new Error('player.html has no video');

const fail = (problem: string) => {
  // The first one is the cause of those after it.
  alert.textContent ||= problem;
  document.body.dataset['failed'] = 'true';
};
document.addEventListener('securitypolicyviolation', ({ blockedURI }) => fail(blockedHost(blockedURI)));

const url = new URL(location.hash.slice(1));
if (isFile(url)) playFile(video, url, fail);
else {
  // Only who plays something loads it.
  const { playHls } = await import('./hls.ts');
  playHls(video, url, fail);
}
// Without a click in this frame, browsers can refuse. The button of the video then starts it.
video.play().catch(() => undefined);
