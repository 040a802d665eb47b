import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useRef } from 'react';

/**
 * GraphiQL ignores its execute button until Monaco has loaded both editors. This component remembers an earlier click
 * and runs the operation when the editors have loaded.
 */
export function EarlyRun() {
  const isReady = useGraphiQL(({ queryEditor, responseEditor }) => Boolean(queryEditor && responseEditor));
  const actions = useGraphiQLActions();
  const isWaiting = useRef(false);

  useEffect(() => {
    if (isReady) {
      if (isWaiting.current) actions.run();
      isWaiting.current = false;
      return undefined;
    }
    const remember = ({ target }: MouseEvent) => {
      if (target instanceof Element && target.closest('.graphiql-execute-button')) isWaiting.current = true;
    };
    document.addEventListener('click', remember, { capture: true });
    return () => document.removeEventListener('click', remember, { capture: true });
  }, [isReady, actions]);
  return null;
}
