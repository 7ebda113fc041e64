import { readFileSync } from 'node:fs';

/**
 * Nanoseconds that a thread has been on a processor: what others do on this machine at the same time counts little, unlike
 * in the time of day. Where Linux's /proc is not, the time of day.
 *
 * @param thread a process's number for its first thread; the caller's own thread when absent
 */
export function processorTime(thread?: number): number {
  try {
    const path = thread === undefined ? '/proc/thread-self/schedstat' : `/proc/${thread}/schedstat`;
    return Number(readFileSync(path, 'latin1').split(' ')[0]);
  } catch {
    return performance.now() * 1e6;
  }
}
