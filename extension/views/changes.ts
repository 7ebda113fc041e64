/**
 * Which values differ from those at the previous stop at which they were read. Reading again within a stop (after an
 * edit, or with another frame in focus) compares with the same previous stop; threads are compared each with itself.
 */
export class ChangeTracker {
  readonly #threads = new Map<number | undefined, { stop: number; now: Values; before: Values | undefined }>();

  /** Records what was read and gives the values to compare it with; undefined when there was no stop before. */
  update(thread: number | undefined, stop: number, values: Values): Values | undefined {
    const known = this.#threads.get(thread);
    const before = known && known.stop !== stop ? known.now : known?.before;
    this.#threads.set(thread, { stop, now: values, before });
    return before;
  }

  clear(): void {
    this.#threads.clear();
  }
}

/** A key of the view's own (an address, a register and field) to the value read. */
export type Values = ReadonlyMap<string, string>;
