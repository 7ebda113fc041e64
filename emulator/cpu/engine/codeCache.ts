import {
  CODE_INDEX_BASE,
  CODE_INDEX_ENTRIES,
  CODE_LINES_BASE,
  JUMP_CACHE_BASE,
  JUMP_CACHE_ENTRIES,
  PAGE_FLAGS_BASE,
  PAGE_HAS_CODE,
  RECORDS_BASE,
  RECORDS_SIZE,
} from '../../memory/map.ts';
import { CONTEXT } from '../context.ts';
import type { DecodedInstruction } from '../decode/decoded.ts';
import { isStackSegment } from '../decode/operands.ts';
import { CS, ENGINE, type StateView, segment } from '../state.ts';
import { type CodeWindow, WHOLE_PAGE, windowKey } from './codeWindow.ts';
import { formKey } from './emitter.ts';
import { LENGTHY, RECORD, RECORD_SIZE } from './record.ts';
import type { StepModule } from './stepModule.ts';

/** Longest run of instructions decoded at once. */
const RUN_LIMIT = 64;

interface LiveRecord {
  readonly record: number;
  readonly start: number;
  readonly end: number;
  readonly key: number;
  /** Where `key` is found. */
  readonly keys: Map<number, number>;
}

const codeIndexEntry = (address: number, context: number): number =>
  CODE_INDEX_BASE + ((address ^ (address >>> 13) ^ (context << 6)) & (CODE_INDEX_ENTRIES - 1)) * 16;

/**
 * Decoded records in memory, by host-physical address and translation context. A record whose bytes are overwritten
 * gets the handler `lookupNext`: whoever still links to it ends up in a lookup.
 */
export class CodeCache {
  private readonly view: DataView;
  private readonly bytes: Uint8Array;
  private readonly state: StateView;
  private readonly module: StepModule;
  private readonly flushFast: () => void;
  private next = RECORDS_BASE;
  /** Records of code that may use its whole page, then of every other window. */
  private readonly byKey = new Map<number, number>();
  private readonly byWindow = new Map<number, Map<number, number>>();
  private readonly byPage = new Map<number, LiveRecord[]>();
  /** Decoded form of instructions that TypeScript executes. */
  private readonly decoded = new Map<number, DecodedInstruction>();
  private breakpointOffsets: ReadonlySet<number> = new Set();
  /** Handler that a breakpoint's record would have. */
  private readonly patched = new Map<number, number>();

  constructor(state: StateView, module: StepModule, flushFast: () => void) {
    this.state = state;
    this.view = state.view;
    this.bytes = new Uint8Array(state.view.buffer);
    this.module = module;
    this.flushFast = flushFast;
  }

  private static key(address: number, context: number): number {
    return address * 0x10000 + context;
  }

  private keysOf(window: CodeWindow): Map<number, number> {
    if (window === WHOLE_PAGE) return this.byKey;
    const which = windowKey(window);
    let keys = this.byWindow.get(which);
    if (!keys) {
      keys = new Map();
      this.byWindow.set(which, keys);
    }
    return keys;
  }

  find(address: number, context: number, window: CodeWindow): number | undefined {
    return this.keysOf(window).get(CodeCache.key(address, context));
  }

  decodedAt(record: number): DecodedInstruction {
    const decoded = this.decoded.get(record);
    if (!decoded) throw new Error('record without decoded instruction');
    return decoded;
  }

  /** Forgets all decoded code. No record may be running. */
  clear(): void {
    this.next = RECORDS_BASE;
    this.lastSingle = 0;
    this.byKey.clear();
    this.byWindow.clear();
    this.decoded.clear();
    this.patched.clear();
    for (const page of this.byPage.keys()) this.unmarkPage(page);
    this.byPage.clear();
    this.bytes.fill(0xff, CODE_INDEX_BASE, CODE_INDEX_BASE + CODE_INDEX_ENTRIES * 16);
    this.state.set32(ENGINE.record, 0);
    this.state.set32(ENGINE.linkFrom, 0);
    this.newGeneration();
  }

