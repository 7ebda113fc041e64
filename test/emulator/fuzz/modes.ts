/** Small machines in each mode for the fuzzers: flat, 2 MiB, gates for every exception. */
import { hostPhysical } from '../../../emulator/addresses.ts';
import type { RunExit } from '../../../emulator/api.ts';
import { Machine } from '../../../emulator/machine.ts';

const TABLES = 0x1000;
const IDT = 0x6000;
const GDT = 0x7000;
export const CODE = 0x2_0000;
export const DATA = 0x3_0000;

export interface Mode {
  readonly name: string;
  readonly bits: 64 | 32 | 16;
  /** 16-bit code with 64 KiB segments: in real-address mode (CPL 0) or virtual-8086 mode (CPL 3). */
  readonly segments?: 'real' | 'virtual8086';
  readonly cpl: 0 | 3;
  readonly paging: boolean;
  readonly cet?: boolean;
}

export const MODES: readonly Mode[] = [
  { name: '64-bit code at CPL 0', bits: 64, cpl: 0, paging: true },
  { name: '64-bit code at CPL 3', bits: 64, cpl: 3, paging: true },
  { name: '64-bit code at CPL 3 with CET', bits: 64, cpl: 3, paging: true, cet: true },
  { name: '64-bit code at CPL 0 with CET', bits: 64, cpl: 0, paging: true, cet: true },
  { name: '32-bit code at CPL 0 without paging', bits: 32, cpl: 0, paging: false },
  { name: '32-bit code at CPL 3 without paging', bits: 32, cpl: 3, paging: false },
  { name: 'compatibility mode at CPL 3', bits: 32, cpl: 3, paging: true },
  { name: 'real-address mode', bits: 16, cpl: 0, paging: false, segments: 'real' },
  { name: 'virtual-8086 mode', bits: 16, cpl: 3, paging: false, segments: 'virtual8086' },
];

export function machineFor(mode: Mode): Machine {
  const { bits, cpl, paging, cet } = mode;
  const machine = Machine.create({ cpu: 'tigerlake', memoryBytes: 0x20_0000 });
  const set = (name: string, value: bigint) => {
    const refused = machine.writeRegister(name, value);
    if (refused) throw new Error(refused);
  };
  const put = (address: number, value: bigint) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value, true);
    machine.writePhysical(hostPhysical(address), bytes);
  };
  // The first 2 MiB at themselves, once more at 1 GiB, and a table that points to itself at the top.
  put(TABLES, BigInt(TABLES + 0x1000) | 7n);
  put(TABLES + 511 * 8, BigInt(TABLES) | 7n);
  put(TABLES + 0x1000, BigInt(TABLES + 0x2000) | 7n);
  put(TABLES + 0x1008, 0x87n);
  put(TABLES + 0x2000, 0x87n);
  // Flat descriptors: null, code and data of ring 0, code and data of ring 3, 64-bit code of both rings.
  for (const [i, value] of DESCRIPTORS.entries()) put(GDT + i * 8, value);
  // Gates for all exceptions, to a place with random bytes too.
  for (let vector = 0; vector < 32; vector++) {
    const low = BigInt(CODE + 0x800 + vector * 16);
    const selector = paging ? 0x28n : 0x08n;
    const gate = (low & 0xffffn) | (selector << 16n) | (0xee00n << 32n) | ((low >> 16n) << 48n);
    put(IDT + vector * (paging ? 16 : 8), gate);
    if (paging) put(IDT + vector * 16 + 8, 0n);
  }
  set('cr3', BigInt(TABLES));
  set('cr4', cet ? 0x80_0620n : 0x620n);
  set('efer', paging ? 0xd01n : 0n);
  set('cr0', paging ? 0x8001_0033n : 0x11n);
  set('gdtr.base', BigInt(GDT));
  set('gdtr.limit', 55n);
  set('idtr.base', BigInt(IDT));
  set('idtr.limit', paging ? 511n : 255n);
  const attributes = (base: bigint) => base | (cpl === 3 ? 0x60n : 0n);
  set('cs', bits === 64 ? (cpl ? 0x33n : 0x28n) : cpl ? 0x1bn : 0x08n);
  set('cs.base', 0n);
  set('cs.limit', 0xffff_ffffn);
  set('cs.attributes', attributes(bits === 64 ? 0xa09bn : 0xc09bn));
  for (const name of ['ss', 'ds', 'es', 'fs', 'gs']) {
    set(name, cpl ? 0x23n : 0x10n);
    set(`${name}.base`, 0n);
    set(`${name}.limit`, 0xffff_ffffn);
    set(`${name}.attributes`, attributes(0xc093n));
  }
  if (cet) {
    set(cpl === 3 ? 'u_cet' : 's_cet', 0x7n);
    set('ssp', BigInt(DATA + 0x800));
  }
  if (mode.segments) narrowSegments(machine, mode.segments);
  return machine;
}

