/**
 * Which of iced-x86's Codes need vectors, in which shapes, and why the others of the same feature
 * sets do not. The coverage test asserts that every Code is one or the other.
 */

import { Code, CodeExt, CpuidFeature, Instruction, OpCodeOperandKind as Kind, type OpCodeInfo } from 'iced-x86';
import type { VectorFileName } from '../node.ts';
import type { Shape } from '../plan.ts';
import { isMmx } from '../state.ts';
import { memoryBytes } from './memorySize.ts';

export interface ScopedCode {
  readonly code: Code;
  readonly name: string;
  readonly info: OpCodeInfo;
  readonly operands: readonly Kind[];
}

export interface Requirement {
  readonly scoped: ScopedCode;
  readonly bitness: 32 | 64;
  readonly shape: Shape;
  readonly variant: string;
}

const INTEGER_FEATURES = new Set<CpuidFeature>([
  CpuidFeature.INTEL8086,
  CpuidFeature.INTEL186,
  CpuidFeature.INTEL286,
  CpuidFeature.INTEL386,
  CpuidFeature.INTEL486,
  CpuidFeature.X64,
  CpuidFeature.CMOV,
  CpuidFeature.MULTIBYTENOP,
  CpuidFeature.BMI1,
  CpuidFeature.BMI2,
  CpuidFeature.ADX,
  CpuidFeature.MOVBE,
  CpuidFeature.POPCNT,
  CpuidFeature.LZCNT,
  CpuidFeature.CX8,
  CpuidFeature.CMPXCHG16B,
  CpuidFeature.PAUSE,
  CpuidFeature.PREFETCHW,
  CpuidFeature.CLFSH,
  CpuidFeature.CLFLUSHOPT,
  CpuidFeature.SSE4_2,
]);
const SSE_FEATURES = new Set<CpuidFeature>([CpuidFeature.SSE, CpuidFeature.SSE2]);
/** Later extensions on XMM registers. SSE4.2 has CRC32 too, which is with the integer instructions. */
const LATER_FEATURES = new Set<CpuidFeature>([CpuidFeature.SSE3, CpuidFeature.SSSE3, CpuidFeature.SSE4_1]);
/** x87: a file of its own in both modes. */
const X87_FEATURES = new Set<CpuidFeature>([CpuidFeature.FPU, CpuidFeature.FPU287, CpuidFeature.FPU387]);
const isX87 = ({ name, code }: { name: string; code: Code }): boolean =>
  /^(F[a-z0-9]|Wait)/.test(name) && (name === 'Wait' || featuresOf(code).some((f) => X87_FEATURES.has(f)));
/** Instructions on MMX registers: a file of their own in both modes. */
const MMX_FEATURES = new Set<CpuidFeature>([CpuidFeature.MMX, CpuidFeature.SSE, CpuidFeature.SSE2, CpuidFeature.SSSE3]);
const STRING_COMPARE = /^Pcmp(gtq|estr|istr)/;

interface Exclusion {
  readonly pattern: RegExp;
  /** Only in this mode; in both when absent. */
  readonly bitness?: 32 | 64;
  readonly reason: string;
}

