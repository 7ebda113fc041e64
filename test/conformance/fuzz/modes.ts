/** What each mode and ring starts from: windows, selectors, flags; and what a case must not touch there. */
import { Code, type Instruction, Mnemonic } from 'iced-x86';
import type { Prng } from '../prng.ts';
import type { Setting } from './exclusions.ts';
import { type FuzzCase, MEMORY_BYTES, ORIGIN, PAGE, type Selectors, type WindowBases } from './layout.ts';

export interface Place {
  readonly bits: 16 | 32 | 64;
  /** 64-bit registers. */
  readonly wide: boolean;
  readonly windows: WindowBases;
  /** Base of the code segment. */
  readonly codeBase: bigint;
  /** What the stack pointer is added to, in terms of its segment. */
  readonly stackOffset: number;
  /** Starts of windows as the program names them. */
  readonly pointers: readonly number[];
  readonly flags: number;
  /** What far pointers in the windows are made of. */
  readonly selectorsInMemory?: readonly number[];
  selectors(prng: Prng): Selectors;
  /** Why none of these linear addresses may be used. */
  readonly protects?: (addresses: readonly bigint[]) => string | undefined;
  readonly refuses?: (instruction: Instruction, item: FuzzCase) => string | undefined;
}

const LINEAR: WindowBases = { code: 0x2000_0000, data: 0x3000_0000, stack: 0x3100_0000 };

const LOW: WindowBases = { code: 0x2_0000, data: 0x3_0000, stack: 0x4_0000 };
const VM = 0x2_0000;
const LEGACY_SELECTORS = [
  ...[0, 3, 0x08, 0x10, 0x18, 0x1b, 0x20, 0x23, 0x28, 0x33, 0x38, 0x3b, 0x40, 0x48, 0x53, 0x50, 0x5b, 0x63, 0x68, 0x6b],
  ...[0x70, 0x73, 0x7b, 0x80, 0x83, 0x8b, 0x93, 0x98, 0x9b, 0xa3, 0xa8, 0x1000],
];

/** The kernel's memory, which ring 0 could write to. */
function kernelMemory(addresses: readonly bigint[]): string | undefined {
  const inside = (address: bigint) => address + BigInt(PAGE) > BigInt(ORIGIN) && address < BigInt(MEMORY_BYTES + PAGE);
  return addresses.some(inside) ? "an address in the kernel's memory" : undefined;
}

/** Bit strings reach far beside their operand; in ring 0 that could be the kernel's memory. */
function refusesBitStrings(instruction: Instruction): string | undefined {
  const name = Code[instruction.code] ?? '';
  return /^Bt[crs]?_rm\d+_r\d+$/.test(name) ? 'a bit string reaches far' : undefined;
}

const IO = [Mnemonic.In, Mnemonic.Out, Mnemonic.Insb, Mnemonic.Insw, Mnemonic.Insd];
const IO_OUT = [Mnemonic.Outsb, Mnemonic.Outsw, Mnemonic.Outsd];
/** I/O that IOPL allows would reach devices. */
function refusesPorts(instruction: Instruction, { flags }: FuzzCase): string | undefined {
  const port = [...IO, ...IO_OUT].includes(instruction.mnemonic);
  return port && ((flags >> 12) & 3) === 3 ? 'IOPL allows it' : undefined;
}

/** The segments that a Linux process has in each mode, by this kernel's selectors. */
const NATIVE_64: Selectors = { cs: 0x2b, ss: 0x23, ds: 0, es: 0, fs: 0, gs: 0 };
const NATIVE_32: Selectors = { cs: 0x1b, ss: 0x23, ds: 0x23, es: 0x23, fs: 0, gs: 0 };
const NATIVE_16: Selectors = { cs: 0x53, ss: 0x63, ds: 0x5b, es: 0x5b, fs: 0, gs: 0x5b };

