/**
 * Lets pending messages and input be handled, then comes back. `setTimeout(0)` would cost up to 4 ms; a worker has no
 * `setImmediate`, so a MessageChannel stands in for it there.
 */
export function yieldToHost(): Promise<void> {
  return new Promise(schedule);
}

const schedule: (resume: () => void) => void = typeof setImmediate === 'function' ? setImmediate : viaChannel();

function viaChannel(): (resume: () => void) => void {
  const waiting: (() => void)[] = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => waiting.shift()?.();
  return (resume) => {
    waiting.push(resume);
    port2.postMessage(undefined);
  };
}

/** Milliseconds of the host's clock. It paces slices and nothing that the guest can see. */
export const hostMilliseconds = (): number => performance.now();
