import { useState } from 'react';

/** A button that copies a text. It is missing when the browser has no clipboard: on http, except on localhost. */
export function Copy({ text, children }: { readonly text: string; readonly children: string }) {
  const [isCopied, setIsCopied] = useState(false);
  // The types say that it always exists, but it does not on plain http.
  if (!('clipboard' in navigator)) return null;
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setIsCopied(true);
  };
  return (
    <span>
      <button type="button" className="quiet" onClick={() => void copy()} onBlur={() => setIsCopied(false)}>
        {children}
      </button>
      <output>{isCopied && ' ✓ copied'}</output>
    </span>
  );
}
