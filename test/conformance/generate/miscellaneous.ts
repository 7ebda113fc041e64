/** Instructions that need one thing of their own: XLAT's table, BOUND's limits, INTO's flag, MXCSR images, SSE immediates. */

import { MxcsrMode, Target } from '../plan.ts';
import type { Prng } from '../prng.ts';
import { ValueKind } from '../values.ts';
import { DATA_BASE, PAGE } from '../windows.ts';
import { interesting, piece, RAX, RBX, RCX, RDX, setLow, setRegister, vectorPlan } from './common.ts';
import { needsAlignment, type Requirement, roundingMatters } from './scope.ts';
import type { Special } from './special.ts';

export function miscellaneousSpecial(requirement: Requirement): Special | undefined {
  const { scoped, variant } = requirement;
  const { name } = scoped;
  if (/^Xlat/.test(name)) return xlatSpecial(requirement);
  if (/^Bound_/.test(name)) return boundSpecial(name);
  if (name === 'Into') return { vector: () => vectorPlan([{ target: Target.rflags, size: 4, value: 0x2d7n }]) };
  if (name === 'Aam_imm8' || name === 'Aad_imm8')
    return {
      immediate: (prng) => BigInt(prng.pick([10, 10, 0, 1, 16, 0xff, prng.below(256)])),
      counts: { encodings: 32, vectors: 4 },
    };
  if (name === 'Ldmxcsr_m32') return ldmxcsrSpecial();
  if (/^Pcmp[ei]str/.test(name)) return compareStringSpecial(name);
  if (/^(Pblendvb|Blendvp[sd])_/.test(name)) return { kinds: { xmm: ValueKind.int8, memory: ValueKind.int8 } };
  if (roundingMatters(name) || /^Stmxcsr/.test(name)) return floatSpecial(requirement);
  if (/^P(s[rl]l|sra)[wdq]_(xmm_xmmm128|mm_mmm64)$/.test(name))
    return { kinds: { xmm: ValueKind.counts, memory: ValueKind.counts } };
  const shift = /^Ps(?:rl|ll|ra)(w|d|q|ldq|rldq|lldq|dq)_x?mm_imm8$/.exec(name);
  if (shift)
    return {
      immediate: (prng) =>
        BigInt(prng.pick([0, 1, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 255, prng.below(64), prng.below(256)])),
      counts: { encodings: 32, vectors: 2 },
    };
  if (/^(Unpck|Shuf|Mov|And|Andn|Or|Xor)\w*p[sd]_xmm/.test(name) || /^(Movs[sd]_xmm|Movs[sd]_\w*_xmm)/.test(name))
    return { kinds: { xmm: ValueKind.float32, memory: ValueKind.float32 } };
  if (variant === '' && packedLane(name) !== undefined) {
    const lane = packedLane(name)!;
    return { kinds: { xmm: lane, memory: lane } };
  }
  return undefined;
}

/** Lane width of packed-integer instructions, from the letter behind their mnemonic. */
function packedLane(name: string): ValueKind | undefined {
  const match =
    /^P(?:add|sub|mul|madd|cmp|ack|avg|min|max|sad|unpck|shuf|extr|insr|movmsk)\w*?(bw|wd|dq|b|w|d|q)_(x?mm|r32|r64)/.exec(
      name,
    );
  if (!match) return undefined;
  const letter = match[1]![0]!;
  return { b: ValueKind.int8, w: ValueKind.int16, d: ValueKind.int32, q: ValueKind.int64 }[letter];
}

/** A table of 256 bytes that RBX points to, in one page. */
function xlatSpecial({ bitness, variant }: Requirement): Special {
  return {
    encoding: (prng) => {
      const table = DATA_BASE + PAGE * prng.below(2) + prng.below(PAGE - 256);
      const upper = variant === 'addr32' ? BigInt(prng.next()) << 32n : 0n;
      return {
        overrides: [setRegister(RBX, bitness, upper | BigInt(table))],
        drawn: [{ address: table, length: 256 }],
      };
    },
  };
}

function boundSpecial(name: string): Special {
  const bits = name.includes('_r16') ? 16 : 32;
  return {
    vector: (prng, { registers, memory }) => {
      const index = BigInt.asIntN(bits, interesting(prng, bits));
      const below = BigInt(prng.below(5) - 1);
      const above = BigInt(prng.below(5) - 1);
      return vectorPlan(
        [setRegister(registers[0]!, bits, index)],
        [piece(memory!.address, bits, index - below), piece(memory!.address + bits / 8, bits, index + above)],
      );
    },
  };
}

/** Lengths in RAX and RDX, most of them inside the register, of either sign. */
function compareStringSpecial(name: string): Special {
  const bits = name.includes('64_') ? 64 : 32;
  const length = (prng: Prng): bigint => (prng.below(8) === 0 ? interesting(prng, bits) : BigInt(prng.below(36)) - 18n);
  return {
    kinds: { xmm: ValueKind.text, memory: ValueKind.text },
    avoid: [RAX, RCX, RDX],
    counts: { encodings: 64, vectors: 4 },
    vector: (prng) => vectorPlan([RAX, RDX].map((register) => setLow(prng, 64, register, bits, length(prng)))),
  };
}

function ldmxcsrSpecial(): Special {
  return {
    vector: (prng, { memory }) => {
      let image = BigInt(prng.next() & 0xffff);
      // Reserved bits raise #GP; bit 17 does not on AMD processors (misaligned mode).
      if (prng.below(4) === 0) image |= 1n << BigInt(prng.pick([16, 18, 19, 24, 31]));
      return vectorPlan([], [piece(memory!.address, 32, image)]);
    },
  };
}

function floatSpecial({ scoped, shape, variant }: Requirement): Special {
  const { name, operands } = scoped;
  const mxcsr = variant === 'rounding' || /^Stmxcsr/.test(name) ? MxcsrMode.all : MxcsrMode.nearest;
  const alwaysFaults = shape === 'split' && needsAlignment(scoped);
  const { xmm, memory } = floatKinds(name);
  return {
    kinds: { register: /_rm64|_r64/.test(name) ? ValueKind.int64 : ValueKind.int32, memory, xmm, mxcsr },
    // Sixteen encodings with few vectors each would see few values of each lane: more vectors.
    counts: { encodings: 16, vectors: variant === 'rounding' || alwaysFaults ? 4 : 6 },
    ...(operands.length === 3 ? { immediate: (prng) => BigInt(prng.below(name.startsWith('Cmp') ? 8 : 256)) } : {}),
  };
}

function floatKinds(name: string): { xmm: ValueKind; memory: ValueKind } {
  const conversion = /^Cvtt?(ps|pd|ss|sd|si|dq|pi)2/.exec(name)?.[1];
  const letters = conversion ?? /^(?:Cmp|\w*?)([ps][sd])_/.exec(name)?.[1] ?? 'ps';
  if (letters === 'si') {
    const memory = name.includes('rm64') ? ValueKind.int64 : ValueKind.int32;
    return { xmm: ValueKind.float32, memory };
  }
  const kind =
    letters === 'dq' || letters === 'pi'
      ? ValueKind.int32
      : letters.endsWith('d')
        ? ValueKind.float64
        : ValueKind.float32;
  return { xmm: kind, memory: kind };
}
