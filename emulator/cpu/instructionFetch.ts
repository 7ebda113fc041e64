import type { HostMemory } from '../memory/hostMemory.ts';
import { RAM_BASE } from '../memory/map.ts';
import { ACCESS } from '../memory/paging.ts';
import { pagingMode } from '../memory/pagingModes.ts';
import type { DecodedInstruction } from './decode/decoded.ts';
import { codeBitsOf, type InstructionDecoder } from './decode/decoder.ts';
import { compilable, endsBlock } from './engine/blockCompiler.ts';
import type { CodeCache } from './engine/codeCache.ts';
import { type CodeWindow, codeWindow, WHOLE_PAGE } from './engine/codeWindow.ts';
import type { StepExports } from './engine/exports.ts';
import { RECORD } from './engine/record.ts';
import { raiseError } from './eventDelivery.ts';
import { CS, ENGINE, STATE, type StateView, segment } from './state.ts';

/** From RIP to decoded code: fetches, decodes, and keeps what it decoded in the code cache. */
export class InstructionFetch {
  private readonly state: StateView;
  private readonly exports: StepExports;
  private readonly memory: HostMemory;
  private readonly decoder: InstructionDecoder;
  private readonly code: CodeCache;
  private refusal: string | undefined;

  constructor(
    state: StateView,
    exports: StepExports,
    memory: HostMemory,
    decoder: InstructionDecoder,
    code: CodeCache,
  ) {
    this.state = state;
    this.exports = exports;
    this.memory = memory;
    this.decoder = decoder;
    this.code = code;
  }

  private linearRip(): bigint {
    const { state } = this;
    const bits = codeBitsOf(state.get32(STATE.context)) === 64 ? 64 : 32;
    return BigInt.asUintN(bits, state.get64(STATE.rip) + state.get64(segment(CS).base));
  }

  private takeRefusal(): string | undefined {
    const refusal = this.refusal;
    this.refusal = undefined;
    return refusal;
  }

  /** Finds or makes the record for STATE.rip. A fault of the fetch is left pending; a sentence says what cannot be executed. */
  resolve(): string | undefined {
    const { state, exports } = this;
    if (!this.window()) {
      raiseError(state, 13, 0);
      return undefined;
    }
    const address = exports.fetch();
    if (address === -1) return undefined;
    if (address === -2) {
      return `The guest executes from physical memory outside RAM (linear address 0x${this.linearRip().toString(16)}).`;
    }
    const physical = address >>> 0;
    const context = state.get32(STATE.context);
    const window = this.window()!;
    let record = this.code.find(physical, context, window);
    let cached = true;
    record ??= this.code.addRun(physical, context, window, (offset) =>
      this.decodeInWindow(physical & ~0xfff, offset, context, window),
    );
    if (record === undefined) {
      record = this.single(physical, context, window);
      if (record === undefined) return this.takeRefusal();
      cached = false;
    }
    const offset = physical & 0xfff;
    const low = state.low(STATE.rip) - offset;
    state.setHalves(ENGINE.ripBase, low, state.high(STATE.rip) - (low < 0 ? 1 : 0));
    state.set32(ENGINE.record, record);
    const from = state.get32(ENGINE.linkFrom);
    state.set32(ENGINE.linkFrom, 0);
    // The jump cache holds only what the architectural TLB holds: a jump through it must be one that would hit there.
    if (cached && this.exports.fetchCached()) {
      if (window === WHOLE_PAGE && codeBitsOf(context) === 64) this.code.index(physical, context, record);
      this.code.rememberJump(state.low(STATE.rip), state.high(STATE.rip), record);
    }
    if (cached && from !== 0) state.view.setInt32(from + RECORD.link, record, true);
    return undefined;
  }

  /** The instruction at RIP, fetched and decoded but not run; undefined with the fetch's fault recorded or a refusal. */
  peek(): DecodedInstruction | undefined {
    if (!this.window()) {
      raiseError(this.state, 13, 0);
      return undefined;
    }
    const address = this.exports.fetch();
    if (address === -1) return undefined;
    if (address === -2) return undefined;
    return this.acrossPages(address >>> 0, this.state.get32(STATE.context));
  }

