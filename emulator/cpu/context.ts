import { newGeneration } from '../memory/architecturalTlb.ts';
import { ACCESS_CLASSES, EMPTY_TABLE, fastTable } from '../memory/map.ts';
import { add, and, eq, eqz, type I32, i32, mul, ne, or, select, shl, shrU, wrap, xor } from '../wasm/expressions.ts';
import type { Core } from './engine/core.ts';
import { CS, ENGINE, get32, get64, put32, SS, STATE, segment } from './state.ts';

/**
 * The translation context: everything that changes how bytes are decoded or which handler they get, in one word. With
 * the host-physical address it is the key of decoded code; it is built only here.
 */
export const CONTEXT = {
  /** 0: 16-bit code, 1: 32-bit, 2: 64-bit. */
  CODE: 3,
  STACK32: 1 << 2,
  CPL_SHIFT: 3,
  CPL: 3 << 3,
  PROTECTED: 1 << 5,
  V86: 1 << 6,
  SHADOW_STACK: 1 << 7,
  INDIRECT_BRANCH_TRACKING: 1 << 8,
  WAIT_FOR_ENDBRANCH: 1 << 9,
  TASK_SWITCHED: 1 << 10,
  NO_SSE: 1 << 11,
  PAGING: 1 << 12,
  UMIP: 1 << 13,
  /** CR0.EM: x87 instructions are #NM, MMX instructions #UD. */
  EMULATE_X87: 1 << 14,
  /** CR4.OSXSAVE with SSE and AVX state in XCR0: VEX-encoded vector instructions. */
  AVX: 1 << 15,
} as const;

const bitIf = (condition: I32, bit: number): I32 => and(i32(bit), sub0(condition));
/** 0 → 0, 1 → all ones. */
const sub0 = (x: I32): I32 => mul(x, i32(-1));
const test = (value: I32, mask: number): I32 => ne(and(value, i32(mask)), i32(0));
const lowHalf = (field: { address: number; bits: 32 | 64 }): I32 => wrap(get64(field));

export const CR4_CET = 1 << 23;
export const CET_SH_STK_EN = 1;
export const CET_WR_SHSTK_EN = 2;
export const CET_ENDBR_EN = 4;
export const CET_LEG_IW_EN = 8;
export const CET_NO_TRACK_EN = 16;
export const CET_SUPPRESS_DIS = 32;
export const CET_SUPPRESS = 1 << 10;
export const CET_TRACKER = 1 << 11;

export function defineContext(core: Core): void {
  core.module.define(core.updateContext, (f) => {
    const cpl = f.let(get32(STATE.cpl));
    const csAttributes = f.let(get32(segment(CS).attributes));
    const cr0 = f.let(lowHalf(STATE.cr0));
    const cr4 = f.let(lowHalf(STATE.cr4));
    const user = f.let(eq(cpl, i32(3)));
    const longMode = test(lowHalf(STATE.efer), 1 << 10);
    const code = f.let(
      select(and(longMode, test(csAttributes, 1 << 13)), i32(2), and(shrU(csAttributes, i32(14)), i32(1))),
    );
    const cet = f.let(select(user, lowHalf(STATE.uCet), lowHalf(STATE.sCet)));
    const v86 = f.let(test(get32(STATE.rflags), 1 << 17));
    // CET is on only with CR4.CET, in protected mode and outside virtual-8086 mode.
    const cetOn = f.let(and(and(test(cr4, CR4_CET), test(cr0, 1)), eqz(v86)));
    const tracking = f.let(and(cetOn, test(cet, CET_ENDBR_EN)));
    const parts: I32[] = [
      code,
      bitIf(test(get32(segment(SS).attributes), 1 << 14), CONTEXT.STACK32),
      shl(cpl, i32(CONTEXT.CPL_SHIFT)),
      bitIf(test(cr0, 1), CONTEXT.PROTECTED),
      bitIf(v86, CONTEXT.V86),
      bitIf(and(cetOn, test(cet, CET_SH_STK_EN)), CONTEXT.SHADOW_STACK),
      bitIf(tracking, CONTEXT.INDIRECT_BRANCH_TRACKING),
      bitIf(and(tracking, test(cet, CET_TRACKER)), CONTEXT.WAIT_FOR_ENDBRANCH),
      bitIf(test(cr0, 8), CONTEXT.TASK_SWITCHED),
      bitIf(or(test(cr0, 4), eqz(test(cr4, 1 << 9))), CONTEXT.NO_SSE),
      bitIf(test(cr0, 1 << 31), CONTEXT.PAGING),
      bitIf(test(cr4, 1 << 11), CONTEXT.UMIP),
      bitIf(test(cr0, 4), CONTEXT.EMULATE_X87),
      bitIf(and(test(cr4, 1 << 18), eq(and(lowHalf(STATE.xcr0), i32(6)), i32(6))), CONTEXT.AVX),
    ];
    const word = f.let(parts.reduce((a, b) => or(a, b)));
    // Another privilege level has other rights to the page that is being fetched from.
    f.if(and(xor(word, get32(STATE.context)), i32(CONTEXT.CPL)), () => put32(f, STATE.fetchPage, i32(-1)));
    put32(f, STATE.context, word);
    // What the jump cache knows holds for one limit of CS.
    const limit = f.let(get32(segment(CS).limit));
    const limited = f.let(and(ne(limit, i32(-1)), ne(code, i32(2))));
    f.if(and(limited, ne(limit, get32(ENGINE.codeLimit))), () => {
      put32(f, ENGINE.codeLimit, limit);
      newGeneration(f);
    });
    put32(f, ENGINE.jumpKey, or(or(word, shl(get32(ENGINE.generation), i32(16))), shl(limited, i32(31))));
    const accessClass = f.let(select(user, i32(2), and(shrU(get32(STATE.rflags), i32(18)), i32(1))));
    const tableStep = fastTable(1, false) - fastTable(0, false);
    const readTable = f.let(add(i32(fastTable(0, false)), mul(accessClass, i32(tableStep))));
    // Alignment checks look at every access: CPL 3 with CR0.AM and RFLAGS.AC.
    const checked = f.let(and(user, and(test(cr0, 1 << 18), test(get32(STATE.rflags), 1 << 18))));
    put32(f, ENGINE.tlbRead, select(checked, i32(EMPTY_TABLE), readTable));
    put32(f, ENGINE.tlbWrite, select(checked, i32(EMPTY_TABLE), add(readTable, i32(tableStep / 2))));
    const shadowTable = f.let(
      add(i32(fastTable(ACCESS_CLASSES.indexOf('supervisorShadow'), false)), mul(user, i32(tableStep))),
    );
    put32(f, ENGINE.tlbShadowRead, shadowTable);
    put32(f, ENGINE.tlbShadowWrite, add(shadowTable, i32(tableStep / 2)));
  });
}
