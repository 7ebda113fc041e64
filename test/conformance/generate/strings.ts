/** String instructions: RSI and RDI placed so that the run stays inside the data window, counts small, both directions. */

import { Decoder, DecoderOptions } from 'iced-x86';
import type { DrawnPiece, EncodingPlan, Override, VectorPlan } from '../plan.ts';
import { Target } from '../plan.ts';
import type { Prng } from '../prng.ts';
import { CODE_BASE, DATA_BASE, PAGE } from '../windows.ts';
import { RAX, RCX, RDI, RSI, setRegister } from './common.ts';
import type { Requirement } from './scope.ts';

const PATTERN = /^(Movs|Cmps|Stos|Lods|Scas)([bwdq])_(?:m|A|E|R)/;
const NO_REGISTER = 255;
const FS_PREFIX = 0x64;
const GS_PREFIX = 0x65;
const WIDTH: Readonly<Record<string, number>> = { b: 1, w: 2, d: 4, q: 8 };
/** Most elements in a run. */
const LONGEST = 24;
const MIDDLE = DATA_BASE + PAGE;

export function isString(name: string): boolean {
  return PATTERN.test(name);
}

/** The bytes of a string instruction with its prefixes; where REP stands among them does not matter, so it varies. */
function stringCode(
  prng: Prng,
  { scoped, bitness, variant }: Requirement,
  width: number,
  segment: number | undefined,
): Uint8Array {
  const prefixes: number[] = segment === undefined ? [] : [segment];
  if (variant.includes('addr32')) prefixes.push(0x67);
  if (width === 2) prefixes.push(0x66);
  if (/\brepe?\b/.test(variant)) prefixes.push(0xf3);
  if (/\brepne\b/.test(variant)) prefixes.push(0xf2);
  if (prng.below(2) === 0) prefixes.reverse();
  if (width === 8) prefixes.push(0x48);
  const code = Uint8Array.of(...prefixes, scoped.info.opCode);
  const decoder = new Decoder(bitness, code, DecoderOptions.None);
  const decoded = decoder.decode();
  if (decoded.code !== scoped.code) throw new Error(`${scoped.name} was built as bytes of another Code.`);
  decoded.free();
  decoder.free();
  return code;
}

interface Run {
  readonly backwards: boolean;
  readonly count: number;
  readonly width: number;
}

/** First address of a run that crosses the boundary with one element or lies inside a page. */
function placeRun(prng: Prng, { backwards, count, width }: Run, split: boolean): number {
  const span = Math.max(1, count) * width;
  let low: number;
  if (split) low = MIDDLE - 1 - prng.below(width - 1) - width * prng.below(Math.max(1, count));
  else low = DATA_BASE + PAGE * prng.below(2) + prng.below(PAGE - span + 1);
  return backwards ? low + span - width : low;
}

export function buildStringEncoding(prng: Prng, requirement: Requirement, vectors: number): EncodingPlan {
  const { scoped, bitness, shape, variant } = requirement;
  const [, operation, letter] = PATTERN.exec(scoped.name)!;
  const width = WIDTH[letter!]!;
  const repeats = variant.includes('rep');
  const narrow = variant.includes('addr32');
  const bits = bitness;
  const plans: VectorPlan[] = [];
  const run: Run = { backwards: prng.below(2) === 0, count: repeats ? 1 + prng.below(LONGEST) : 1, width };
  // Of two pointers at least one crosses when the shape asks for it; half of the pairs overlap.
  const sourceSplits = shape === 'split' && (operation === 'Lods' || prng.below(2) === 0);
  const usesSource = /Movs|Cmps|Lods/.test(operation!);
  const usesDestination = operation !== 'Lods';
  let source = placeRun(prng, run, sourceSplits && usesSource);
  let destination = placeRun(prng, run, shape === 'split' && (!sourceSplits || !usesSource || prng.below(2) === 0));
  if (operation === 'Movs' && shape === 'memory' && prng.below(3) === 0) {
    const near = source + (prng.below(5) - 2) * width;
    if (near >= DATA_BASE && Math.floor(near / PAGE) === Math.floor(source / PAGE)) destination = near;
  }
  // Equal operands, so that REPE runs to the end of its count.
  if (operation === 'Cmps' && prng.below(4) === 0) {
    if (sourceSplits) destination = source;
    else source = destination;
  }
  const overrides: Override[] = [];
  const pointer = (register: number, address: number) => {
    const upper = narrow ? BigInt(prng.next()) << 32n : 0n;
    overrides.push(setRegister(register, bits, upper | BigInt(address)));
  };
  // A segment override applies to the source only.
  const segment = usesSource && bitness === 64 && prng.below(5) === 0 ? prng.pick([FS_PREFIX, GS_PREFIX]) : undefined;
  const segmentBase = segment === undefined ? 0 : 0x1000 + prng.below(0x1000_0000);
  if (segment !== undefined)
    overrides.push({
      target: segment === FS_PREFIX ? Target.fsBase : Target.gsBase,
      size: 8,
      value: BigInt(segmentBase),
    });
  if (usesSource) pointer(RSI, source - segmentBase);
  if (usesDestination) pointer(RDI, destination);
  const drawn: DrawnPiece[] = [];
  const reach = (address: number) => {
    const span = run.count * width;
    const low = run.backwards ? address - span + width : address;
    const start = Math.max(DATA_BASE, low);
    drawn.push({ address: start, length: Math.min(low + span, DATA_BASE + 2 * PAGE) - start });
  };
  if (usesSource) reach(source);
  if (usesDestination) reach(destination);

  for (let v = 0; v < vectors; v++) {
    const vector: Override[] = [];
    // The encoding's run is the longest; a vector may take fewer elements, now and then none.
    const flags = 0x202 | (run.backwards ? 0x400 : 0) | (prng.next() & 0x8d5);
    vector.push({ target: Target.rflags, size: 2, value: BigInt(flags) });
    if (repeats) {
      const count = prng.below(6) === 0 ? prng.below(run.count + 1) : run.count;
      const upper = narrow && count > 0 ? BigInt(prng.next()) << 32n : 0n;
      vector.push(setRegister(RCX, bits, upper | BigInt(count)));
      // With 32-bit addresses and no iteration processors differ in whether upper halves are cleared.
      if (narrow && count === 0) {
        if (usesSource) vector.push(setRegister(RSI, 64, BigInt(source - segmentBase)));
        if (usesDestination) vector.push(setRegister(RDI, 64, BigInt(destination)));
      }
    }
    if (operation === 'Scas' && prng.below(3) !== 0)
      vector.push(setRegister(RAX, bits, BigInt(prng.below(2) === 0 ? 0 : prng.below(4)) * 0x0101_0101_0101_0101n));
    plans.push({ overrides: vector, pieces: [] });
  }
  const ip = CODE_BASE + 0x40 + prng.below(2 * PAGE - 0x80);
  return {
    ip,
    code: stringCode(prng, requirement, width, segment),
    operand0: NO_REGISTER,
    overrides,
    drawn,
    vectors: plans,
  };
}
