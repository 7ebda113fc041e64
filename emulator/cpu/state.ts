import { ENGINE_BASE, STATE_BASE } from '../memory/map.ts';
import { type I32, type I64, i32, load32, load64 } from '../wasm/expressions.ts';
import type { FunctionBuilder } from '../wasm/functionBuilder.ts';

/**
 * The processor's state in memory: one table of fields, read by generated code (constant addresses) and by TypeScript
 * (`StateView`). Everything in STATE is architectural and saved in snapshots; ENGINE is scratch of the current run.
 */
interface Field {
  readonly address: number;
  readonly bits: 32 | 64;
}

function layout<T extends Record<string, 32 | 64>>(base: number, fields: T): { readonly [K in keyof T]: Field } {
  let address = base;
  const placed: Record<string, Field> = {};
  for (const [name, bits] of Object.entries(fields)) {
    if (bits === 64) address = (address + 7) & ~7;
    placed[name] = { address, bits };
    address += bits / 8;
  }
  // V8 keeps an object that was built key by key as a hash table, five times slower to read than its copy.
  return { ...placed } as { readonly [K in keyof T]: Field };
}

export const GPR_BASE = STATE_BASE;
export const gprAddress = (index: number): number => GPR_BASE + index * 8;
const GPRS: readonly Field[] = Array.from({ length: 16 }, (_, index) => ({ address: gprAddress(index), bits: 64 }));
export const gprField = (index: number): Field => GPRS[index]!;
/** Eight bytes that are always zero: the register that an absent base or index names. */
export const ZERO_ADDRESS = STATE_BASE + 0x80;
export const XMM_BASE = STATE_BASE + 0x100;
/** Bits 255:128 of YMM0–YMM15: state component 2 of XSAVE. */
export const YMM_HIGH_BASE = STATE_BASE + 0x200;
/** From a register's low half to its high one. */
export const YMM_HIGH_OFFSET = YMM_HIGH_BASE - XMM_BASE;
export const xmmAddress = (index: number): number => XMM_BASE + index * 16;

/** Segment register numbers as in instruction encodings; LDTR and TR follow. */
export const SEGMENT_NAMES = ['es', 'cs', 'ss', 'ds', 'fs', 'gs', 'ldtr', 'tr'] as const;
export const [ES, CS, SS, DS, FS, GS, LDTR, TR] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const SEGMENTS_BASE = STATE_BASE + 0x400;
const SEGMENTS = SEGMENT_NAMES.map((_, index) => ({
  base: { address: SEGMENTS_BASE + index * 32, bits: 64 } as Field,
  limit: { address: SEGMENTS_BASE + index * 32 + 8, bits: 32 } as Field,
  /** Access rights in the VMCS form (SDM Vol. 3C Table 25-2): bit 16 is "unusable". */
  attributes: { address: SEGMENTS_BASE + index * 32 + 12, bits: 32 } as Field,
  selector: { address: SEGMENTS_BASE + index * 32 + 16, bits: 32 } as Field,
}));
export const segment = (index: number) => SEGMENTS[index]!;

const MTRR_BASE = STATE_BASE + 0xf00;
const quad = (index: number): Field => ({ address: MTRR_BASE + index * 8, bits: 64 });
/** Memory-type range registers (SDM Vol. 3A §11.11.2). */
export const MTRR = {
  /** Number of variable ranges. */
  variable: 10,
  defaultType: quad(0),
  /** From IA32_MTRR_FIX64K_00000 to IA32_MTRR_FIX4K_F8000. */
  fixed: (index: number) => quad(1 + index),
  base: (index: number) => quad(12 + index * 2),
  mask: (index: number) => quad(13 + index * 2),
} as const;

/**
 * x87 data registers in physical order (R0–R7), 16 bytes each: significand (i64), sign and exponent (16 bits), zeros.
 * ST(i) is R((TOP + i) mod 8), TOP being bits 13:11 of STATE.fpuStatus; MMi is the significand of Ri.
 */
export const X87_BASE = STATE_BASE + 0x500;
export const x87Address = (physical: number): number => X87_BASE + physical * 16;
/** Sign and exponent after an MMX register was written (SDM Vol. 3A §13.2). */
export const MMX_WORD = 0xffff;

