import { useState } from 'react';
import { Copy } from './copy.tsx';
import { playerFor } from './player/address.ts';

/** Where the finished package is, with a player for who asks for it. */
export function Package({ url }: { readonly url: string }) {
  const [isPlaying, setIsPlaying] = useState(false);
  const playable = playerFor(url);
  return (
    <div className="package">
      {/^https?:/.test(url) ? (
        <a href={url} target="_blank" rel="noreferrer">
          {url}
        </a>
      ) : (
        <code>{url}</code>
      )}
      <p className="buttons">
        <Copy text={url}>Copy address</Copy>
        {'player' in playable && (
          <button
            type="button"
            className="quiet"
            aria-expanded={isPlaying}
            onClick={() => setIsPlaying(!isPlaying)}
          >
            {isPlaying ? 'Close the player' : 'Play'}
          </button>
        )}
      </p>
      {'why' in playable && <small>{playable.why}</small>}
      {'player' in playable && isPlaying && (
        // eslint-disable-next-line react/iframe-missing-sandbox -- it runs our own scripts, and its policy allows less than a sandbox
        <iframe src={playable.player} title="Player" allow="autoplay; fullscreen; picture-in-picture" />
      )}
    </div>
  );
}
