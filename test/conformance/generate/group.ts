/** Turns a requirement into a group's plan. */

import { OpCodeOperandKind as Kind } from 'iced-x86';
import { type EncodingPlan, type GroupPlan, MxcsrMode } from '../plan.ts';
import { mixSeed, Prng } from '../prng.ts';
import { ValueKind } from '../values.ts';
import { buildEncoding } from './build.ts';
import { widthOf } from './common.ts';
import { fileOf, type Requirement } from './scope.ts';
import { specialOf } from './special.ts';
import { buildStringEncoding, isString } from './strings.ts';

/** Vectors that a group must have at least. */
export const LEAST_VECTORS = 64;

/** Of each of eight encodings: x87 operands have many kinds, and rounding and precision are drawn too. */
const X87_VECTORS = 12;

const WIDTH_KINDS = new Map<number, ValueKind>([
  [8, ValueKind.int8],
  [16, ValueKind.int16],
  [32, ValueKind.int32],
  [64, ValueKind.int64],
]);

/** A group's seed depends on its name alone, so that adding a group changes no other. */
function seedOf({ scoped, bitness, shape, variant }: Requirement): number {
  let hash = 0x811c_9dc5;
  for (const char of `${scoped.name} ${bitness} ${shape} ${variant}`)
    hash = Math.imul(hash ^ char.charCodeAt(0), 0x0100_0193);
  return hash >>> 0;
}

/** What memory holds for an x87 instruction, from its operand's name. */
function x87Memory(name: string): ValueKind {
  const found = /_m(\d+)(fp|int|bcd)$/.exec(name);
  if (!found) return ValueKind.int16;
  if (found[2] === 'bcd') return ValueKind.bcd;
  if (found[2] === 'int') return WIDTH_KINDS.get(Number(found[1]))!;
  return { '32': ValueKind.float32, '64': ValueKind.float64, '80': ValueKind.float80 }[found[1]!]!;
}

export function planGroup(requirement: Requirement): GroupPlan {
  const { scoped, bitness, shape, variant } = requirement;
  const seed = seedOf(requirement);
  const prng = new Prng(mixSeed(seed, 0xfffe, 0xffff));
  const strings = isString(scoped.name);
  const special = specialOf(requirement);
  const kind =
    WIDTH_KINDS.get(widthOf(scoped.name)) ??
    (/_[AER]*AL_|_AL$/.test(scoped.name) ? ValueKind.int8 : bitness === 64 ? ValueKind.int64 : ValueKind.int32);
  const immediates = scoped.operands.some((k) => Kind[k]!.startsWith('imm') && k !== Kind.imm8_const_1);
  const counts =
    special.counts ??
    (fileOf(requirement) === 'x87' ? { encodings: 8, vectors: X87_VECTORS } : undefined) ??
    (immediates
      ? { encodings: 32, vectors: 2 }
      : shape === 'register' && !strings
        ? { encodings: 8, vectors: 8 }
        : { encodings: 16, vectors: 4 });
  const x87 = fileOf(requirement) === 'x87';
  const encodings: EncodingPlan[] = [];
  for (let e = 0; e < counts.encodings; e++)
    encodings.push(
      strings
        ? buildStringEncoding(prng, requirement, counts.vectors)
        : buildEncoding(prng, requirement, special, counts.vectors),
    );
  return {
    codeName: scoped.name,
    bitness,
    shape,
    variant,
    registerKind: special.kinds?.register ?? kind,
    memoryKind: x87 ? x87Memory(scoped.name) : strings ? ValueKind.runs : (special.kinds?.memory ?? kind),
    xmmKind: x87
      ? ValueKind.float80
      : (special.kinds?.xmm ?? (/^(integer|mmx)/.test(fileOf(requirement)) ? ValueKind.plain : ValueKind.int32)),
    mxcsrMode: special.kinds?.mxcsr ?? MxcsrMode.nearest,
    seed,
    encodings,
  };
}