/** Codes of the feature sets above that have no vectors, with the reason. */
export const EXCLUSIONS: readonly Exclusion[] = [
  {
    pattern: /^(Jmp|Call|Ret[nf]|J[a-z]+)_?.*(rel16|rm16|rel8_16)$|^Retnw/,
    reason:
      '16-bit near branches truncate RIP to 16 bits (AMD, and Intel in 32-bit mode) or ignore the prefix (Intel in 64-bit mode: SDM Vol. 2A, JMP, Jcc, CALL, RET); the target lies outside every window',
  },
  { pattern: /^(Loop|Loope|Loopne|Jcxz|Jecxz|Jrcxz)_rel8_16/, reason: '16-bit near branches truncate RIP to 16 bits' },
  {
    pattern: /^(Call|Jmp)_(ptr|m16)|^Retf|^Iret|^Int3$|^Int_imm8$|^Int1$/,
    reason: 'far transfers and software interrupts change CS; they are system vectors',
  },
  { pattern: /^(In|Out)_|^(Ins|Outs)[bwd]_/, reason: 'port input and output needs I/O privilege' },
  {
    pattern:
      /^(Cli|Sti|Hlt|Clts|Invd|Wbinvd|Invlpg_m|Swapgs|Lgdt.*|Lidt.*|Lldt.*|Ltr.*|Lmsw.*|Mov_(r32|r64)_(cr|dr)|Mov_(cr|dr)_.*)$/,
    reason: 'privileged',
  },
  { pattern: /^(Sgdt|Sidt|Sldt|Str|Smsw|Lar|Lsl|Verr|Verw)_/, reason: 'reads system state of the recording machine' },
  {
    pattern: /Sreg|^(Push|Pop)[wdq]_(ES|CS|SS|DS|FS|GS)$|^L[defgs]s_|^Lss_/,
    reason: 'segment selectors are those of the recording kernel',
  },
  {
    pattern: /^(F(n)?stenv|F(n)?save|Fldenv|Frstor)/,
    reason: 'x87 environments hold addresses that AMD processors keep otherwise than Intel ones',
  },
  {
    pattern: /^F(eni|neni|disi|ndisi|setpm|nsetpm|rstpm|stenv|stsw|stcw|save|clex|init|stdw|stsg)(_|$)/,
    reason: 'two instructions in one, with a WAIT in front, or of processors long gone',
  },
  { pattern: /^(Salc|Ud0)$/, reason: 'undocumented encoding' },
  { pattern: /^Bswap_r16$/, reason: 'result undefined (SDM Vol. 2A, BSWAP)' },
  {
    pattern: /^Reservednop_|^Prefetchreserved|^Prefetch_m8$/,
    reason: 'hint space whose meaning depends on the CPU profile (CET, MPX, prefetch)',
  },
  {
    pattern: /^(Rcp|Rsqrt)[ps]s/,
    reason: 'approximation differs between processors (SDM Vol. 2B, RCPPS, RSQRTPS: relative error only)',
  },
  {
    pattern: /^Maskmovdqu/,
    reason: 'not emitted by gcc for C; its fault behaviour is implementation-specific (SDM Vol. 2B, MASKMOVDQU)',
  },
  { pattern: /^[LMS]fence_[EF]/, reason: 'alias encodings of the fences (reserved ModRM.rm)' },
];

const allCodes: ScopedCode[] = [];
for (const [name, code] of Object.entries(Code)) {
  if (typeof code !== 'number') continue;
  const info = CodeExt.opCode(code);
  if (!info.isInstruction) continue;
  allCodes.push({ code, name, info, operands: Array.from({ length: info.opCount }, (_, i) => info.opKind(i)) });
}

function featuresOf(code: Code): CpuidFeature[] {
  const instruction = new Instruction();
  instruction.code = code;
  const features = [...instruction.cpuidFeatures()] as CpuidFeature[];
  instruction.free();
  return features;
}

/** Every Code of the integer set, x87 and MMX (either mode) and of SSE to SSE4.2 (64-bit mode), whether it has vectors or not. */
export function candidates(bitness: 32 | 64): ScopedCode[] {
  return allCodes.filter(({ code, name, info }) => {
    if (bitness === 64 ? !info.mode64 : !info.mode32) return false;
    if (bitness === 32 && STRING_COMPARE.test(name)) return false;
    if (isMmx(name)) return featuresOf(code).every((f) => MMX_FEATURES.has(f));
    return featuresOf(code).every(
      (f) =>
        INTEGER_FEATURES.has(f) ||
        X87_FEATURES.has(f) ||
        (/^F/.test(name) && f === CpuidFeature.SSE3) ||
        (bitness === 64 && (SSE_FEATURES.has(f) || LATER_FEATURES.has(f))),
    );
  });
}

/** Why a Code has no vectors in a mode; undefined when it must have them. */
export function exclusionOf(name: string, bitness: 32 | 64): string | undefined {
  return EXCLUSIONS.find((e) => e.pattern.test(name) && (e.bitness ?? bitness) === bitness)?.reason;
}

const REGISTER_OR_MEMORY = new Set<Kind>([
  Kind.r8_or_mem,
  Kind.r16_or_mem,
  Kind.r32_or_mem,
  Kind.r64_or_mem,
  Kind.xmm_or_mem,
  Kind.mm_or_mem,
]);
const MEMORY = new Set<Kind>([Kind.mem, Kind.mem_offs, Kind.es_rDI, Kind.seg_rSI, Kind.seg_rBX_al, Kind.seg_rDI]);
const STRING_REPE = /^(Cmps[bwdq]_m|Scas)/;
const STRING_REP = /^(Movs|Stos|Lods)[bwdq]_[mAER]/;
/** Instructions whose memory operand is never read or written. */
const NO_ACCESS = /^(Lea_|Prefetch|Clflush|Nop_)/;

