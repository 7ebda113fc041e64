import { MAX_RAM, PAGE_FLAGS_BASE, PAGE_UNSAVED, RAM_BASE, WASM_PAGE } from './map.ts';

/** A page's content before the first write after a snapshot. */
type SavedPages = Map<number, Uint8Array>;

/**
 * Guest RAM inside the machine's WebAssembly memory, and what snapshots need of it: after a snapshot every page is
 * "unsaved", and the first write to it keeps its old content in the newest snapshot's version.
 */
export class HostMemory {
  readonly memory: WebAssembly.Memory;
  readonly bytes: Uint8Array;
  readonly size: number;
  private versions: { pages: SavedPages; snapshot: object }[] = [];

  /** @throws RangeError with one sentence when `size` cannot be had */
  constructor(size: number) {
    if (!Number.isInteger(size) || size < 0x200000 || size > MAX_RAM || size % 0x200000 !== 0) {
      throw new RangeError(
        `memory: ${size} bytes cannot be had; it must be a multiple of 2 MiB from 2 MiB to ${MAX_RAM / 0x100000} MiB.`,
      );
    }
    const pages = (RAM_BASE + size) / WASM_PAGE;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.bytes = new Uint8Array(this.memory.buffer);
    this.size = size;
  }

  page(index: number): Uint8Array {
    const start = RAM_BASE + index * 0x1000;
    return this.bytes.subarray(start, start + 0x1000);
  }

  /** Called by the write path before a page's first store since the newest snapshot. */
  savePage(address: number): void {
    const index = address >>> 12;
    const flags = this.bytes[PAGE_FLAGS_BASE + index]!;
    this.bytes[PAGE_FLAGS_BASE + index] = flags & ~PAGE_UNSAVED;
    this.versions.at(-1)?.pages.set(index, this.page(index).slice());
  }

  private markAll(flag: boolean): void {
    for (let index = 0; index < this.size >>> 12; index++) {
      const at = PAGE_FLAGS_BASE + index;
      this.bytes[at] = flag ? this.bytes[at]! | PAGE_UNSAVED : this.bytes[at]! & ~PAGE_UNSAVED;
    }
  }

  /** Starts a version: later writes keep what they overwrite until `rewind(snapshot)`. The fast TLB must be flushed. */
  beginVersion(snapshot: object): void {
    this.versions.push({ pages: new Map(), snapshot });
    this.markAll(true);
  }

  /**
   * Puts RAM back to what it was at `snapshot`, which stays valid. Later snapshots are forgotten.
   * `changed` is told of each page before it is written.
   *
   * @returns false when the snapshot is not (any more) one of this memory's
   */
  rewind(snapshot: object, changed: (address: number) => void): boolean {
    const target = this.versions.findIndex((v) => v.snapshot === snapshot);
    if (target < 0) return false;
    // Older versions override newer ones: the oldest copy of a page since the snapshot is the right one.
    const restored: SavedPages = new Map();
    for (let i = this.versions.length - 1; i >= target; i--) {
      for (const [index, content] of this.versions[i]!.pages) restored.set(index, content);
    }
    for (const [index, content] of restored) {
      changed(index * 0x1000);
      this.page(index).set(content);
    }
    this.versions = this.versions.slice(0, target + 1);
    this.versions[target]!.pages = new Map();
    this.markAll(true);
    return true;
  }

  /** Forgets all snapshots. */
  dropVersions(): void {
    this.versions = [];
    this.markAll(false);
  }
}
