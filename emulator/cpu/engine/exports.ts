/** What the step module exports to TypeScript. Addresses travel through ENGINE.scratch0 where they have 64 bits. */
export interface StepExports {
  /** (budget) → STATUS. */
  run(budget: number): number;
  /** → 0, or 1 with a nested fault recorded. */
  deliver64(): number;
  /** → host-physical address of the next instruction byte, -1 with a fault recorded, -2 outside RAM. */
  fetch(): number;
  /** Whether the page of RIP is in the architectural TLB (or paging is off). */
  fetchCached(): number;
  /** Linear address in scratch0 → host address of readable bytes, or 0 with the fault recorded. */
  hostRead(size: number, access: number): number;
  hostWrite(size: number, access: number): number;
  /** (size), linear address in scratch0: a locked access that can no longer fault. */
  hostLocked(size: number): void;
  commitIfBounced(host: number): void;
  /** Linear address in scratch0 → host-physical, -1 with the fault recorded, -2 outside RAM. */
  hostTranslate(access: number): number;
  /** (segment, size, access), offset in scratch0 → 0 and the linear address in scratch0, or 1 with the fault recorded. */
  hostSegment(segment: number, size: number, access: number): number;
  prepareWrite(hostPhysical: number, size: number): void;
  /** `FLUSH` (`memory/architecturalTlb.ts`). */
  tlbFlush(what: number): void;
  /** INVLPG: linear address in scratch0. */
  hostInvalidate(): void;
  /** INVPCID of type 0: linear address in scratch0. */
  hostInvalidatePcid(pcid: number): void;
  tlbFlushPcid(pcid: number): void;
  flushFast(): void;
  updateContext(): void;
}