/** Code, stack and data as segments of 64 KiB; in real mode a table of vectors too. */
function narrowSegments(machine: Machine, kind: 'real' | 'virtual8086'): void {
  const attributes = kind === 'real' ? 0x93n : 0xf3n;
  for (const name of ['cs', 'ss', 'ds', 'es', 'fs', 'gs']) {
    const base = BigInt(name === 'cs' ? CODE : DATA);
    machine.writeRegister(name, base >> 4n);
    machine.writeRegister(`${name}.base`, base);
    machine.writeRegister(`${name}.limit`, 0xffffn);
    machine.writeRegister(`${name}.attributes`, attributes);
  }
  if (kind === 'virtual8086') {
    machine.writeRegister('cr4', 0x621n);
    machine.writeRegister('rflags', 0x2_0002n);
    return;
  }
  machine.writeRegister('cr0', 0x10n);
  machine.writeRegister('idtr.base', 0n);
  machine.writeRegister('idtr.limit', 0x3ffn);
  for (let vector = 0; vector < 256; vector++) {
    const entry = Uint8Array.of(vector & 0xff, 0x08, (CODE >> 4) & 0xff, CODE >> 12);
    machine.writePhysical(hostPhysical(vector * 4), entry);
  }
}

const DESCRIPTORS = [
  0n,
  0x00cf_9b00_0000_ffffn,
  0x00cf_9300_0000_ffffn,
  0x00cf_fb00_0000_ffffn,
  0x00cf_f300_0000_ffffn,
  0x00af_9b00_0000_ffffn,
  0x00af_fb00_0000_ffffn,
];

const KINDS = new Set(['budget', 'exception', 'halted', 'tripleFault', 'debugExit', 'reset', 'unsupported']);

/** Runs and checks what comes out: at most `steps` steps, a known exit, and a sentence where one belongs. */
export function runChecked(machine: Machine, steps: number, where: () => string): RunExit {
  const before = machine.steps;
  let exit: RunExit;
  try {
    exit = machine.run(steps);
  } catch (error) {
    throw new Error(`${where()}, RIP 0x${machine.readRegister('rip').toString(16)}: ${(error as Error).stack}`);
  }
  const taken = machine.steps - before;
  if (!KINDS.has(exit.kind)) throw new Error(`${where()}: exit ${exit.kind}`);
  if (taken > steps) throw new Error(`${where()}: ${taken} steps of ${steps}`);
  if (exit.kind === 'budget' && taken !== steps) throw new Error(`${where()}: the budget ended after ${taken} steps`);
  if ('sentence' in exit && !/^[A-Z].*[.)]$/.test(exit.sentence)) throw new Error(`${where()}: '${exit.sentence}'`);
  return exit;
}

const GENERAL = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' ');

/** Prefixes and escape bytes, so that long and rare instructions come up. */
const SPICE = [0x0f, 0x66, 0xf2, 0xf3, 0x48, 0x41, 0xf0, 0x67, 0x64, 0x3e, 0xc4, 0xc5, 0x62, 0x8f, 0xc7, 0xae, 0x01];

function fill(below: (n: number) => number, bytes: Uint8Array): void {
  const spicy = below(2) === 1;
  for (let i = 0; i < bytes.length; i++) bytes[i] = spicy && below(4) === 0 ? SPICE[below(SPICE.length)]! : below(256);
}

function registerValue(below: (n: number) => number): bigint {
  switch (below(6)) {
    case 0:
      return BigInt(below(0x100));
    case 1:
      return (BigInt(below(0x1_0000_0000)) << 32n) | BigInt(below(0x1_0000_0000));
    case 2:
      return 0x7fff_ffff_fff8n + BigInt(below(16));
    case 3:
      return 0xffff_ffff_ffff_fff0n + BigInt(below(16));
    default:
      return BigInt(DATA + below(0x1010));
  }
}

/** Offset in CS of a place in the code. */
export const codeOffset = (machine: Machine, at: number): bigint =>
  BigInt.asUintN(32, BigInt(CODE + at) - machine.readRegister('cs.base'));

/** Random code, data, registers and flags; RIP somewhere in the code. */
export function scatter(machine: Machine, below: (n: number) => number): void {
  const bytes = new Uint8Array(0x1000);
  fill(below, bytes);
  machine.writePhysical(hostPhysical(CODE), bytes);
  if (below(8) === 0) fill(below, bytes);
  machine.writePhysical(hostPhysical(DATA), bytes);
  for (const name of GENERAL) machine.writeRegister(name, registerValue(below));
  machine.writeRegister('rsp', BigInt(DATA + 8 * below(0x200)));
  const virtual8086 = machine.readRegister('rflags') & 0x2_0000n;
  machine.writeRegister('rflags', BigInt((below(0x40_0000) & 0x24_ffd5) | 2) | virtual8086);
  machine.writeRegister('rip', codeOffset(machine, below(0x1000)));
}
