/**
 * One counter of an 8254 (Intel 82C54 data sheet), told by when it was loaded instead of by its decrements. Times are
 * ticks of the counter's clock.
 */
export interface PitCounterState {
  mode: number;
  bcd: boolean;
  /** 1 low byte, 2 high byte, 3 low then high. */
  access: number;
  /** The count register: what the counting element is loaded from. Undefined until one was written. */
  count: number | undefined;
  /** The tick at which the counting element was loaded; undefined while it waits for a trigger or a count. */
  origin: number | undefined;
  /** Gate low: ticks counted before it fell. */
  held: number | undefined;
  /** Modes 2 and 3: a new count and when it takes over. */
  next: { count: number; at: number } | undefined;
  gate: boolean;
  /** Low byte of a two-byte write under way. */
  firstByte: number | undefined;
  /** The next read of a two-byte access gives the high byte. */
  readHigh: boolean;
  latchedCount: number | undefined;
  latchedStatus: number | undefined;
}

export class PitCounter {
  state: PitCounterState;

  constructor(gate: boolean) {
    this.state = {
      ...{ mode: 0, bcd: false, access: 3, count: undefined, origin: undefined, held: undefined, next: undefined },
      ...{ gate, firstByte: undefined, readHigh: false, latchedCount: undefined, latchedStatus: undefined },
    };
  }

  /** A control word with its access bits not 0. */
  control(access: number, mode: number, bcd: boolean): void {
    this.state = {
      ...new PitCounter(this.state.gate).state,
      access,
      // Modes 6 and 7 are 2 and 3.
      mode: mode > 5 ? mode & 3 : mode,
      bcd,
    };
  }

  latchCount(now: number): void {
    this.state.latchedCount ??= this.encode(this.countingElement(now));
  }

  latchStatus(now: number): void {
    const { mode, access, bcd } = this.state;
    const output = this.output(now) ? 0x80 : 0;
    // "Null count": what was written is not in the counting element yet.
    const nullCount = this.isLoaded(now) ? 0 : 0x40;
    this.state.latchedStatus ??= output | nullCount | (access << 4) | (mode << 1) | (bcd ? 1 : 0);
  }

  private isLoaded(now: number): boolean {
    this.takeOver(now);
    const { origin, next, count } = this.state;
    return count !== undefined && next === undefined && origin !== undefined && now >= origin;
  }

  read(now: number): number {
    const { state } = this;
    if (state.latchedStatus !== undefined) {
      const status = state.latchedStatus;
      state.latchedStatus = undefined;
      return status;
    }
    const value = state.latchedCount ?? this.encode(this.countingElement(now));
    const high = state.access === 2 || (state.access === 3 && state.readHigh);
    if (state.access === 3) state.readHigh = !state.readHigh;
    if (state.access !== 3 || high) state.latchedCount = undefined;
    return high ? value >>> 8 : value & 0xff;
  }

  write(byte: number, now: number): void {
    const { state } = this;
    if (state.access === 3 && state.firstByte === undefined) {
      state.firstByte = byte;
      // In mode 0 the first byte stops the count and drops the output.
      if (state.mode === 0) {
        state.count = undefined;
        state.origin = undefined;
        state.held = undefined;
      }
      return;
    }
    const value =
      state.access === 3 ? (byte << 8) | state.firstByte! : state.access === 2 ? (byte << 8) & 0xff00 : byte;
    state.firstByte = undefined;
    this.load(this.decode(value), now);
  }

  private load(count: number, now: number): void {
    const { state } = this;
    this.takeOver(now);
    switch (state.mode) {
      case 1:
      case 5:
        // Counts from the next trigger on; a one-shot under way goes on with the old count.
        if (state.count !== undefined && state.origin !== undefined) {
          state.next = { count, at: Number.MAX_SAFE_INTEGER };
        } else state.count = count;
        return;
      case 2:
      case 3:
        if (state.count !== undefined && state.origin !== undefined && now >= state.origin) {
          state.next = { count, at: this.endOfPeriod(now) };
          return;
        }
        break;
      default:
        break;
    }
    state.count = count;
    state.next = undefined;
    state.origin = now + 1;
    state.held = state.gate ? undefined : 0;
  }

  /** Modes 2 and 3: the tick of the next reload (mode 3 also reloads in the middle). */
  private endOfPeriod(now: number): number {
    const count = this.state.count!;
    const origin = this.state.origin!;
    const period = Math.floor((now - origin) / count);
    const middle = origin + period * count + Math.ceil(count / 2);
    if (this.state.mode === 3 && now < middle) return middle;
    return origin + (period + 1) * count;
  }

