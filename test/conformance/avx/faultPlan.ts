/**
 * Vector instructions that fault: VEX encodings with a bit or a prefix that is not theirs, operands at odd addresses, and
 * unmasked floating-point exceptions. All of it follows from the Codes' names.
 */
import { CpuidFeature } from 'iced-x86';
import { mixSeed, Prng } from '../prng.ts';
import { codesWith, encode, FEATURES, hash, PLACE, stateBefore } from './plan.ts';

export interface FaultCase {
  /** Code, `register` or `memory`, and the variant. */
  readonly label: string;
  readonly variant: string;
  readonly code: Uint8Array;
  readonly before: Uint8Array;
}

const LEGACY: ReadonlySet<CpuidFeature> = new Set([
  CpuidFeature.SSE,
  CpuidFeature.SSE2,
  CpuidFeature.SSE3,
  CpuidFeature.SSSE3,
  CpuidFeature.SSE4_1,
  CpuidFeature.SSE4_2,
]);
/** No vector instructions, addresses in other registers, results that differ between processors. */
const NO_VECTORS = /^(Movnti|Crc32|Prefetch|[LMS]fence|Pause|Clflush|Maskmov|Rcp|Rsqrt|Ldmxcsr|Reserved|Emms)/;
const NO_ARITHMETIC =
  /^v?(mov|and|or|xor|unpck|shuf|blend|perm|broadcast|insert|extract|test|gather|maskmov|zero|stmxcsr|lddqu|p[a-z])/i;

const vexAt = (code: Uint8Array): number => code.findIndex((byte) => byte === 0xc4 || byte === 0xc5);

/** The three-byte form. */
function longForm(code: Uint8Array): Uint8Array {
  if (code[0] === 0xc4) return code;
  const second = code[1]!;
  return Uint8Array.of(0xc4, (second & 0x80) | 0x61, second & 0x7f, ...code.subarray(2));
}

function changed(code: Uint8Array, bits: number): Uint8Array {
  const long = longForm(code).slice();
  long[2]! ^= bits;
  return long;
}

const withVvvv = (code: Uint8Array, value: number): Uint8Array => {
  const long = longForm(code).slice();
  long[2] = (long[2]! & 0x87) | (value << 3);
  return long;
};
const prefixed =
  (...prefixes: number[]) =>
  (code: Uint8Array) =>
    Uint8Array.of(...prefixes, ...code);

const VEX_VARIANTS: Readonly<Record<string, (code: Uint8Array) => Uint8Array>> = {
  lock: prefixed(0xf0),
  '66': prefixed(0x66),
  f2: prefixed(0xf2),
  f3: prefixed(0xf3),
  rex: prefixed(0x40),
  'rex.w': prefixed(0x48),
  l: (code) => changed(code, 4),
  w: (code) => changed(code, 0x80),
  'vvvv 0000': (code) => withVvvv(code, 0),
  'vvvv 1010': (code) => withVvvv(code, 10),
  'vvvv 1111': (code) => withVvvv(code, 15),
};
const DISPLACEMENTS = [1, 8, 16];

/** A state as `stateBefore` makes it for the VEX form of the instruction. */
const stateOf = (name: string, seed: number): Uint8Array => {
  const vex = name.startsWith('VEX_') ? name : `VEX_V${name[0]!.toLowerCase()}${name.slice(1)}`;
  const state = stateBefore({ name: vex, encodings: [] }, { code: new Uint8Array(), seed, cases: 1 }, 0);
  return state;
};

/** Every vector Code, with registers and with memory. */
const forms = (): {
  name: string;
  where: string;
  memory: boolean;
  make: (displacement: number) => Uint8Array | undefined;
}[] =>
  [...codesWith(FEATURES), ...codesWith(LEGACY).filter(([name]) => !NO_VECTORS.test(name))].flatMap(([name, code]) =>
    [false, true].flatMap((memory) => {
      const make = (displacement: number) => encode(code, memory, 0x1b, displacement);
      return make(0) ? [{ name, where: memory ? 'memory' : 'register', memory, make }] : [];
    }),
  );

/** What an encoding or an address may be wrong in. */
function encodings(): FaultCase[] {
  return forms().flatMap(({ name, where, memory, make }) => {
    const plain = make(0)!;
    const variants: [string, Uint8Array][] = [['plain', plain]];
    if (vexAt(plain) === 0) {
      for (const [variant, change] of Object.entries(VEX_VARIANTS)) variants.push([variant, change(plain)]);
    } else variants.push(['lock', prefixed(0xf0)(plain)]);
    if (memory) for (const d of DISPLACEMENTS) variants.push([`displaced by ${d}`, make(d)!]);
    return variants.map(([variant, code]) => {
      const label = `${name} ${where} ${variant}`;
      return { label, variant, code, before: stateOf(name, hash(label)) };
    });
  });
}

const NUMERIC_CASES = 24;

/** Arithmetic with some exceptions unmasked. */
function numeric(): FaultCase[] {
  return forms()
    .filter(({ name }) => !NO_ARITHMETIC.test(name.replace(/^VEX_/, '').replace(/_.*/, '')))
    .flatMap(({ name, where, make }) =>
      Array.from({ length: NUMERIC_CASES }, (_, i) => {
        const label = `${name} ${where} unmasked ${i}`;
        const seed = mixSeed(hash(label), i, 7);
        const before = stateOf(name, seed);
        const prng = new Prng(seed);
        const masks = prng.next() & prng.next() & 0x1f80;
        const modes = prng.below(3) === 0 ? prng.next() & 0xe040 : 0;
        new DataView(before.buffer).setUint32(PLACE.mxcsr, masks | modes | (i & 1 ? prng.next() & 0x3f : 0), true);
        return { label, variant: 'unmasked', code: make(0)!, before };
      }),
    );
}

export const faultPlan = (): FaultCase[] => [...encodings(), ...numeric()];
