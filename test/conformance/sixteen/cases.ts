/**
 * Instructions of 16-bit code in segments with limits: inputs drawn from a seed. A case is one instruction at CS:IP among
 * INT3s, with registers, flags and five data segments of 64 KiB.
 */
import { Code, Decoder, FlowControl, type Instruction, Mnemonic, OpKind, Register } from 'iced-x86';
import { mixSeed, Prng } from '../prng.ts';

export const SEED = 0x16b1_7000;
export const COUNT = 24_000;
export const SEGMENT_BYTES = 0x1_0000;
export const FILL = 0xcc;

/** Segments in the order of their memory. FS grows down, GS is read-only and ends at 7FFFh. */
export const DATA_SEGMENTS = ['ds', 'es', 'ss', 'fs', 'gs'] as const;
export const EXPAND_DOWN_LIMIT = 0xfff;
export const READ_ONLY_LIMIT = 0x7fff;

export interface SixteenCase {
  readonly index: number;
  readonly ip: number;
  /** As many bytes as lie under the limit of CS. */
  readonly code: Uint8Array;
  readonly text: string;
  /** EAX ECX EDX EBX ESP EBP ESI EDI. */
  readonly registers: readonly number[];
  /** Arithmetic flags and DF. */
  readonly flags: number;
  /** Flags that the instruction leaves undefined. */
  readonly undefinedFlags: number;
}

