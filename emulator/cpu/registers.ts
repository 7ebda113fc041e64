import type { RegisterDescription } from '../api.ts';
import { flagA, flagC, flagO, flagP, flagS, flagZ } from './flagValues.ts';
import { MEMORY_TYPE_MSRS } from './memoryTypeMsrs.ts';
import {
  type Field,
  GPR_BASE,
  SEGMENT_NAMES,
  STATE,
  type StateView,
  segment,
  XMM_BASE,
  x87Address,
  YMM_HIGH_OFFSET,
} from './state.ts';

/** The registers that a debugger can name, in one table. */
const GENERAL = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' ');
const LOW8 = 'al cl dl bl spl bpl sil dil'.split(' ');
const HIGH8 = ['ah', 'ch', 'dh', 'bh'];
const WORDS = 'ax cx dx bx sp bp si di'.split(' ');

export const FLAG_BITS: readonly (readonly [name: string, bit: number, width: number, description: string])[] = [
  ['CF', 0, 1, 'Carry'],
  ['PF', 2, 1, 'Parity of the low byte'],
  ['AF', 4, 1, 'Auxiliary carry'],
  ['ZF', 6, 1, 'Zero'],
  ['SF', 7, 1, 'Sign'],
  ['TF', 8, 1, 'Trap: single step'],
  ['IF', 9, 1, 'Interrupts enabled'],
  ['DF', 10, 1, 'Direction: string instructions go down'],
  ['OF', 11, 1, 'Overflow'],
  ['IOPL', 12, 2, 'I/O privilege level'],
  ['NT', 14, 1, 'Nested task'],
  ['RF', 16, 1, 'Resume: no instruction breakpoint for one instruction'],
  ['VM', 17, 1, 'Virtual-8086 mode'],
  ['AC', 18, 1, 'Alignment check, or SMAP override'],
  ['VIF', 19, 1, 'Virtual interrupt flag'],
  ['VIP', 20, 1, 'Virtual interrupt pending'],
  ['ID', 21, 1, 'CPUID available'],
];

interface PlainRegister extends RegisterDescription {
  readonly field: Field;
}

const plain = (
  name: string,
  group: RegisterDescription['group'],
  field: Field,
  bits: number,
  description: string,
): PlainRegister => ({ name, group, field, bits, description });

const general: PlainRegister[] = GENERAL.map((name, i) =>
  plain(name, 'general', { address: GPR_BASE + i * 8, bits: 64 }, 64, `General register ${name.toUpperCase()}`),
);

const segments: PlainRegister[] = SEGMENT_NAMES.flatMap((name, i) => {
  const s = segment(i);
  const upper = name.toUpperCase();
  return [
    plain(name, 'segments', s.selector, 16, `${upper} selector`),
    plain(`${name}.base`, 'segments', s.base, 64, `${upper} base address`),
    plain(`${name}.limit`, 'segments', s.limit, 32, `${upper} limit`),
    plain(`${name}.attributes`, 'segments', s.attributes, 17, `${upper} access rights, VMCS form (bit 16: unusable)`),
  ];
});

