import { ROOT } from '../../root.ts';

/** Whether the page can play an address, and if so where the player is that does, or else why not. */
export type Playable = { readonly player: string } | { readonly why: string };

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * The player for the address of a package. The origin goes to the gateway, whose policy for the player allows that one alone.
 * The rest is behind `#`, as it can be signed: it goes to no server but its own.
 */
export function playerFor(address: string): Playable {
  const url = new URL(address);
  if (!/^https?:$/.test(url.protocol)) {
    return { why: `Browsers open no ${url.protocol}// address, so this page cannot play it.` };
  }
  if (/\.mpd$/i.test(url.pathname)) {
    return { why: 'This page plays HLS, not DASH. A DASH player can open the link.' };
  }
  // OSS serves the same by https, and pages of https may ask for nothing else.
  if (!LOOPBACK.test(url.hostname)) url.protocol = 'https:';
  url.hash = '';
  return { player: `${ROOT}board/player.html?${new URLSearchParams({ origin: url.origin })}#${url.href}` };
}