/** Bytes that the instruction moves on the stack at a time; 0 when it does not use the stack. */
export function stackElement({ name, info }: ScopedCode, bitness: 32 | 64): number {
  if (!info.isStackInstruction && !/^Leave/.test(name)) return 0;
  if (/^(Pusha|Popa|Pushf|Popf|Enter|Leave|Retn)w|^(Push|Pop)w_|^(Push|Pop)_r(m)?16|^Push_imm16/.test(name)) return 2;
  return bitness === 64 ? 8 : 4;
}

function shapesOf(scoped: ScopedCode): Shape[] {
  const shapes: Shape[] = [];
  const flexible = scoped.operands.some((k) => REGISTER_OR_MEMORY.has(k));
  const memory = flexible || scoped.operands.some((k) => MEMORY.has(k));
  if (flexible || !memory) shapes.push('register');
  if (memory) {
    shapes.push('memory');
    if (memoryBytes(scoped.info.memorySize) > 1 && !NO_ACCESS.test(scoped.name)) shapes.push('split');
  }
  return shapes;
}

/** Every group of vectors that a Code must have in a mode. */
export function requirementsOf(scoped: ScopedCode, bitness: 32 | 64): Requirement[] {
  const { name, info } = scoped;
  const required: Requirement[] = [];
  const add = (shape: Shape, variant: string) => required.push({ scoped, bitness, shape, variant });
  const shapes = shapesOf(scoped);
  const isString = STRING_REPE.test(name) || STRING_REP.test(name);
  for (const shape of shapes) {
    add(shape, '');
    if (isString) {
      for (const repeat of STRING_REPE.test(name) ? ['repe', 'repne'] : ['rep']) add(shape, repeat);
      if (shape === 'memory' && bitness === 64) {
        add(shape, 'addr32');
        add(shape, STRING_REPE.test(name) ? 'repe addr32' : 'rep addr32');
      }
    }
    if (info.canUseLockPrefix && shape !== 'register') add(shape, 'lock');
    if (/^(Lea_|Xlat)/.test(name)) add(shape, bitness === 64 ? 'addr32' : 'addr16');
    if (roundingMatters(name) && !(shape === 'split' && needsAlignment(scoped))) add(shape, 'rounding');
  }
  if (stackElement(scoped, bitness) > 0) add('split', 'stack');
  if (shapes.includes('register') && info.canUseLockPrefix && bitness === 64) add('register', 'lock');
  return required.filter((r) => !(r.variant === 'addr16' && /^Xlat/.test(name)));
}

/** True when the memory operand must be aligned to its 16 bytes, so that a split one raises #GP. */
export function needsAlignment({ name, info }: ScopedCode): boolean {
  return memoryBytes(info.memorySize) === 16 && !/^Mov(ups|upd|dqu)_|^Lddqu|^Pcmp[ei]str|^Bound/.test(name);
}

/** True for float instructions whose result or flags depend on MXCSR. */
export function roundingMatters(name: string): boolean {
  return /^(Add|Sub|Mul|Div|Sqrt|Min|Max)[ps][sd]_xmm|^Cvt|^(Ucomis|Comis)|^Cmp[ps][sd]_xmm|^(H(add|sub)|Addsub|Dp|Round)[ps][sd]_/.test(
    name,
  );
}

/** Every group that the committed vectors must have. */
export function allRequirements(): Requirement[] {
  return ([64, 32] as const).flatMap((bitness) =>
    candidates(bitness)
      .filter(({ name }) => exclusionOf(name, bitness) === undefined)
      .flatMap((scoped) => requirementsOf(scoped, bitness)),
  );
}

/** Which file a group belongs to. */
export function fileOf({ scoped, bitness }: Requirement): VectorFileName {
  if (isX87(scoped)) return 'x87';
  if (isMmx(scoped.name)) return 'mmx';
  if (bitness === 32) return 'integer32';
  const features = featuresOf(scoped.code);
  if (STRING_COMPARE.test(scoped.name) || features.some((f) => LATER_FEATURES.has(f))) return 'later64';
  return features.some((f) => SSE_FEATURES.has(f)) ? 'sse64' : 'integer64';
}
