import { useState } from 'react';

/** Copies a text, and says so. Not there where the browser lets no page copy: without https, or off this machine. */
export function Copy({ text, children }: { readonly text: string; readonly children: string }) {
  const [isCopied, setIsCopied] = useState(false);
  // The types do not know that plain http has none.
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
