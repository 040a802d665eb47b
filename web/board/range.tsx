import { go, RANGES, type Place } from './location.ts';

const DAY_MS = 86_400_000;

const LABELS = { '1h': 'Last hour', '24h': 'Last 24 h', '7d': 'Last 7 d' } as const;

/** The choice of when the jobs of the list were created, and of their order. */
export function Range({ place }: { readonly place: Place }) {
  const { range, from, to, order } = place;
  const isOwn = !range && Boolean(from ?? to);
  const choose = (choice: string) =>
    go({
      ...place,
      range: RANGES.find((range) => range === choice),
      from: choice === 'own' ? new Date(Date.now() - DAY_MS).toISOString() : undefined,
      to: undefined,
    });
  return (
    <>
      <select
        aria-label="Created"
        value={range ?? (isOwn ? 'own' : '')}
        onChange={({ target }) => choose(target.value)}
      >
        <option value="">Any time</option>
        {RANGES.map((range) => (
          <option key={range} value={range}>
            {LABELS[range]}
          </option>
        ))}
        <option value="own">From … to …</option>
      </select>
      <select
        aria-label="Order"
        value={order ?? ''}
        onChange={({ target }) => go({ ...place, order: target.value === 'oldest' ? 'oldest' : undefined })}
      >
        <option value="">Newest first</option>
        <option value="oldest">Oldest first</option>
      </select>
      {isOwn && (
        <p className="own-range">
          <Time label="From" value={from} max={to} onChange={(from) => go({ ...place, from })} />
          <Time label="to" value={to} min={from} onChange={(to) => go({ ...place, to })} />
        </p>
      )}
    </>
  );
}

interface TimeProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly min?: string | undefined;
  readonly max?: string | undefined;
  readonly onChange: (time: string | undefined) => void;
}

/** A time in the user's time zone. It counts once the field is left, as it changes with each digit. */
function Time({ label, value, min, max, onChange }: TimeProps) {
  return (
    <label>
      {label}{' '}
      <input
        // Another place has another value.
        key={value}
        type="datetime-local"
        defaultValue={toLocal(value)}
        min={toLocal(min)}
        max={toLocal(max)}
        onBlur={({ target }) => {
          const time = target.value === '' ? undefined : new Date(target.value).toISOString();
          if (toLocal(time) !== toLocal(value)) onChange(time);
        }}
      />
    </label>
  );
}

/** The form of the field: `2026-01-02T15:04`, in the user's time zone. */
function toLocal(time: string | undefined): string | undefined {
  if (!time) return undefined;
  const date = new Date(time);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