export const STATE = layout(STATE_BASE + 0x600, {
  rip: 64,
  /** Lazy arithmetic flags (`cpu/flags.ts`). */
  flagResult: 64,
  flagCarry: 64,
  flagWord: 32,
  /** RFLAGS without CF PF AF ZF SF OF, bit 1 set. */
  rflags: 32,
  cpl: 32,
  /** Translation context (`cpu/context.ts`). */
  context: 32,
  gdtrBase: 64,
  idtrBase: 64,
  gdtrLimit: 32,
  idtrLimit: 32,
  cr0: 64,
  cr2: 64,
  cr3: 64,
  cr4: 64,
  cr8: 64,
  efer: 64,
  dr0: 64,
  dr1: 64,
  dr2: 64,
  dr3: 64,
  dr6: 64,
  dr7: 64,
  ssp: 64,
  uCet: 64,
  sCet: 64,
  pl0Ssp: 64,
  pl1Ssp: 64,
  pl2Ssp: 64,
  pl3Ssp: 64,
  interruptSspTableAddr: 64,
  xss: 64,
  star: 64,
  lstar: 64,
  cstar: 64,
  sfmask: 64,
  kernelGsBase: 64,
  sysenterCs: 64,
  sysenterEsp: 64,
  sysenterEip: 64,
  tscAux: 64,
  tscOffset: 64,
  pat: 64,
  miscEnable: 64,
  debugCtl: 64,
  pkrs: 64,
  xcr0: 64,
  specCtrl: 64,
  miscFeaturesEnables: 64,
  mcgStatus: 64,
  miscFeatureControl: 64,
  powerCtl: 64,
  umwaitControl: 64,
  /** RDRAND's generator (`cpu/random.ts`). */
  random0: 64,
  random1: 64,
  /** MONITOR: 1 while armed, host-physical address of the line, its content in short. */
  monitorArmed: 32,
  monitorLine: 32,
  monitorContent: 32,
  /** MWAIT that an interrupt ends even with IF = 0. */
  mwaitBreaks: 32,
  pkru: 32,
  mxcsr: 32,
  /** 1 after STI or MOV SS for the next instruction: bit 0 STI, bit 1 MOV SS / POP SS. */
  interruptShadow: 32,
  /**
   * 0 active, 1 HLT, 2 shutdown, 3 wait-for-SIPI (VMCS activity states), 4 MWAIT, 5 in front of an x87 instruction that
   * waits for an exception's handler (CR0.NE = 0); an instruction that sets it comes back with LEAVE.
   */
  activity: 32,
  /** Conditions found for #DB, in DR6 form, delivered at the next boundary. */
  pendingDebug: 32,
  /** 1 while RIP stands at a repeated string instruction that has iterations behind it and before it. */
  repeating: 32,
  nmiBlocked: 32,
  /** Host-physical page of the page that RIP runs on, or -1: see `memory/fetch.ts`. */
  fetchPage: 32,
  /** Linear page (low and high) that `fetchPage` belongs to. */
  fetchLinear: 64,
  /** An event waiting for delivery (`cpu/events.ts`). */
  eventPending: 32,
  eventVector: 32,
  eventError: 32,
  eventHasError: 32,
  /** `EVENT` in `cpu/events.ts`. */
  eventKind: 32,
  eventInstructionLength: 32,
  eventCr2: 64,
  /** For #CP: what was compared. */
  cpExpected: 64,
  cpActual: 64,
  cpHasValues: 32,
  /** PDPTE registers of PAE paging (SDM Vol. 3A §4.4.1). */
  pdpte0: 64,
  pdpte1: 64,
  pdpte2: 64,
  pdpte3: 64,
  /** x87 control and status words; ES and B of the status word are kept as the exception flags and masks make them. */
  fpuControl: 32,
  fpuStatus: 32,
  /** Bit i is set when Ri is not empty: the abridged tag word of FXSAVE. */
  fpuTags: 32,
  /** Last instruction: its 11 opcode bits, CS selector and offset; its operand's segment selector and offset. */
  fpuOpcode: 32,
  fpuCs: 32,
  fpuDs: 32,
  fpuIp: 64,
  fpuDp: 64,
});

