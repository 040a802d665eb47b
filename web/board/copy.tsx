import { useState } from 'react';

export interface CopyProps {
  /** What is copied, or what reads it once it is asked for. */
  readonly text: string | (() => Promise<string>);
  readonly children: string;
}

/** A button that copies a text. It is missing when the browser has no clipboard: on http, except on localhost. */
export function Copy({ text, children }: CopyProps) {
  const [outcome, setOutcome] = useState('');
  // The types say that it always exists, but it does not on plain http.
  if (!('clipboard' in navigator)) return null;
  const copy = async () => {
    const copied = typeof text === 'string' ? navigator.clipboard.writeText(text) : copyLater(text());
    setOutcome(
      await copied.then(
        () => ' ✓ copied',
        () => ' The browser does not let the page copy.',
      ),
    );
  };
  return (
    <span>
      <button type="button" className="quiet" onClick={() => void copy()} onBlur={() => setOutcome('')}>
        {children}
      </button>
      <output>{outcome}</output>
    </span>
  );
}

/** Browsers only let a page copy right after a click. What is still being read then has to be given as a promise. */
function copyLater(text: Promise<string>): Promise<void> {
  return navigator.clipboard.write([new ClipboardItem({ 'text/plain': text })]);
}
