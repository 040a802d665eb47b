import { useSyncExternalStore } from 'react';

const dateTimeFormat = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** A text such as `3 min ago`. Both times are milliseconds since the epoch. */
export function ago(then: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - then) / 1000));
  const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? ['s', 1];
  return `${Math.floor(seconds / length)} ${unit} ago`;
}

/** A text such as `4 min 05 s`, with the two largest units. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${seconds} s`;
  if (hours === 0) return `${minutes} min ${two(seconds)} s`;
  return hours < 48 ? `${hours} h ${two(minutes)} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function two(value: number): string {
  return String(value % 60).padStart(2, '0');
}

/** A text such as `Jan 2, 2026, 3:04:05 PM`, in the user's time zone. */
export function clock(time: string): string {
  return dateTimeFormat.format(new Date(time));
}

/** A text such as `2026-01-02 14:04:05 UTC`. */
export function utc(time: string): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** The user's time zone and its present offset, such as `Europe/Berlin (GMT+1)`. */
export function timeZone(): string {
  const format = new Intl.DateTimeFormat('en', { timeZoneName: 'shortOffset' });
  const { timeZone } = format.resolvedOptions();
  const offset = format.formatToParts().find(({ type }) => type === 'timeZoneName');
  return timeZone === 'UTC' ? timeZone : `${timeZone} (${offset?.value ?? ''})`;
}

/** The current time in milliseconds since the epoch. It changes every second, for all components at once. */
export function useNow(): number {
  return useSyncExternalStore(listen, () => now);
}

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function listen(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  now = Date.now();
  for (const listener of listeners) listener();
}