  /** Lets generated code find the record of 64-bit code at a host-physical address (`engine/dispatch.ts`). */
  index(address: number, context: number, record: number): void {
    const entry = codeIndexEntry(address, context);
    this.view.setUint32(entry, address, true);
    this.view.setInt32(entry + 4, context, true);
    this.view.setInt32(entry + 8, record, true);
  }

  private unindex(record: number, address: number, context: number): void {
    const entry = codeIndexEntry(address, context);
    if (this.view.getInt32(entry + 8, true) === record) this.view.setInt32(entry + 4, -1, true);
  }

  /** Makes every jump-cache entry stale. */
  newGeneration(): void {
    let generation = (this.state.get32(ENGINE.generation) + 1) & 0x7fff;
    if (generation === 0) {
      this.bytes.fill(0xff, JUMP_CACHE_BASE, JUMP_CACHE_BASE + JUMP_CACHE_ENTRIES * 16);
      generation = 1;
    }
    this.state.set32(ENGINE.generation, generation);
    const context = this.state.get32(ENGINE.jumpKey) & 0x8000ffff;
    this.state.set32(ENGINE.jumpKey, context | (generation << 16));
  }

  /** Remembers that RIP (two halves) leads to `record` in the current code segment, context and generation. */
  rememberJump(ripLow: number, ripHigh: number, record: number): void {
    const base = this.state.low(segment(CS).base);
    // The same function of linear address, RIP and base as in `engine/dispatch.ts`.
    const low = ripLow + base;
    const high = ripHigh + (low > 0xffffffff ? 1 : 0);
    // Code segments that wrap around at 4 GiB are looked up anew each time.
    if (base !== 0 && high !== 0) return;
    const index = (low ^ ((low >>> 13) | (high << 19))) & (JUMP_CACHE_ENTRIES - 1);
    const entry = JUMP_CACHE_BASE + index * 16;
    this.view.setUint32(entry, ripLow, true);
    this.view.setUint32(entry + 4, (ripHigh + base) >>> 0, true);
    this.view.setUint32(entry + 8, record, true);
    this.view.setInt32(entry + 12, this.state.get32(ENGINE.jumpKey), true);
  }

  /**
   * Writes a run of records for consecutive instructions from `address` on, until control leaves, a known record
   * follows, or the window ends. Returns the first record; undefined when the first instruction does not fit.
   */
  addRun(
    address: number,
    context: number,
    window: CodeWindow,
    decode: (offset: number) => DecodedInstruction | undefined,
  ): number | undefined {
    if (this.next + (RUN_LIMIT + 2) * RECORD_SIZE > RECORDS_BASE + RECORDS_SIZE) this.clear();
    const pageAddress = address & ~0xfff;
    let offset = address & 0xfff;
    const first = this.next;
    for (let count = 0; count < RUN_LIMIT && offset <= window.last; count++) {
      const known = count > 0 ? this.find((pageAddress | offset) >>> 0, context, window) : undefined;
      if (known !== undefined) {
        this.writePseudo('goTo', pageAddress >>> 12, offset, known);
        return first;
      }
      const decoded = decode(offset);
      if (!decoded) break;
      this.add(decoded, pageAddress, context, window);
      offset += decoded.length;
      if (decoded.ends) break;
    }
    if (this.next === first) return undefined;
    this.writePseudo('lookupNext', pageAddress >>> 12, offset, 0);
    return first;
  }

  /** A record of its own for an instruction that reaches into the next page, or must be decoded each time. */
  addSingle(decoded: DecodedInstruction, page: number, context: number, window: CodeWindow): number {
    if (this.next + 4 * RECORD_SIZE > RECORDS_BASE + RECORDS_SIZE) this.clear();
    const record = this.next;
    this.write(decoded, page, context, window);
    this.writePseudo('lookupNext', page, decoded.offset + decoded.length, 0);
    if (this.breakpointOffsets.has(decoded.offset)) this.patch(record);
    this.lastSingle = record;
    return record;
  }
  private lastSingle = 0;

