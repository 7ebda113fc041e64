/**
 * Where things lie in the one WebAssembly memory of a machine. Everything below `RAM_BASE` has a fixed place, so that
 * generated code addresses it with constants; guest RAM follows. Untouched pages cost nothing: the areas that scale
 * with RAM are sized for the largest guest.
 */

/** Processor state of the vCPU that runs (`cpu/state.ts`). */
export const STATE_BASE = 0x1000;
export const STATE_SIZE = 0x1000;

/**
 * Bounce buffers for accesses that no single host address can serve (page splits, MMIO): 64 bytes of data, then where a
 * write must go (physical address of each part, sizes).
 */
export const BOUNCE_BASE = 0x2000;
export const BOUNCE_SLOT = 128;
export const BOUNCE_SLOTS = 8;

/** Per-run engine variables that are not part of the machine's state (`cpu/state.ts`, ENGINE). */
export const ENGINE_BASE = 0x2800;

/**
 * How many events were delivered: exceptions by vector, then interrupts and INT n by vector; 64 bits each
 * (`cpu/deliveries.ts`).
 */
export const DELIVERIES_BASE = 0x3000;
export const DELIVERIES_SIZE = (32 + 256) * 8;

/** Architectural TLB (`memory/architecturalTlb.ts`): part of the machine's state. */
export const ARCH_TLB_BASE = 0x4000;
export const ARCH_TLB_SIZE = 0xc000;

/**
 * Fast TLBs: one read and one write table per access class. An entry is 16 bytes: linear page (i64), then the addend
 * (i32) that turns the low half of a linear address into a host address. An empty entry holds a tag that no page has.
 */
export const FAST_TLB_BASE = 0x10000;
export const FAST_TLB_ENTRIES = 512;
export const FAST_TLB_TABLE = FAST_TLB_ENTRIES * 16;
/** Access classes, in table order; each has a read table and then a write table. */
export const ACCESS_CLASSES = ['supervisor', 'supervisorAc', 'user', 'supervisorShadow', 'userShadow'] as const;
export const FAST_TLB_SIZE = FAST_TLB_TABLE * 2 * ACCESS_CLASSES.length;
/** A table that stays empty: what is current while alignment is checked, so that every access is looked at. */
export const EMPTY_TABLE = FAST_TLB_BASE + FAST_TLB_SIZE;
/**
 * Addresses of the fast-TLB entries filled since they were all empty: a count (one more than there are; 0: too many to
 * know), then the addresses.
 */
export const FAST_TLB_JOURNAL = 0x28000;
export const FAST_TLB_JOURNAL_ENTRIES = 1024;
export const fastTable = (accessClass: number, write: boolean): number =>
  FAST_TLB_BASE + (accessClass * 2 + (write ? 1 : 0)) * FAST_TLB_TABLE;

/** Jump cache: from RIP, CS base and context key to a record. 16 bytes: RIP + base << 32 (i64), record (i32), key (i32). */
export const JUMP_CACHE_BASE = 0x40000;
export const JUMP_CACHE_ENTRIES = 8192;

/** From host-physical address and context to a record: 16 bytes: address, context, record (i32 each). 64-bit code only. */
export const CODE_INDEX_BASE = 0x60000;
export const CODE_INDEX_ENTRIES = 8192;

/** Per host page: why a store to it must take the slow path (`PAGE_*` bits). One byte a page. */
export const PAGE_FLAGS_BASE = 0x100000;
export const PAGE_HAS_CODE = 1;
export const PAGE_UNSAVED = 2;

/** Per host page: a bit for each 64-byte line that decoded code came from (i64 a page). */
export const CODE_LINES_BASE = 0x200000;

/** Decoded records (`cpu/engine/record.ts`). */
export const RECORDS_BASE = 0xa00000;
export const RECORDS_SIZE = 0x1600000;

/** Guest RAM, host-physical address 0. */
export const RAM_BASE = 0x2000000;
/** Guest RAM may reach up to the 32-bit hole for devices. */
export const MAX_RAM = 0xe0000000;
export const WASM_PAGE = 0x10000;