  /** Puts a new count in when its time has come. Mode 3 that takes over in the middle starts with the output low. */
  private takeOver(now: number): void {
    const { state } = this;
    const { next } = state;
    if (next === undefined || now < next.at || state.held !== undefined) return;
    const low = state.mode === 3 && !this.levelAt(next.at);
    state.count = next.count;
    state.origin = low ? next.at - Math.ceil(next.count / 2) : next.at;
    state.next = undefined;
  }

  setGate(gate: boolean, now: number): void {
    const { state } = this;
    if (gate === state.gate) return;
    this.takeOver(now);
    state.gate = gate;
    if (state.mode === 1 || state.mode === 5) {
      if (gate && state.count !== undefined) {
        if (state.next) state.count = state.next.count;
        state.next = undefined;
        state.origin = now + 1;
      }
      return;
    }
    if (state.count === undefined || state.origin === undefined) return;
    if (!gate) {
      state.held = Math.max(now - state.origin, 0);
      return;
    }
    if (state.mode === 2 || state.mode === 3) {
      // The gate's rise reloads.
      if (state.next) state.count = state.next.count;
      state.next = undefined;
      state.origin = now + 1;
    } else state.origin = Math.max(now, state.origin) - (state.held ?? 0);
    state.held = undefined;
  }

  /** OUT at `now`. */
  output(now: number): boolean {
    this.takeOver(now);
    return this.levelAt(now);
  }

  private levelAt(now: number): boolean {
    const { mode, count, origin, held } = this.state;
    if (count === undefined || origin === undefined) return mode !== 0;
    const elapsed = held ?? now - origin;
    switch (mode) {
      case 0:
        return elapsed >= count;
      case 1:
        return elapsed < 0 || elapsed >= count;
      case 2:
        return held !== undefined || elapsed < 0 || elapsed % count !== count - 1;
      case 3:
        return held !== undefined || elapsed < 0 || elapsed % count < Math.ceil(count / 2);
      default:
        return elapsed !== count;
    }
  }

  private countingElement(now: number): number {
    this.takeOver(now);
    const { mode, bcd, count, origin, held } = this.state;
    if (count === undefined || origin === undefined) return count ?? 0;
    const elapsed = Math.max(held ?? now - origin, 0);
    if (mode === 2) return count - (elapsed % count);
    if (mode === 3) {
      // Decrements by two, twice in a period; an odd count starts one lower.
      const phase = elapsed % count;
      const half = Math.ceil(count / 2);
      return (count & ~1) - 2 * (phase < half ? phase : phase - half);
    }
    const modulus = bcd ? 10_000 : 0x1_0000;
    return (((count - elapsed) % modulus) + modulus) % modulus;
  }

  /** The next tick after `now` at which OUT may change; Infinity for never. */
  nextChange(now: number): number {
    this.takeOver(now);
    const { mode, count, origin, held, next } = this.state;
    if (count === undefined || origin === undefined || held !== undefined) return Number.POSITIVE_INFINITY;
    const elapsed = now - origin;
    const at = (ticks: number) => origin + ticks;
    switch (mode) {
      case 0:
        return elapsed < count ? at(count) : Number.POSITIVE_INFINITY;
      case 1:
        return elapsed < 0 ? origin : elapsed < count ? at(count) : Number.POSITIVE_INFINITY;
      case 2:
      case 3: {
        if (elapsed < 0) return at(mode === 2 ? count - 1 : Math.ceil(count / 2));
        const start = Math.floor(elapsed / count) * count;
        const middle = mode === 2 ? count - 1 : Math.ceil(count / 2);
        const change = at(start + (elapsed - start < middle ? middle : count));
        return next && next.at > now ? Math.min(change, next.at) : change;
      }
      default:
        if (elapsed < count) return at(count);
        return elapsed === count ? at(count + 1) : Number.POSITIVE_INFINITY;
    }
  }

  /** 0 stands for the largest count. */
  private decode(value: number): number {
    if (!this.state.bcd) return value || 0x1_0000;
    const digits = [12, 8, 4, 0].map((shift) => (value >>> shift) & 15);
    return digits.reduce((sum, digit) => sum * 10 + digit, 0) || 10_000;
  }

  private encode(value: number): number {
    if (!this.state.bcd) return value & 0xffff;
    let [rest, result] = [value % 10_000, 0];
    for (let shift = 0; shift < 16; shift += 4) {
      result |= (rest % 10) << shift;
      rest = Math.floor(rest / 10);
    }
    return result;
  }
}