  /** Gives back the room of the record that `addSingle` made last. */
  dropSingle(record: number): void {
    // All records may have been forgotten since, and the place be another's.
    if (record !== this.lastSingle) return;
    this.lastSingle = 0;
    this.decoded.delete(record);
    this.patched.delete(record);
    if (this.next === record + 2 * RECORD_SIZE) this.next = record;
  }

  private writePseudo(kind: 'lookupNext' | 'goTo', page: number, offset: number, link: number): void {
    const record = this.take();
    this.view.setInt32(record + RECORD.handler, this.module.pseudo[kind], true);
    this.view.setUint16(record + RECORD.offset, offset, true);
    this.view.setInt32(record + RECORD.link, link, true);
    this.view.setInt32(record + RECORD.page, page, true);
  }

  private take(): number {
    const record = this.next;
    this.next += RECORD_SIZE;
    this.bytes.fill(0, record, record + RECORD_SIZE);
    return record;
  }

  private add(decoded: DecodedInstruction, pageAddress: number, context: number, window: CodeWindow): void {
    const page = pageAddress >>> 12;
    const key = CodeCache.key((pageAddress | decoded.offset) >>> 0, context);
    const record = this.write(decoded, page, context, window);
    const keys = this.keysOf(window);
    keys.set(key, record);
    const live = { record, start: decoded.offset, end: decoded.offset + decoded.length, key, keys };
    const list = this.byPage.get(page);
    if (list) list.push(live);
    else {
      this.byPage.set(page, [live]);
      this.markPage(page);
    }
    this.markLines(page, live);
    if (this.breakpointOffsets.has(decoded.offset)) this.patch(record);
  }

  private write(decoded: DecodedInstruction, page: number, context: number, window: CodeWindow): number {
    const { view } = this;
    const record = this.take();
    const handler = this.module.handlers.get(formKey(decoded.form));
    if (handler === undefined) throw new Error(`no handler for ${formKey(decoded.form)}`);
    view.setInt32(record + RECORD.handler, handler, true);
    view.setUint16(record + RECORD.offset, decoded.offset, true);
    view.setUint8(record + RECORD.length, decoded.length);
    const lengthy = /^(rep|host)/.test(decoded.form.name) ? LENGTHY : 0;
    view.setUint8(record + RECORD.flags, (isStackSegment(decoded.memory) ? 1 : 0) | lengthy);
    decoded.registers.slice(0, 3).forEach((register, i) => {
      view.setInt32(record + RECORD.operand0 + i * 4, register, true);
    });
    const memory = decoded.memory;
    if (memory) {
      view.setInt32(record + RECORD.base, memory.base, true);
      view.setInt32(record + RECORD.index, memory.index, true);
      view.setUint8(record + RECORD.scale, memory.scale);
      view.setInt32(record + RECORD.displacement, memory.displacementLow, true);
      view.setInt32(record + RECORD.displacement + 4, memory.displacementHigh, true);
    }
    view.setUint8(record + RECORD.segment, memory?.segment ?? decoded.segment);
    view.setUint8(record + RECORD.addressBits, memory?.addressBits ?? decoded.addressBits);
    view.setUint8(record + RECORD.prefixes, decoded.prefixes);
    view.setInt32(record + RECORD.immediate, decoded.immediateLow, true);
    view.setInt32(record + RECORD.immediate + 4, decoded.immediateHigh, true);
    view.setInt32(record + RECORD.immediate2, decoded.immediate2, true);
    view.setInt32(record + RECORD.page, page, true);
    view.setInt32(record + RECORD.auxiliary, decoded.host, true);
    // A branch within its window may be linked: 1 says "not yet". One of 16 bits leaves it unless RIP has 16 bits.
    const target = decoded.immediateLow >>> 0;
    if (
      decoded.form.shape === 'j' &&
      (decoded.form.size !== 16 || ((context & CONTEXT.CODE) === 0 && !window.beyond)) &&
      decoded.immediateHigh === 0 &&
      target >= window.first &&
      target <= window.last
    ) {
      view.setInt32(record + RECORD.link, 1, true);
    }
    if (decoded.form.name === 'host') this.decoded.set(record, decoded);
    return record;
  }