const PLAIN: readonly PlainRegister[] = [
  ...general,
  plain('rip', 'general', STATE.rip, 64, 'Instruction pointer'),
  ...segments,
  plain('gdtr.base', 'segments', STATE.gdtrBase, 64, 'Global descriptor table'),
  plain('gdtr.limit', 'segments', STATE.gdtrLimit, 16, 'Its limit'),
  plain('idtr.base', 'segments', STATE.idtrBase, 64, 'Interrupt descriptor table'),
  plain('idtr.limit', 'segments', STATE.idtrLimit, 16, 'Its limit'),
  plain('cr0', 'control', STATE.cr0, 64, 'Control register 0: PE MP EM TS ET NE WP AM NW CD PG'),
  plain('cr2', 'control', STATE.cr2, 64, 'Page-fault linear address'),
  plain('cr3', 'control', STATE.cr3, 64, 'Page-table base and PCID'),
  plain('cr4', 'control', STATE.cr4, 64, 'Control register 4'),
  plain('cr8', 'control', STATE.cr8, 64, 'Task priority'),
  plain('efer', 'control', STATE.efer, 64, 'IA32_EFER: SCE LME LMA NXE'),
  ...[0, 1, 2, 3].map((i) => plain(`dr${i}`, 'debug', STATE[`dr${i as 0 | 1 | 2 | 3}`], 64, `Breakpoint address ${i}`)),
  plain('dr6', 'debug', STATE.dr6, 64, 'Debug status'),
  plain('dr7', 'debug', STATE.dr7, 64, 'Debug control'),
  plain('ssp', 'cet', STATE.ssp, 64, 'Shadow-stack pointer'),
  plain('u_cet', 'cet', STATE.uCet, 64, 'IA32_U_CET: user CET control'),
  plain('s_cet', 'cet', STATE.sCet, 64, 'IA32_S_CET: supervisor CET control'),
  plain('pl0_ssp', 'cet', STATE.pl0Ssp, 64, 'IA32_PL0_SSP'),
  plain('pl1_ssp', 'cet', STATE.pl1Ssp, 64, 'IA32_PL1_SSP'),
  plain('pl2_ssp', 'cet', STATE.pl2Ssp, 64, 'IA32_PL2_SSP'),
  plain('pl3_ssp', 'cet', STATE.pl3Ssp, 64, 'IA32_PL3_SSP'),
  plain('interrupt_ssp_table_addr', 'cet', STATE.interruptSspTableAddr, 64, 'IA32_INTERRUPT_SSP_TABLE_ADDR'),
  plain('xss', 'cet', STATE.xss, 64, 'IA32_XSS: supervisor XSAVE components'),
  plain('pkru', 'control', STATE.pkru, 32, 'Protection-key rights of user pages: AD and WD for each key'),
  plain('pkrs', 'control', STATE.pkrs, 32, 'IA32_PKRS: the same for supervisor pages'),
  plain('pat', 'msr', STATE.pat, 64, 'IA32_PAT: memory types by PAT, PCD and PWT'),
  ...MEMORY_TYPE_MSRS.flatMap(({ name, field }) =>
    field ? [plain(name.replace(/^IA32_/, '').toLowerCase(), 'msr', field, 64, name)] : [],
  ),
  plain('mxcsr', 'sse', STATE.mxcsr, 32, 'SSE control and status'),
  plain('fcw', 'x87', STATE.fpuControl, 16, 'x87 control: masks 5:0, precision 9:8, rounding 11:10'),
  plain(
    'fsw',
    'x87',
    STATE.fpuStatus,
    16,
    'x87 status: exceptions 5:0, SF 6, ES 7, C0–C2 10:8, TOP 13:11, C3 14, B 15',
  ),
  plain('ftw', 'x87', STATE.fpuTags, 8, 'x87 tags, abridged: bit i is set when physical register i is not empty'),
  plain('fop', 'x87', STATE.fpuOpcode, 11, 'x87 opcode of the last unmasked exception'),
  plain('fip', 'x87', STATE.fpuIp, 64, 'x87 instruction pointer'),
  plain('fcs', 'x87', STATE.fpuCs, 16, 'x87 code selector'),
  plain('fdp', 'x87', STATE.fpuDp, 64, 'x87 data pointer'),
  plain('fds', 'x87', STATE.fpuDs, 16, 'x87 data selector'),
  ...Array.from({ length: 8 }, (_, i) =>
    plain(`mm${i}`, 'x87', { address: x87Address(i), bits: 64 }, 64, `MMX register ${i}: significand of R${i}`),
  ),
  plain('kernel_gs_base', 'msr', STATE.kernelGsBase, 64, 'IA32_KERNEL_GS_BASE'),
  plain('star', 'msr', STATE.star, 64, 'IA32_STAR: SYSCALL selectors'),
  plain('lstar', 'msr', STATE.lstar, 64, 'IA32_LSTAR: SYSCALL target'),
  plain('cstar', 'msr', STATE.cstar, 64, 'IA32_CSTAR'),
  plain('sfmask', 'msr', STATE.sfmask, 64, 'IA32_FMASK: flags that SYSCALL clears'),
  plain('sysenter_cs', 'msr', STATE.sysenterCs, 64, 'IA32_SYSENTER_CS'),
  plain('sysenter_esp', 'msr', STATE.sysenterEsp, 64, 'IA32_SYSENTER_ESP'),
  plain('sysenter_eip', 'msr', STATE.sysenterEip, 64, 'IA32_SYSENTER_EIP'),
  plain('tsc_aux', 'msr', STATE.tscAux, 64, 'IA32_TSC_AUX'),
];

const BY_NAME: ReadonlyMap<string, PlainRegister> = new Map(PLAIN.map((r) => [r.name, r]));

