import type { DecodedInstruction } from '../decode/decoded.ts';
import { codeBitsOf } from '../decode/decoder.ts';
import type { InstructionFetch } from '../instructionFetch.ts';
import { ENGINE, STATE, type StateView } from '../state.ts';
import type { BlockCache } from './blockCache.ts';
import type { StepExports } from './exports.ts';
import { STATUS } from './record.ts';

/** More than a block takes, so that its budget never ends inside. */
const SPARE_BUDGET = 0x10000;

/** Runs the straight line of instructions at RIP through the block compiler. */
export class BlockRunner {
  /** Of block modules. */
  readonly imports: WebAssembly.Imports;
  private readonly state: StateView;
  private readonly exports: StepExports;
  private readonly fetch: InstructionFetch;

  constructor(state: StateView, exports: StepExports, fetch: InstructionFetch, imports: WebAssembly.Imports) {
    this.state = state;
    this.exports = exports;
    this.fetch = fetch;
    this.imports = imports;
  }

  /**
   * At most `limit` instructions, all on one page. A fault is left pending, as a slice leaves it. Undefined when the first
   * instruction is one that only the step tier has.
   */
  run(limit: number, compiled: BlockCache): { readonly steps: number; readonly faulted: boolean } | undefined {
    const { state, exports } = this;
    const address = exports.fetch();
    if (address < 0 && address > -3) return { steps: 0, faulted: false };
    const offset = address & 0xfff;
    const context = state.get32(STATE.context);
    const block = compiled.get(this.fetch.straightLine(address >>> 0, context, limit), this.imports);
    if (!block) return undefined;
    const low = state.low(STATE.rip) - offset;
    state.setHalves(ENGINE.ripBase, low, state.high(STATE.rip) - (low < 0 ? 1 : 0));
    state.set32(ENGINE.record, 0);
    const budget = block.length + SPARE_BUDGET;
    const status = block.run(budget);
    const exit = block.exits[state.get32(ENGINE.blockExit)]!;
    if (exit.offset >= 0) {
      const next = state.low(ENGINE.ripBase) + exit.offset;
      const high = state.high(ENGINE.ripBase) + (next > 0xffffffff ? 1 : 0);
      state.setHalves(STATE.rip, next, codeBitsOf(context) === 64 ? high : 0);
    }
    // Without an event: in front of an x87 instruction that waits for an exception's handler.
    const faulted = status === STATUS.FAULT && state.get32(STATE.eventPending) !== 0;
    return { steps: budget - state.get32(ENGINE.budget) + exit.retired, faulted };
  }

  lineAtRip(limit: number): DecodedInstruction[] {
    const address = this.exports.fetch();
    if (address === -1 || address === -2) return [];
    return this.fetch.straightLine(address >>> 0, this.state.get32(STATE.context), limit);
  }
}
