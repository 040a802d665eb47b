import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What a process has used so far. Linux alone tells. */
export interface Usage {
  /** Resident memory, in bytes. */
  readonly memory: number;
  /** The most resident memory since the process began, in bytes. */
  readonly peakMemory: number;
  /** Time on a processor, in milliseconds. */
  readonly cpuMs: number;
}

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

export function usageOf(pid: number): Usage {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  const bytesOf = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
  // The fields after the name, which stands in brackets: utime and stime are the 12th and the 13th.
  const fields = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { memory: bytesOf('VmRSS'), peakMemory: bytesOf('VmHWM'), cpuMs: (ticks / TICKS_PER_SECOND) * 1000 };
}

/** Time of the main thread of a process on a processor, in milliseconds, to the microsecond. */
export function mainThreadMs(pid: number): number {
  const [nanoseconds = ''] = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/schedstat`, 'utf8').split(
    ' ',
  );
  return Number(nanoseconds) / 1e6;
}
