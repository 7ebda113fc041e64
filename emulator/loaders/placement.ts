import { type LoadableImage, LoadError } from './image.ts';

/** First address after the real-mode vector table, the BIOS data area and what firmware by custom leaves at 0x7c00. */
const LOWEST = 0x8000;
/** The extended BIOS data area begins near here on a PC. */
const LOW_END = 0x9_f000;
const PAGE = 0x1000;

/** Finds room in RAM for what a loader adds: below 640 KiB if it can, never where the image lies, never in page 0. */
export class Placement {
  private readonly taken: { start: number; end: number }[] = [];

  constructor(
    image: LoadableImage,
    private readonly memoryBytes: number,
  ) {
    for (const { physicalAddress, memorySize } of image.segments) {
      this.reserve(Number(physicalAddress), Number(memorySize));
    }
  }

  reserve(start: number, size: number): void {
    if (size > 0) this.taken.push({ start, end: start + size });
  }

  /** The lowest free page-aligned room of `size` bytes. Throws a LoadError when RAM is too small. */
  place(what: string, size: number): number {
    const found = this.lowest(LOWEST, LOW_END, size) ?? this.lowest(0x10_0000, this.memoryBytes, size);
    if (found === undefined)
      throw new LoadError(`There is no room for ${what} (${size} bytes) beside the image in RAM.`);
    this.reserve(found, size);
    return found;
  }

  /** The room of `size` bytes that ends at the highest free page boundary not above `top`. */
  placeBelow(what: string, top: number, size: number): number {
    for (let start = top - size; start >= LOWEST; start -= PAGE) {
      if (this.isFree(start, size)) {
        this.reserve(start, size);
        return start;
      }
    }
    return this.place(what, size);
  }

  private lowest(from: number, to: number, size: number): number | undefined {
    let start = from;
    while (start + size <= to) {
      const obstacle = this.taken.find((range) => range.start < start + size && range.end > start);
      if (obstacle === undefined) return start;
      start = Math.ceil(obstacle.end / PAGE) * PAGE;
    }
    return undefined;
  }

  private isFree(start: number, size: number): boolean {
    return !this.taken.some((range) => range.start < start + size && range.end > start);
  }
}