/** What memory holds before each case. */
export function background(): Uint8Array {
  const prng = new Prng(SEED ^ 0xbacc);
  const bytes = new Uint8Array(SEGMENT_BYTES * DATA_SEGMENTS.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = prng.next();
  return bytes;
}

/** Not of user mode, not of this processor alone, or not integer. */
const EXCLUDED = new Set(
  (
    'cpuid rdtsc rdtscp rdpmc rdpid rdpru rdrand rdseed syscall sysenter sysexit sysret int int3 int1 iret iretd ' +
    'sgdt sidt sldt str smsw lar lsl verr verw lds les lss lfs lgs popf popfd xgetbv xabort xbegin xend xtest ' +
    'monitor mwait monitorx mwaitx clzero vmcall vmmcall vmrun vmload vmsave skinit stgi clgi invlpga ' +
    'ud0 ud1 bswap salc prefetchw prefetch cldemote clwb clflushopt clflush wbnoinvd enclu pconfig umonitor umwait ' +
    'tpause serialize movdiri movdir64b enqcmd rdsspd incsspd saveprevssp rstorssp wrssd wrussd setssbsy clrssbsy ' +
    'endbr32 endbr64 getsec rsm loadall286 loadallreset286 xstore lfence sfence mfence ptwrite rdpkru wrpkru encls ' +
    'rdfsbase rdgsbase wrfsbase wrgsbase pvalidate rmpadjust rmpupdate psmash invlpgb tlbsync emms femms fwait wait'
  ).split(' '),
);
const INTEGER = /^(INTEL8086|INTEL186|INTEL286|INTEL386|INTEL486|CMOV|MULTIBYTENOP|CX8|POPCNT|LZCNT|BMI1|MOVBE)/;

function allowed(instruction: Instruction, features: readonly string[]): boolean {
  if (instruction.code === Code.INVALID) return false;
  if (EXCLUDED.has(Mnemonic[instruction.mnemonic]!.toLowerCase())) return false;
  if (/^(Xcryptcbc|Reservednop|Nop_rm|Mov_(cr|dr|tr)|Mov_r32_(cr|dr|tr))/.test(Code[instruction.code]!)) return false;
  if (!features.every((f) => INTEGER.test(f))) return false;
  const far =
    instruction.flowControl === FlowControl.UnconditionalBranch || instruction.flowControl === FlowControl.Call;
  if (far && /ptr|m16\d\d/.test(Code[instruction.code]!)) return false;
  if (/^(Retf|Call_m16|Jmp_m16|Call_ptr|Jmp_ptr)/.test(Code[instruction.code]!)) return false;
  // Loads of segment registers: the selectors are those of the recording process.
  const kinds = Array.from({ length: instruction.opCount }, (_, i) => instruction.opKind(i));
  const first = kinds[0] === OpKind.Register ? instruction.opRegister(0) : Register.None;
  const isSegment = first >= Register.ES && first <= Register.GS;
  if (isSegment && !/^Push/.test(Code[instruction.code]!)) return false;
  const mnemonic = Mnemonic[instruction.mnemonic]!.toLowerCase();
  // The upper half is written or not (SDM Vol. 2B, PUSH).
  if (/^Pushd_/.test(Code[instruction.code]!) && isSegment) return false;
  // Undefined: repeat prefixes elsewhere than on string instructions (SDM Vol. 2A §2.1.1).
  if (mnemonic.startsWith('loop') && (instruction.hasRepPrefix || instruction.hasRepnePrefix)) return false;
  // An ARPL that changes nothing needs no right to write here (the SDM asks for one).
  if (mnemonic === 'arpl' && instruction.segmentPrefix === Register.GS) return false;
  // Results with counts beyond the operand are undefined (SDM Vol. 2B, SHLD, SHRD).
  return !/^Sh[lr]d_rm16/.test(Code[instruction.code]!);
}

const PREFIXES = [0x66, 0x66, 0x66, 0x67, 0x67, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0xf0, 0xf2, 0xf3];

function drawCode(prng: Prng): Uint8Array {
  const bytes = new Uint8Array(15);
  for (let i = 0; i < bytes.length; i++) bytes[i] = prng.next();
  let at = 0;
  while (at < 3 && prng.below(3) === 0) bytes[at++] = prng.pick(PREFIXES);
  if (prng.below(3) === 0) bytes[at] = 0x0f;
  return bytes;
}

const EDGES = [0, 1, 2, 3, 0x7fff, 0x8000, 0xfffc, 0xfffd, 0xfffe, 0xffff, 0x7ffe, 0x0fff, 0x1000];

function drawRegister(prng: Prng): number {
  const low = prng.below(3) === 0 ? prng.pick(EDGES) : prng.next() & 0xffff;
  const high = prng.below(2) === 0 ? 0 : prng.next() & 0xffff;
  return ((high << 16) | low) >>> 0;
}

const FLAGS = 0xcd5;

function runsItself(instruction: Instruction, ip: number): boolean {
  const kind = instruction.opCount > 0 ? instruction.opKind(0) : OpKind.Register;
  if (kind !== OpKind.NearBranch16 && kind !== OpKind.NearBranch32) return false;
  const target = Number(instruction.nearBranchTarget);
  return target >= ip && target < ip + instruction.length;
}

/** Case number `index`; every call gives the same. */
export function sixteenCase(index: number, featuresOf: (instruction: Instruction) => readonly string[]): SixteenCase {
  const prng = new Prng(mixSeed(SEED, index, 16));
  for (;;) {
    const ip = prng.below(24) === 0 ? 0x1_0000 - 1 - prng.below(8) : 0x1000 + prng.below(0xe000);
    const bytes = drawCode(prng);
    const decoder = new Decoder(16, bytes, 0);
    decoder.ip = BigInt(ip);
    const instruction = decoder.decode();
    decoder.free();
    try {
      if (!allowed(instruction, featuresOf(instruction)) || runsItself(instruction, ip)) continue;
      const length = Math.min(instruction.length, 0x1_0000 - ip);
      const registers = Array.from({ length: 8 }, () => drawRegister(prng));
      // A stack that can be used, three times in four.
      if (prng.below(4) !== 0) registers[4] = ((registers[4]! & 0xffff0000) | (0x100 + prng.below(0xfe00))) >>> 0;
      return {
        index,
        ip,
        code: bytes.slice(0, length),
        text: `${Code[instruction.code]} at ${ip.toString(16)}`,
        registers,
        flags: prng.next() & FLAGS,
        undefinedFlags: undefinedOf(instruction),
      };
    } finally {
      instruction.free();
    }
  }
}

/** iced's RflagsBits in the places of EFLAGS. */
const RFLAGS_BITS: readonly (readonly [iced: number, flag: number])[] = [
  [0x01, 0x800],
  [0x02, 0x80],
  [0x04, 0x40],
  [0x08, 0x10],
  [0x10, 0x01],
  [0x20, 0x04],
  [0x40, 0x400],
];

/** Shifts and rotates by other counts than 1 leave OF undefined; by 0 nothing changes, which is compared elsewhere. */
const COUNTED = new Set('shl sal shr sar rol ror rcl rcr'.split(' '));

function undefinedOf(instruction: Instruction): number {
  const found = RFLAGS_BITS.reduce((mask, [bit, flag]) => (instruction.rflagsUndefined & bit ? mask | flag : mask), 0);
  const mnemonic = Mnemonic[instruction.mnemonic]!.toLowerCase();
  // Counts not below the operand's width leave CF undefined too (SDM Vol. 2B, SAL).
  if (COUNTED.has(mnemonic) && /_(CL|imm8)$/.test(Code[instruction.code]!)) return found | 0x811;
  if (/^(bsf|bsr)$/.test(mnemonic)) return found | 0x895;
  return found;
}
