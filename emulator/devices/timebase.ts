/** Ticks of a device's oscillator against the machine's nanoseconds; exact over any time that a guest can reach. */
const NANOSECONDS = 1e9;

/** Whole ticks of a clock of `hertz` (at most 8 MHz, so that products stay exact) that have passed at `now`. */
export function ticksAt(now: number, hertz: number): number {
  const seconds = Math.floor(now / NANOSECONDS);
  return seconds * hertz + Math.floor(((now - seconds * NANOSECONDS) * hertz) / NANOSECONDS);
}

/** The first nanosecond at which `ticksAt` reaches `tick`. */
export function timeOfTick(tick: number, hertz: number): number {
  const seconds = Math.floor(tick / hertz);
  return seconds * NANOSECONDS + Math.ceil(((tick - seconds * hertz) * NANOSECONDS) / hertz);
}
