import { ACCESS } from '../memory/paging.ts';
import {
  add,
  and,
  eq,
  eqz,
  extendU,
  gtU,
  type I32,
  i32,
  i64,
  load32,
  load64,
  ltU,
  ne,
  or,
  select,
  shl,
  sub,
} from '../wasm/expressions.ts';
import type { Core } from './engine/core.ts';
import { FS, get32, SS, STATE, segment } from './state.ts';

const AR = { WRITABLE: 2, EXPAND_DOWN: 4, CODE: 8, DEFAULT_BIG: 1 << 14, UNUSABLE: 1 << 16 } as const;
const test = (value: I32, bits: number): I32 => ne(and(value, i32(bits)), i32(0));

/**
 * Segmentation of data accesses (SDM Vol. 3A §5.3, §5.5, Vol. 1 §3.3.7). In 64-bit mode only FS and GS have a base
 * and nothing is checked here; otherwise type, usability and limit are, with #GP(0), or #SS(0) for SS.
 */
export function defineSegmentation(core: Core): void {
  core.module.define(core.segmentLinear, (f) => {
    const index = f.parameter<'i32'>(0);
    const offset = f.parameter<'i64'>(1);
    const size = f.parameter<'i32'>(2);
    const access = f.parameter<'i32'>(3);
    const descriptor = f.let(add(i32(segment(0).base.address), shl(index, i32(5))));
    f.if(and(get32(STATE.context), i32(2)), () => {
      f.if(ltU(index, i32(FS)), () => f.return(offset));
      f.return(add(offset, load64(descriptor)));
    });
    const attributes = f.let(load32(descriptor, 12));
    const limit = f.let(extendU(load32(descriptor, 8)));
    const refuse = () => {
      f.run(core.raiseError, select(eq(index, i32(SS)), i32(12), i32(13)), i32(0));
      f.return(i64(-1));
    };
    f.if(test(attributes, AR.UNUSABLE), refuse);
    const code = f.let(test(attributes, AR.CODE));
    const writing = f.let(test(access, ACCESS.WRITE));
    // Data segments: bit 1 is "writable". Code segments: never writable, and bit 1 is "readable".
    f.if(and(writing, or(code, eqz(test(attributes, AR.WRITABLE)))), refuse);
    f.if(and(eqz(writing), and(code, eqz(test(attributes, AR.WRITABLE)))), refuse);
    const last = f.let(add(offset, extendU(sub(size, i32(1)))));
    f.if(
      and(eqz(code), test(attributes, AR.EXPAND_DOWN)),
      () => {
        const top = select(test(attributes, AR.DEFAULT_BIG), i64(0xffff_ffff), i64(0xffff));
        f.if(or(or(gtU(last, top), eq(offset, limit)), ltU(offset, limit)), refuse);
      },
      () => f.if(gtU(last, limit), refuse),
    );
    f.return(and(add(offset, load64(descriptor)), i64(0xffff_ffff)));
  });
}