  /**
   * Where instructions on RIP's page may lie. Undefined when RIP is beyond the limit of CS. (The page offset of a linear
   * address is that of its translation.)
   */
  private window(): CodeWindow | undefined {
    const { state } = this;
    const bits = codeBitsOf(state.get32(STATE.context));
    if (bits === 64) return WHOLE_PAGE;
    const rip = state.low(STATE.rip);
    const offset = (rip + state.low(segment(CS).base)) & 0xfff;
    return codeWindow(bits, state.get32(segment(CS).limit) >>> 0, rip, offset);
  }

  /** The instructions from a host-physical address on that a block can hold, at most `limit`. */
  straightLine(physical: number, context: number, limit: number): DecodedInstruction[] {
    const line: DecodedInstruction[] = [];
    let offset = physical & 0xfff;
    const window = this.window();
    while (window && line.length < limit && offset <= window.last) {
      const next =
        this.decodeInWindow(physical & ~0xfff, offset, context, window) ??
        (line.length === 0 ? this.acrossPages(physical, context) : undefined);
      if (!next || !compilable(next)) break;
      line.push(next);
      offset += next.length;
      if (endsBlock(next)) break;
    }
    return line;
  }

  private decodeInWindow(
    page: number,
    offset: number,
    context: number,
    window: CodeWindow,
  ): DecodedInstruction | undefined {
    const start = RAM_BASE + (page >>> 0) + offset;
    const length = Math.min(15, window.last + 1 - offset);
    return this.decoder.decode(this.memory.bytes.subarray(start, start + length), offset, context);
  }

  /**
   * Decodes the instruction at RIP with what it needs of the next page, as far as the limit of CS allows. Undefined with
   * the fault recorded.
   */
  private acrossPages(physical: number, context: number): DecodedInstruction | undefined {
    const { state } = this;
    const offset = physical & 0xfff;
    const allowed = this.bytesUnderLimit(context);
    const bytes = new Uint8Array(15);
    const onPage = Math.min(15, 0x1000 - offset);
    bytes.set(this.memory.bytes.subarray(RAM_BASE + physical, RAM_BASE + physical + onPage));
    const whole = this.decoder.decode(bytes.subarray(0, Math.min(onPage, allowed)), offset, context);
    if (whole) return whole;
    if (allowed <= onPage) {
      raiseError(state, 13, 0);
      return undefined;
    }
    const next = this.linearRip() + BigInt(onPage);
    const half = pagingMode(state)?.linearBits === 57 ? 1n << 56n : 1n << 47n;
    if (codeBitsOf(context) === 64 && next === half) {
      raiseError(state, 13, 0);
      return undefined;
    }
    state.set64(ENGINE.scratch0, codeBitsOf(context) === 64 ? next : BigInt.asUintN(32, next));
    const second = this.exports.hostTranslate(ACCESS.FETCH);
    if (state.get32(STATE.eventPending)) return undefined;
    if (second === -2) {
      this.refusal = 'The guest executes an instruction that reaches into physical memory outside RAM.';
      return undefined;
    }
    const from = RAM_BASE + (second >>> 0);
    bytes.set(this.memory.bytes.subarray(from, from + 15 - onPage), onPage);
    const decoded = this.decoder.decode(bytes.subarray(0, allowed), offset, context);
    if (!decoded) raiseError(state, 13, 0);
    return decoded;
  }

  /** How many of an instruction's 15 bytes lie under the limit of CS. */
  private bytesUnderLimit(context: number): number {
    if (codeBitsOf(context) === 64) return 15;
    return Math.min(15, (this.state.get32(segment(CS).limit) >>> 0) - this.state.low(STATE.rip) + 1);
  }

  /** An instruction that reaches out of its window: decoded each time it runs. */
  private single(physical: number, context: number, window: CodeWindow): number | undefined {
    const decoded = this.acrossPages(physical, context);
    if (!decoded) return undefined;
    if (this.singleRecord !== 0) this.code.dropSingle(this.singleRecord);
    this.singleRecord = this.code.addSingle(decoded, physical >>> 12, context, window);
    return this.singleRecord;
  }
  private singleRecord = 0;

  /** Whether a record is decoded each time it runs. */
  isSingle(record: number): boolean {
    return record !== 0 && record === this.singleRecord;
  }
}