export function settingOf(setting: Setting): Place {
  const { mode, cpl, against } = setting;
  const guard = cpl === 0 ? { protects: kernelMemory, refuses: refusesBitStrings } : { refuses: refusesPorts };
  if (mode === '64') {
    const data = [0, 0x10, 0x23, 0x10, 0x20, 0x63];
    const own = (prng: Prng): Selectors => ({
      cs: cpl === 0 ? 0x08 : 0x2b,
      ss: cpl === 0 ? 0x10 : 0x23,
      ds: prng.pick(cpl === 0 ? data : [0, 0x23]),
      es: prng.pick([0, 0x23]),
      fs: prng.pick([0, 0x23]),
      gs: prng.pick([0, 0x23]),
    });
    return {
      bits: 64,
      wide: true,
      windows: LINEAR,
      codeBase: 0n,
      stackOffset: LINEAR.stack,
      pointers: [LINEAR.code, LINEAR.data, LINEAR.data, LINEAR.data, LINEAR.stack],
      flags: 0,
      selectors: against === 'processor' ? () => NATIVE_64 : own,
      ...guard,
    };
  }
  if (mode === '32') {
    const flat = cpl === 0 ? [0x10, 0x10, 0, 0x83, 0x23] : [0x23, 0x23, 0, 0x83];
    const based = cpl === 0 ? [0x40, 0x5b, 0x7b, 0x93] : [0x5b, 0x7b, 0x93];
    const own = (prng: Prng): Selectors => ({
      cs: cpl === 0 ? 0x08 : 0x1b,
      ss: cpl === 0 ? 0x10 : 0x23,
      ds: prng.below(8) === 0 ? prng.pick(flat) : flat[0]!,
      es: prng.below(8) === 0 ? prng.pick(flat) : flat[0]!,
      fs: prng.pick([...flat, ...based]),
      gs: prng.pick([...flat, ...based]),
    });
    return {
      bits: 32,
      wide: false,
      windows: LINEAR,
      codeBase: 0n,
      stackOffset: LINEAR.stack,
      pointers: [LINEAR.code, LINEAR.data, LINEAR.data, LINEAR.data, LINEAR.stack],
      flags: 0,
      selectors: against === 'processor' ? () => NATIVE_32 : own,
      selectorsInMemory: LEGACY_SELECTORS,
      ...guard,
    };
  }
  if (mode === '16') {
    const ring = cpl === 0 ? { code: 0x38, data: 0x40, stack: 0x48 } : { code: 0x53, data: 0x5b, stack: 0x63 };
    return {
      bits: 16,
      wide: false,
      windows: LINEAR,
      codeBase: BigInt(LINEAR.code),
      stackOffset: 0,
      pointers: [0],
      flags: 0,
      selectors: (prng) =>
        against === 'processor'
          ? NATIVE_16
          : {
              cs: ring.code,
              ss: ring.stack,
              ds: ring.data,
              es: prng.pick([ring.data, ring.stack, 0x93]),
              fs: prng.pick([ring.data, 0, 0x7b, 0x93]),
              gs: prng.pick([ring.data, ring.stack, 0x53]),
            },
      selectorsInMemory: LEGACY_SELECTORS,
      ...(cpl === 3 && { refuses: refusesPorts }),
    };
  }
  return {
    bits: 16,
    wide: false,
    windows: LOW,
    codeBase: BigInt(LOW.code),
    stackOffset: 0,
    pointers: [0],
    flags: VM,
    selectors: (prng) => ({
      cs: LOW.code >> 4,
      ss: LOW.stack >> 4,
      ds: LOW.data >> 4,
      es: prng.pick([LOW.data >> 4, LOW.stack >> 4, (LOW.data >> 4) + prng.below(256)]),
      fs: prng.pick([LOW.data >> 4, 0, 0xffff]),
      gs: prng.pick([LOW.data >> 4, (LOW.code >> 4) - 1, 0x93]),
    }),
    selectorsInMemory: [0x2000, 0x3000, 0x4000, 0x2080, 0x3100, 0, 0xffff],
    refuses: refusesPorts,
  };
}
