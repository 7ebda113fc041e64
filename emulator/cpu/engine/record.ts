/**
 * A decoded instruction in memory: 64 bytes, in runs of consecutive instructions of one page. `handler` is an index
 * into the step module's table; a record that must not run any more gets the index of `relookup` there, which is how
 * self-modifying code and breakpoints reach code that is already linked.
 */
export const RECORD_SIZE = 64;
export const RECORD = {
  handler: 0,
  /** Offset of the instruction in its page (u16); 4096 for a terminator at the end of a page. */
  offset: 4,
  length: 6,
  /** Bit 0: the memory operand's segment is SS, so that a non-canonical address is #SS. Bit 1: `LENGTHY`. */
  flags: 7,
  /** Address of the register that each operand names. */
  operand0: 8,
  operand1: 12,
  operand2: 16,
  base: 20,
  index: 24,
  scale: 28,
  /** Address size in bits (16, 32, 64), then segment number: for the general form of memory operands. */
  addressBits: 29,
  segment: 30,
  /** Legacy prefixes that matter to a handler (`PREFIX_*`). */
  prefixes: 31,
  displacement: 32,
  immediate: 40,
  /** Record of the branch target on the same page, once known. */
  link: 48,
  /** Host-physical page number that the record was decoded from. */
  page: 52,
  /** For instructions in TypeScript: which one. Otherwise free for the handler. */
  auxiliary: 56,
  immediate2: 60,
} as const;

/** In `RECORD.flags`: the instruction may take several steps, or is one in TypeScript. */
export const LENGTHY = 2;

/** What a handler, or the run function, returns. */
export const STATUS = {
  /** The step budget is used up. */
  BUDGET: 0,
  /** An event is in STATE.event*; RIP is at the instruction. */
  FAULT: 1,
  /** RIP is set and no record is known for it. */
  LOOKUP: 2,
  /** The instruction is done; the run loop has something to look at. */
  LEAVE: 3,
  /** A debugger's breakpoint: nothing of the instruction has happened. */
  BREAKPOINT: 4,
  /** The guest needs something absent; the sentence is at hand in TypeScript. */
  UNSUPPORTED: 5,
  /** From instructions in TypeScript only: RIP is set, and the run loop has something to look at there. */
  LEAVE_TO: 6,
} as const;
