import type { Core } from '../cpu/engine/core.ts';
import { ENGINE, get64 } from '../cpu/state.ts';
import { add, and, eqz, extendU, gtU, i32, i64, load8U, load64, shl, shrU, sub, wrap } from '../wasm/expressions.ts';
import { CODE_LINES_BASE, PAGE_FLAGS_BASE, PAGE_HAS_CODE, PAGE_UNSAVED, RAM_BASE } from './map.ts';

/** The host-physical write path: every writer of RAM comes through `prepareWrite`. */
export function definePhysical(core: Core): void {
  const m = core.module;

  m.define(core.prepareWrite, (f) => {
    const address = f.parameter<'i32'>(0);
    const size = f.parameter<'i32'>(1);
    const page = f.let(shrU(address, i32(12)));
    const flags = f.let(load8U(page, PAGE_FLAGS_BASE));
    f.if(eqz(flags), () => f.return());
    f.if(and(flags, i32(PAGE_UNSAVED)), () => f.run(core.imports.savePage, address));
    f.if(and(flags, i32(PAGE_HAS_CODE)), () => {
      const first = f.let(shrU(and(address, i32(0xfff)), i32(6)));
      const last = f.let(shrU(and(sub(add(address, size), i32(1)), i32(0xfff)), i32(6)));
      const lines = f.let(load64(shl(page, i32(3)), CODE_LINES_BASE));
      f.if(
        wrap(and(shrU(lines, extendU(first)), i64(1))),
        () => f.run(core.imports.codeWritten, address, size),
        () => {
          f.if(gtU(last, first), () => f.run(core.imports.codeWritten, address, size));
        },
      );
    });
  });

  m.define(core.physicalRead64, (f) => {
    const address = f.parameter<'i64'>(0);
    // Where no RAM answers, the bus reads as ones.
    f.if(gtU(add(address, i64(8)), get64(ENGINE.ramSize)), () => f.return(i64(-1)));
    f.return(load64(wrap(address), RAM_BASE));
  });

  m.define(core.physicalWrite64, (f) => {
    const address = f.parameter<'i64'>(0);
    f.if(gtU(add(address, i64(8)), get64(ENGINE.ramSize)), () => f.return());
    f.run(core.prepareWrite, wrap(address), i32(8));
    f.store64(wrap(address), f.parameter<'i64'>(1), RAM_BASE);
  });
}