export const ENGINE = layout(ENGINE_BASE, {
  /** RIP minus the page offset of the running record: RIP = ripBase + record.offset. */
  ripBase: 64,
  /** The record to continue with, or 0: look RIP up. */
  record: 32,
  budget: 32,
  /** Fast-TLB tables of the current data class and the current shadow-stack class. */
  tlbRead: 32,
  tlbWrite: 32,
  tlbShadowRead: 32,
  tlbShadowWrite: 32,
  /** Jump-cache key: context, generation from bit 16 on, and whether CS has a limit (bit 31). */
  jumpKey: 32,
  generation: 32,
  /** The last limit of CS below 4 GiB − 1 that code outside 64-bit mode ran under. */
  codeLimit: 32,
  /** Record whose link the next successful lookup may fill, or 0. */
  linkFrom: 32,
  bounceNext: 32,
  /** Block tier: where in its side table a block came out. */
  blockExit: 32,
  ramSize: 64,
  maxPhysicalMask: 64,
  /** Bits that CR3 can hold in IA-32e mode. */
  cr3Writable: 64,
  /** `PAGING_FEATURE` bits (`memory/pagingModes.ts`): what the profile has of paging's options. */
  pagingFeatures: 32,
  /** `ATTENTION` bits (`cpu/attention.ts`): why an instruction that enables interrupts must come back to the run loop. */
  attention: 32,
  /** Machine time in steps at the end of the slice if all of its budget is used. */
  timeAtEnd: 64,
  /** TSC ticks a step. */
  tscNumerator: 64,
  tscDenominator: 64,
  /** Budget left after an STI whose shadow is not in STATE: a slice that ends there ends in the shadow. */
  shadowAt: 32,
  /** 1 when another vCPU could take a step: PAUSE gives the turn on. */
  othersWait: 32,
  /** Set by PAUSE: the turn is over. */
  turnGiven: 32,
  /** 0 while an instruction that reaches a device must come to nothing, and says so in `deviceReached`. */
  deviceAllowed: 32,
  deviceReached: 32,
  /** 1 while execution breakpoints are set: whoever looks code up asks for them before it fetches. */
  breakpoints: 32,
  scratch0: 64,
  scratch1: 64,
  /** 1 while breakpoints by DR7 or the debugger need every access on the slow path. */
  watch: 32,
  /** SIMD floating-point exceptions noted by the running instruction (`cpu/softfloat`). */
  floatFlags: 32,
  /** Whether a single-step trap follows the instruction: TF before it, for SYSCALL and SYSRET after it. */
  stepTrap: 32,
  /** Operands of PCMPxSTRx, 16 bytes each. */
  vector0: 64,
  vector0High: 64,
  vector1: 64,
  vector1High: 64,
  /** Exponent and sign of the last extended result (`cpu/x87/extended.ts`). */
  extendedWord: 32,
  /** Memory operand of the running x87 instruction: whether it has one, its segment's selector, its offset. */
  x87HasData: 32,
  x87DataSegment: 32,
  x87Data: 64,
  /** 1 on a processor that records the operand of every x87 instruction (CPUID.7.0:EBX bit 6 clear). */
  fpuDataAlways: 32,
  /** IGNNE#; and ES has changed with CR0.NE clear (`cpu/x87/numericErrors.ts`). */
  numericErrorIgnored: 32,
  numericErrorChanged: 32,
  /** Vectors of faults and INT n that may be delivered in the slice (`cpu/system/deliverInline.ts`); 0: none at all. */
  inlineEvents: 32,
  /** 1 when such a delivery met another event, which is in STATE.event*; the one that was to be delivered. */
  deliveryFailed: 32,
  failedVector: 32,
  failedKind: 32,
  failedHasError: 32,
  failedError: 32,
  failedCr2: 64,
  /** Budget left after an IRET that loaded RF: until the next instruction is done, RF has not ended. */
  resumedAt: 32,
  /** Locked accesses so far that crossed a 64-byte line (`memory/lockedAccess.ts`): saved with the machine. */
  lockedSplits: 64,
});

/** Reads a field in generated code. */
export const get32 = (field: Field): I32 => load32(i32(0), field.address);
export const get64 = (field: Field): I64 => load64(i32(0), field.address);
export const put32 = (f: FunctionBuilder, field: Field, value: I32): void => f.store32(i32(0), value, field.address);
export const put64 = (f: FunctionBuilder, field: Field, value: I64): void => f.store64(i32(0), value, field.address);
export const getGpr = (index: number): I64 => load64(i32(0), gprAddress(index));
export const putGpr = (f: FunctionBuilder, index: number, value: I64): void =>
  f.store64(i32(0), value, gprAddress(index));

export const [RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI] = [0, 1, 2, 3, 4, 5, 6, 7] as const;

/** Typed access to the same fields from TypeScript, in 32-bit halves or as bigint for the debugger. */
export class StateView {
  readonly view: DataView;
  /** The same; fields are aligned to four bytes. Hosts of WebAssembly are little-endian like it. */
  private readonly words: Int32Array;

  constructor(buffer: ArrayBuffer) {
    this.view = new DataView(buffer);
    this.words = new Int32Array(buffer);
  }

  get32(field: Field): number {
    return this.words[field.address >>> 2]!;
  }
  set32(field: Field, value: number): void {
    this.words[field.address >>> 2] = value;
  }
  low(field: Field): number {
    return this.words[field.address >>> 2]! >>> 0;
  }
  high(field: Field): number {
    return this.words[(field.address >>> 2) + 1]! >>> 0;
  }
  setHalves(field: Field, low: number, high: number): void {
    const at = field.address >>> 2;
    this.words[at] = low;
    this.words[at + 1] = high;
  }
  get64(field: Field): bigint {
    return this.view.getBigUint64(field.address, true);
  }
  set64(field: Field, value: bigint): void {
    this.view.setBigUint64(field.address, BigInt.asUintN(64, value), true);
  }
}
export type { Field };
