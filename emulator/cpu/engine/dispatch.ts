import { CODE_INDEX_BASE, CODE_INDEX_ENTRIES, JUMP_CACHE_BASE, JUMP_CACHE_ENTRIES } from '../../memory/map.ts';
import {
  add,
  and,
  eq,
  eqz,
  extendU,
  type I32,
  type I64,
  i32,
  i64,
  load8U,
  load16U,
  load32,
  load64,
  ltU,
  or,
  shl,
  shrU,
  sub,
  wrap,
  xor,
} from '../../wasm/expressions.ts';
import type { FunctionBuilder, Local } from '../../wasm/functionBuilder.ts';
import type { FunctionReference } from '../../wasm/moduleBuilder.ts';
import { RF } from '../flags.ts';
import { CS, ENGINE, get32, get64, put32, put64, STATE, segment } from '../state.ts';
import type { Core } from './core.ts';
import { LENGTHY, RECORD, STATUS } from './record.ts';

/** Index of a linear address's entry in the jump cache; `CodeCache.rememberJump` computes the same. */
const jumpIndex = (linear: I64): I32 => and(wrap(xor(linear, shrU(linear, i64(13)))), i32(JUMP_CACHE_ENTRIES - 1));

/** How many handlers `definePseudoHandlers` defines. */
const PSEUDO_HANDLERS = 3;

/** Runs the record's handler in this function's place. */
export function dispatch(f: FunctionBuilder, core: Core, record: I32, budget: I32): void {
  f.returnCallIndirect(core.handlerType, load32(record, RECORD.handler), record, budget);
}

export function defineDispatch(core: Core, cached: FunctionReference<'i32'>): void {
  const m = core.module;

  type Go = (f: FunctionBuilder, record: Local<'i32'>, budget: I32) => void;

  const goOn = (f: FunctionBuilder, record: Local<'i32'>, rip: I64, budget: I32, go: Go) => {
    put64(f, ENGINE.ripBase, sub(rip, extendU(load16U(record, RECORD.offset))));
    const from = f.let(get32(ENGINE.linkFrom));
    f.if(from, () => {
      f.store32(from, record, RECORD.link);
      put32(f, ENGINE.linkFrom, i32(0));
    });
    go(f, record, budget);
  };

  /**
   * What the run loop would do for 64-bit code that is decoded already: fetches, and finds the record by host-physical
   * address and context. Comes back when there is none, or when the fetch faults (the run loop will fetch again).
   */
  const findByAddress = (f: FunctionBuilder, rip: Local<'i64'>, jump: Local<'i32'>, budget: I32, go: Go) => {
    const context = get32(STATE.context);
    f.if(and(shrU(and(context, i32(2)), i32(1)), eqz(get32(ENGINE.breakpoints))), () => {
      const physical = f.let(f.call(core.fetch));
      const slot = and(xor(xor(physical, shrU(physical, i32(13))), shl(context, i32(6))), i32(CODE_INDEX_ENTRIES - 1));
      const entry = f.let(add(shl(slot, i32(4)), i32(CODE_INDEX_BASE)));
      f.if(and(eq(load32(entry), physical), eq(load32(entry, 4), context)), () => {
        const record = f.let(load32(entry, 8));
        // The jump cache holds only what the architectural TLB holds for fetches.
        f.if(f.call(cached), () => {
          f.store64(jump, rip);
          f.store32(jump, record, 8);
          f.store32(jump, get32(ENGINE.jumpKey), 12);
        });
        goOn(f, record, rip, budget, go);
      });
    });
  };

  /** Finds the record for STATE.rip, then does `go` with it. */
  const find = (f: FunctionBuilder, go: Go) => {
    const budget = f.parameter<'i32'>(0);
    const rip = f.let(get64(STATE.rip));
    const base = f.let(get64(segment(CS).base));
    const linear = f.let(add(rip, base));
    const entry = f.let(add(shl(jumpIndex(linear), i32(4)), i32(JUMP_CACHE_BASE)));
    f.if(
      // Outside 64-bit code RIP and base have 32 bits each; in 64-bit code the base is 0.
      and(eq(load64(entry), add(rip, shl(base, i64(32)))), eq(load32(entry, 12), get32(ENGINE.jumpKey))),
      () => {
        const record = f.let(load32(entry, 8));
        put32(f, STATE.fetchPage, load32(record, RECORD.page));
        put64(f, STATE.fetchLinear, and(linear, i64(-4096)));
        goOn(f, record, rip, budget, go);
      },
      () => {
        findByAddress(f, rip, entry, budget, go);
        put32(f, ENGINE.record, i32(0));
        put32(f, ENGINE.budget, budget);
        f.return(i32(STATUS.LOOKUP));
      },
    );
    f.unreachable();
  };

  m.define(core.lookup, (f) => find(f, (_f, record, budget) => dispatch(f, core, record, budget)));

  // RF ends as the next instruction begins. Where that is not the end of the matter, the run loop takes it alone.
  m.define(core.resume, (f) => {
    put32(f, ENGINE.resumedAt, f.parameter<'i32'>(0));
    put32(f, STATE.rflags, and(get32(STATE.rflags), i32(~RF)));
    find(f, (_f, record, budget) => {
      const lengthy = and(load8U(record, RECORD.flags), i32(LENGTHY));
      // Behind a record that only leads elsewhere there may be any instruction.
      f.if(or(lengthy, ltU(load32(record, RECORD.handler), i32(PSEUDO_HANDLERS))), () => {
        put32(f, ENGINE.record, i32(0));
        put32(f, ENGINE.budget, budget);
        f.return(i32(STATUS.LEAVE));
      });
      dispatch(f, core, record, budget);
    });
  });

  const run = m.declare('run', ['i32'], ['i32']);
  m.define(run, (f) => {
    const budget = f.parameter<'i32'>(0);
    const record = f.let(get32(ENGINE.record));
    f.if(record, () => dispatch(f, core, record, budget));
    f.returnCall(core.lookup, budget);
  });
  m.export(run);
}

/** Handlers that are no instruction: they take no step. They are the first ones of the table. */
export function definePseudoHandlers(core: Core): Record<'lookupNext' | 'goTo' | 'breakpoint', number> {
  const m = core.module;
  const handler = (name: string, body: (f: FunctionBuilder, record: Local<'i32'>, budget: Local<'i32'>) => void) => {
    const reference = m.declare(name, ['i32', 'i32'], ['i32']);
    m.define(reference, (f) => body(f, f.parameter(0), f.parameter(1)));
    return m.addToTable(reference);
  };
  return {
    /** Looks up the address that the record stands for: ends of runs, and records whose code is gone. */
    lookupNext: handler('lookupNext', (f, record, budget) => {
      const rip = f.let(add(get64(ENGINE.ripBase), extendU(load16U(record, RECORD.offset))));
      f.if(eqz(and(get32(STATE.context), i32(2))), () => f.set(rip, and(rip, i64(0xffff_ffff))));
      put64(f, STATE.rip, rip);
      put32(f, ENGINE.linkFrom, i32(0));
      f.returnCall(core.lookup, budget);
    }),
    /** Continues in a run that was decoded before. */
    goTo: handler('goTo', (f, record, budget) => dispatch(f, core, f.let(load32(record, RECORD.link)), budget)),
    breakpoint: handler('breakpoint', (f, record, budget) => {
      put32(f, ENGINE.record, record);
      put32(f, ENGINE.budget, budget);
      f.return(i32(STATUS.BREAKPOINT));
    }),
  };
}
