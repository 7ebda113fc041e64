import type { Core } from '../cpu/engine/core.ts';
import { ENGINE, get64, put64 } from '../cpu/state.ts';
import { add, and, gtU, type I32, type I64, i32, i64, wrap } from '../wasm/expressions.ts';
import { type AccessSite, type WritableSite, writableAt } from './access.ts';

/**
 * Locked accesses (SDM Vol. 3A §9.1.2). All of them come through here, once each, when the access itself can no longer fault:
 *
 * - instructions (LOCK forms and XCHG by `Emitter.modifiable`, shadow-stack tokens) by `lockedWritableAt`;
 * - generated system code (accessed bits, tokens) by `SystemFunction.lockedWritable`;
 * - TypeScript (accessed and busy bits, task switches, tokens) by `locked` of `cpu/system/host/context.ts`.
 *
 * Accessed and dirty bits of paging structures are the exception (`pageWalk.ts`, `Walk.writeEntry`): entries are aligned by
 * nature, so that they cannot be split.
 *
 * Where bus locks will be detected: a split, or an effective memory type other than WB (`memoryTypes.ts`, for a linear
 * address that was just accessed `tlbView.ts`) asserts one, which is known in `core.lockedAccess`; for non-WB paging
 * structures, in `Walk.writeEntry`. A split-lock #AC comes before the access: before `writableAt` below, and likewise in
 * the others.
 */
const LINE = 64;

export function defineLockedAccess(core: Core): void {
  core.module.define(core.lockedAccess, (f) => {
    const linear = f.parameter<'i64'>(0);
    const size = f.parameter<'i32'>(1);
    f.if(gtU(add(and(wrap(linear), i32(LINE - 1)), size), i32(LINE)), () => {
      put64(f, ENGINE.lockedSplits, add(get64(ENGINE.lockedSplits), i64(1)));
    });
  });
}

/** `writableAt` for a locked read-modify-write of `size` bytes. */
export function lockedWritableAt(site: AccessSite, linear: I64, size: number, access: I32 | number): WritableSite {
  const address = site.f.let(linear);
  const writable = writableAt(site, address, size, access);
  site.f.run(site.core.lockedAccess, address, i32(size));
  return writable;
}
