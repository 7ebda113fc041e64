import type { Msr } from './msrs.ts';
import type { Processor } from './profiles/profiles.ts';
import { MTRR } from './state.ts';

/** Memory-type range registers (SDM Vol. 3A §11.11.2; Vol. 4): reserved bits and types that do not exist are refused. */
const features = ['mtrr'];
/** UC, WC, WT, WP, WB. */
const TYPES = new Set([0, 1, 4, 5, 6]);

const isType = (byte: number): boolean => TYPES.has(byte & 0xff);
const areTypes = (half: number): boolean => [0, 8, 16, 24].every((shift) => isType(half >>> shift));
const isPhysical = (processor: Processor, high: number): boolean =>
  high >>> (processor.profile.physicalAddressBits - 32) === 0;

const FIXED: readonly (readonly [index: number, name: string])[] = [
  [0x250, 'FIX64K_00000'],
  [0x258, 'FIX16K_80000'],
  [0x259, 'FIX16K_A0000'],
  [0x268, 'FIX4K_C0000'],
  [0x269, 'FIX4K_C8000'],
  [0x26a, 'FIX4K_D0000'],
  [0x26b, 'FIX4K_D8000'],
  [0x26c, 'FIX4K_E0000'],
  [0x26d, 'FIX4K_E8000'],
  [0x26e, 'FIX4K_F0000'],
  [0x26f, 'FIX4K_F8000'],
];

const FIXED_RANGES_SUPPORTED = 0x100;
const WC_SUPPORTED = 0x400;

export const MEMORY_TYPE_MSRS: readonly Msr[] = [
  {
    index: 0xfe,
    name: 'IA32_MTRRCAP',
    check: 'readOnly',
    fixed: [MTRR.variable | FIXED_RANGES_SUPPORTED | WC_SUPPORTED, 0],
    features,
  },
  ...Array.from({ length: MTRR.variable }, (_, i): Msr[] => [
    {
      index: 0x200 + i * 2,
      name: `IA32_MTRR_PHYSBASE${i}`,
      field: MTRR.base(i),
      features,
      accepts: (processor, low, high) => isType(low) && (low & 0xf00) === 0 && isPhysical(processor, high),
    },
    {
      index: 0x201 + i * 2,
      name: `IA32_MTRR_PHYSMASK${i}`,
      field: MTRR.mask(i),
      features,
      accepts: (processor, low, high) => (low & 0x7ff) === 0 && isPhysical(processor, high),
    },
  ]).flat(),
  ...FIXED.map(
    ([index, name], i): Msr => ({
      index,
      name: `IA32_MTRR_${name}`,
      field: MTRR.fixed(i),
      features,
      accepts: (_, low, high) => areTypes(low) && areTypes(high),
    }),
  ),
  {
    index: 0x2ff,
    name: 'IA32_MTRR_DEF_TYPE',
    field: MTRR.defaultType,
    features,
    accepts: (_, low, high) => isType(low) && (low & ~0xcff) === 0 && high === 0,
  },
];