export const REGISTERS: readonly RegisterDescription[] = [
  ...PLAIN.map(({ name, group, bits, description }) => ({ name, group, bits, description })),
  { name: 'rflags', group: 'general', bits: 64, description: 'Flags' },
  { name: 'cpl', group: 'segments', bits: 2, description: 'Current privilege level' },
  ...FLAG_BITS.map(
    ([name, , bits, description]): RegisterDescription => ({
      name: name.toLowerCase(),
      group: 'flags',
      bits,
      description,
    }),
  ),
  ...Array.from(
    { length: 8 },
    (_, i): RegisterDescription => ({
      name: `st${i}`,
      group: 'x87',
      bits: 80,
      description: `x87 register ST(${i}): sign and exponent, then the significand`,
    }),
  ),
  ...Array.from(
    { length: 16 },
    (_, i): RegisterDescription => ({
      name: `xmm${i}`,
      group: 'sse',
      bits: 128,
      description: `SSE register ${i}`,
    }),
  ),
];

/** Part of a general register: which, from which bit, how wide. */
function subRegister(name: string): { index: number; shift: number; bits: number } | undefined {
  const numbered = /^r(8|9|1[0-5])([dwb]|l)$/.exec(name);
  if (numbered) {
    return {
      index: Number(numbered[1]),
      shift: 0,
      bits: { d: 32, w: 16, b: 8, l: 8 }[numbered[2] as 'd' | 'w' | 'b' | 'l'],
    };
  }
  const at = (list: readonly string[], bits: number, shift = 0) => {
    const index = list.indexOf(name);
    return index < 0 ? undefined : { index, shift, bits };
  };
  return (
    at(
      WORDS.map((w) => `e${w}`),
      32,
    ) ??
    at(WORDS, 16) ??
    at(LOW8, 8) ??
    at(HIGH8, 8, 8)
  );
}

const ALIASES: Readonly<Record<string, string>> = {
  eip: 'rip',
  ip: 'rip',
  eflags: 'rflags',
  flags: 'rflags',
  ia32_u_cet: 'u_cet',
  ia32_s_cet: 's_cet',
};

/** RFLAGS from the lazy flags and the rest. */
export function readRflags(state: StateView): number {
  const rest = state.get32(STATE.rflags);
  return (
    rest |
    flagC(state) |
    (flagP(state) << 2) |
    (flagA(state) << 4) |
    (flagZ(state) << 6) |
    (flagS(state) << 7) |
    (flagO(state) << 11)
  );
}

/** Sets RFLAGS whole; the arithmetic flags go into the lazy form (`cpu/flags.ts`). */
export function writeRflags(state: StateView, value: number): void {
  const bit = (n: number) => (value >>> n) & 1;
  state.set32(STATE.rflags, ((value & ~0x8d5) | 2) & 0x3f7fd7);
  state.setHalves(STATE.flagResult, bit(6) ? 0 : 0x100, 0);
  state.setHalves(STATE.flagCarry, bit(4) << 3, ((bit(0) << 31) | ((bit(11) ^ bit(0)) << 30)) >>> 0);
  state.set32(STATE.flagWord, (bit(7) << 8) | ((bit(2) ^ 1) << 9));
}

/** Addresses of an XMM or YMM register's 64-bit parts, lowest first. */
function vectorParts(name: string): number[] | undefined {
  const found = /^([xy])mm(\d|1[0-5])$/.exec(name);
  if (!found) return undefined;
  const low = XMM_BASE + Number(found[2]) * 16;
  const high = low + YMM_HIGH_OFFSET;
  return found[1] === 'x' ? [low, low + 8] : [low, low + 8, high, high + 8];
}

/** @throws RangeError for an unknown name */
export function readRegister(state: StateView, requested: string): bigint {
  const name = ALIASES[requested] ?? requested;
  const register = BY_NAME.get(name);
  if (register) {
    const value = register.field.bits === 64 ? state.get64(register.field) : BigInt(state.get32(register.field) >>> 0);
    return register.bits < 64 ? BigInt.asUintN(register.bits, value) : value;
  }
  if (name === 'rflags') return BigInt(readRflags(state) >>> 0);
  if (name === 'cpl') return BigInt(state.get32(STATE.cpl));
  const flag = FLAG_BITS.find(([f]) => f.toLowerCase() === name.toLowerCase());
  if (flag) return BigInt((readRflags(state) >>> flag[1]) & ((1 << flag[2]) - 1));
  const part = subRegister(name);
  if (part) {
    const whole = state.get64({ address: GPR_BASE + part.index * 8, bits: 64 });
    return BigInt.asUintN(part.bits, whole >> BigInt(part.shift));
  }
  const st = stackRegister(state, name);
  if (st) return state.get64(st.significand) | (BigInt(state.get32(st.word) & 0xffff) << 64n);
  const vector = vectorParts(name);
  if (vector) {
    return vector.reduce((value, address, i) => value | (state.get64({ address, bits: 64 }) << BigInt(64 * i)), 0n);
  }
  throw new RangeError(`there is no register "${requested}"`);
}