  private markPage(page: number): void {
    const flags = this.bytes[PAGE_FLAGS_BASE + page]!;
    this.bytes[PAGE_FLAGS_BASE + page] = flags | PAGE_HAS_CODE;
    // Stores to this page must not go through the fast TLB any more.
    if (flags === 0) this.flushFast();
  }

  private unmarkPage(page: number): void {
    this.bytes[PAGE_FLAGS_BASE + page] = this.bytes[PAGE_FLAGS_BASE + page]! & ~PAGE_HAS_CODE;
    this.view.setBigUint64(CODE_LINES_BASE + page * 8, 0n, true);
  }

  private markLines(page: number, live: LiveRecord): void {
    for (let line = live.start >>> 6; line <= (live.end - 1) >>> 6 && line < 64; line++) {
      const at = CODE_LINES_BASE + page * 8 + (line >>> 5) * 4;
      this.view.setUint32(at, this.view.getUint32(at, true) | (1 << (line & 31)), true);
    }
  }

  /** Drops decoded code that overlaps `size` bytes at a host-physical address, within one page. */
  invalidate(address: number, size: number): void {
    const page = address >>> 12;
    const list = this.byPage.get(page);
    if (!list) return;
    const start = address & 0xfff;
    const end = start + size;
    const kept = list.filter((live) => {
      if (live.end <= start || live.start >= end) return true;
      this.view.setInt32(live.record + RECORD.handler, this.module.pseudo.lookupNext, true);
      this.patched.delete(live.record);
      this.unindex(live.record, (page * 0x1000 + live.start) >>> 0, live.key % 0x10000);
      if (live.keys.get(live.key) === live.record) live.keys.delete(live.key);
      return false;
    });
    if (kept.length === list.length) return;
    this.newGeneration();
    if (kept.length === 0) {
      this.byPage.delete(page);
      this.unmarkPage(page);
    } else {
      this.byPage.set(page, kept);
      this.view.setBigUint64(CODE_LINES_BASE + page * 8, 0n, true);
      for (const live of kept) this.markLines(page, live);
    }
  }

  private patch(record: number): void {
    this.patched.set(record, this.view.getInt32(record + RECORD.handler, true));
    this.view.setInt32(record + RECORD.handler, this.module.pseudo.breakpoint, true);
  }

  /** Page offsets at which a debugger's breakpoint may lie. */
  setBreakpointOffsets(offsets: ReadonlySet<number>): void {
    for (const [record, handler] of this.patched) this.view.setInt32(record + RECORD.handler, handler, true);
    this.patched.clear();
    this.breakpointOffsets = offsets;
    if (offsets.size === 0) return;
    for (const list of this.byPage.values()) {
      for (const live of list) if (offsets.has(live.start)) this.patch(live.record);
    }
  }

  /** Runs `body` with the record's own handler in place. */
  withoutBreakpoint<T>(record: number, body: () => T): T {
    const handler = this.patched.get(record);
    if (handler === undefined) return body();
    this.view.setInt32(record + RECORD.handler, handler, true);
    try {
      return body();
    } finally {
      // The instruction may have overwritten itself.
      if (this.patched.get(record) === handler) {
        this.view.setInt32(record + RECORD.handler, this.module.pseudo.breakpoint, true);
      }
    }
  }
}
