import { useEffect, useRef, useState } from 'react';
import { useShortcuts, useShortcutsSetting } from './shortcuts.ts';

const KEYS = [
  ['/', 'Find a job'],
  ['j', 'Next job'],
  ['k', 'Previous job'],
  ['Enter', 'Open the job'],
  ['Esc', 'Close the job'],
  ['?', 'Show these keys'],
] as const;

/** A button that shows the keys, and the dialog with them. */
export function Help() {
  const [isOpen, setIsOpen] = useState(false);
  useShortcuts({ '?': () => setIsOpen(true) });
  return (
    <>
      <button type="button" className="quiet" onClick={() => setIsOpen(true)}>
        Keys <kbd>?</kbd>
      </button>
      {isOpen && <Keys onClose={() => setIsOpen(false)} />}
    </>
  );
}

function Keys({ onClose }: { readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isOn, turn] = useShortcutsSetting();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="keys">
      <form method="dialog">
        <h2 id="keys">Keys</h2>
        <dl className="keys">
          {KEYS.map(([key, action]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{action}</dd>
            </div>
          ))}
        </dl>
        <label className="check">
          <input type="checkbox" checked={isOn} onChange={({ target }) => turn(target.checked)} />
          Keys of one letter are on
        </label>
        <p className="buttons">
          <button>Close</button>
        </p>
      </form>
    </dialog>
  );
}
