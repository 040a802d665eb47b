import { lazy, Suspense } from 'react';
import type { OverviewProps } from './overview.tsx';

/** The charts are loaded when somebody looks at them. */
const Overview = lazy(async () => {
  const { Overview } = await import('./overview.tsx');
  return { default: Overview };
});

/** {@link Overview}, as soon as it has been loaded. */
export function OverviewOnDemand(props: OverviewProps) {
  return (
    <Suspense fallback={<output className="list">Loading the overview</output>}>
      <Overview {...props} />
    </Suspense>
  );
}