/** Writes a register as a debugger does. Returns a sentence when the value does not fit. */
export function writeRegister(state: StateView, requested: string, value: bigint): string | undefined {
  const name = ALIASES[requested] ?? requested;
  const tooWide = (bits: number) =>
    value < -(1n << BigInt(bits - 1)) || value >= 1n << BigInt(bits)
      ? `${name}: ${value < 0n ? value : `0x${value.toString(16)}`} does not fit its ${bits} bits.`
      : undefined;
  const register = BY_NAME.get(name);
  if (register) {
    const refused = tooWide(register.bits) ?? impossible(name, value);
    if (refused) return refused;
    if (register.field.bits === 64) state.set64(register.field, value);
    else state.set32(register.field, Number(BigInt.asIntN(32, value)));
    return undefined;
  }
  if (name === 'rflags') {
    const refused = tooWide(22);
    if (!refused) writeRflags(state, Number(value));
    return refused;
  }
  if (name === 'cpl') {
    const refused = tooWide(2);
    if (!refused) state.set32(STATE.cpl, Number(value));
    return refused;
  }
  const flag = FLAG_BITS.find(([f]) => f.toLowerCase() === name.toLowerCase());
  if (flag) {
    const [, bit, width] = flag;
    const refused =
      value < 0n || value >= 1n << BigInt(width)
        ? `${flag[0]}: ${value} does not fit its ${width} bit${width > 1 ? 's' : ''}.`
        : undefined;
    if (!refused) {
      const mask = ((1 << width) - 1) << bit;
      writeRflags(state, (readRflags(state) & ~mask) | (Number(value) << bit));
    }
    return refused;
  }
  const part = subRegister(name);
  if (part) {
    const refused = tooWide(part.bits);
    if (refused) return refused;
    const field: Field = { address: GPR_BASE + part.index * 8, bits: 64 };
    const mask = ((1n << BigInt(part.bits)) - 1n) << BigInt(part.shift);
    const inserted = (BigInt.asUintN(part.bits, value) << BigInt(part.shift)) & mask;
    // As the processor does: a 32-bit write clears the upper half.
    state.set64(field, part.bits === 32 ? inserted : (state.get64(field) & ~mask) | inserted);
    return undefined;
  }
  const st = stackRegister(state, name);
  if (st) {
    const refused = tooWide(80);
    if (refused) return refused;
    state.set64(st.significand, value);
    state.set32(st.word, Number(BigInt.asUintN(80, value) >> 64n));
    return undefined;
  }
  const vector = vectorParts(name);
  if (vector) {
    const refused = tooWide(vector.length * 64);
    if (refused) return refused;
    const whole = BigInt.asUintN(vector.length * 64, value);
    for (const [i, address] of vector.entries()) state.set64({ address, bits: 64 }, whole >> BigInt(64 * i));
    return undefined;
  }
  return `There is no register "${requested}".`;
}

/** Where ST(i) lies now. Writing it leaves its tag. */
function stackRegister(state: StateView, name: string): { significand: Field; word: Field } | undefined {
  const found = /^st([0-7])$/.exec(name);
  if (!found) return undefined;
  const address = x87Address(((state.get32(STATE.fpuStatus) >>> 11) + Number(found[1])) & 7);
  return { significand: { address, bits: 64 }, word: { address: address + 8, bits: 32 } };
}

/** Values that no such register can hold. */
function impossible(name: string, value: bigint): string | undefined {
  if (/^(pl\d_ssp|ssp)$/.test(name) && value & 3n) return `${name}: 0x${value.toString(16)} is not 4-byte aligned.`;
  if (/^[us]_cet$/.test(name) && value & 0x3c0n)
    return `${name}: bits 9:6 are reserved, 0x${value.toString(16)} sets some.`;
  if (/^[us]_cet$/.test(name) && (value & 0xc00n) === 0xc00n)
    return `${name}: SUPPRESS and TRACKER cannot both be set.`;
  return undefined;
}
