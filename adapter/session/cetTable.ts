import type { CetField, CetRegister } from '../protocol.ts';

/** The CET registers and their bits (SDM Vol. 1 §17.2 and §17.3, Vol. 3A §2.5), as data for the view and for hovers. */
export interface CetRegisterDescription {
  /** As the machine names it. */
  readonly register: string;
  readonly name: string;
  readonly msr?: number;
  readonly description: string;
  readonly fields: readonly CetFieldDescription[];
}

export interface CetFieldDescription {
  readonly name: string;
  readonly bits: readonly [high: number, low: number];
  readonly description: string;
  /** Words for each value; without it a field of several bits is shown in hex. */
  readonly meanings?: readonly string[];
}

const onOff = ['disabled', 'enabled'] as const;

const CONTROL_FIELDS: readonly CetFieldDescription[] = [
  {
    name: 'EB_LEG_BITMAP_BASE',
    bits: [63, 12],
    description: 'Linear address of the legacy code-page bitmap, 4-KiB aligned.',
  },
  {
    name: 'TRACKER',
    bits: [11, 11],
    description: 'State of the indirect-branch tracker: with WAIT_FOR_ENDBRANCH the next instruction must be ENDBR.',
    meanings: ['IDLE', 'WAIT_FOR_ENDBRANCH'],
  },
  {
    name: 'SUPPRESS',
    bits: [10, 10],
    description: 'Indirect-branch tracking is suppressed after a branch into a legacy page.',
    meanings: ['not suppressed', 'suppressed'],
  },
  {
    name: 'SUPPRESS_DIS',
    bits: [5, 5],
    description: 'Forbids entering the suppressed state through the legacy bitmap.',
    meanings: ['suppression allowed', 'suppression forbidden'],
  },
  {
    name: 'NO_TRACK_EN',
    bits: [4, 4],
    description: 'Honours the NOTRACK prefix (3EH) of CALL and JMP.',
    meanings: onOff,
  },
  {
    name: 'LEG_IW_EN',
    bits: [3, 3],
    description: 'Looks a missing ENDBR up in the legacy code-page bitmap before it faults.',
    meanings: onOff,
  },
  {
    name: 'ENDBR_EN',
    bits: [2, 2],
    description: 'Indirect-branch tracking: an indirect CALL or JMP must land on ENDBR.',
    meanings: onOff,
  },
  { name: 'WR_SHSTK_EN', bits: [1, 1], description: 'Allows WRSSD and WRSSQ at this privilege.', meanings: onOff },
  {
    name: 'SH_STK_EN',
    bits: [0, 0],
    description: 'Shadow stack: CALL pushes the return address there too, and RET compares.',
    meanings: onOff,
  },
];

const SSP_FIELDS: readonly CetFieldDescription[] = [];

export const CET_REGISTERS: readonly CetRegisterDescription[] = [
  {
    register: 'cr4',
    name: 'CR4',
    description: 'Control register 4; of it, the bit that switches CET on as a whole.',
    fields: [
      {
        name: 'CET',
        bits: [23, 23],
        description: 'Master enable of shadow stacks and indirect-branch tracking; needs CR0.WP=1.',
        meanings: onOff,
      },
    ],
  },
  {
    register: 's_cet',
    name: 'IA32_S_CET',
    msr: 0x6a2,
    description: 'CET control and tracker of supervisor mode (CPL 0, 1 and 2).',
    fields: CONTROL_FIELDS,
  },
  {
    register: 'u_cet',
    name: 'IA32_U_CET',
    msr: 0x6a0,
    description: 'CET control and tracker of user mode (CPL 3).',
    fields: CONTROL_FIELDS,
  },
  { register: 'ssp', name: 'SSP', description: 'The active shadow-stack pointer; RDSSP reads it.', fields: SSP_FIELDS },
  {
    register: 'pl0_ssp',
    name: 'IA32_PL0_SSP',
    msr: 0x6a4,
    description: 'Shadow-stack pointer for events that come to CPL 0; SETSSBSY loads it.',
    fields: SSP_FIELDS,
  },
  { register: 'pl1_ssp', name: 'IA32_PL1_SSP', msr: 0x6a5, description: 'The same for CPL 1.', fields: SSP_FIELDS },
  { register: 'pl2_ssp', name: 'IA32_PL2_SSP', msr: 0x6a6, description: 'The same for CPL 2.', fields: SSP_FIELDS },
  {
    register: 'pl3_ssp',
    name: 'IA32_PL3_SSP',
    msr: 0x6a7,
    description: "The user's shadow-stack pointer: saved on entry from CPL 3, loaded on return to it.",
    fields: SSP_FIELDS,
  },
  {
    register: 'interrupt_ssp_table_addr',
    name: 'IA32_INTERRUPT_SSP_TABLE_ADDR',
    msr: 0x6a8,
    description: 'Linear address of the table of shadow-stack pointers that IST events use.',
    fields: SSP_FIELDS,
  },
  {
    register: 'xss',
    name: 'IA32_XSS',
    msr: 0xda0,
    description: 'Supervisor state components that XSAVES and XRSTORS handle.',
    fields: [
      { name: 'CET_S', bits: [12, 12], description: 'IA32_PL0_SSP to IA32_PL2_SSP.', meanings: onOff },
      { name: 'CET_U', bits: [11, 11], description: 'IA32_U_CET and IA32_PL3_SSP.', meanings: onOff },
    ],
  },
];

/** Bits `high:low` of a value. */
export function fieldOf(value: bigint, [high, low]: readonly [number, number]): bigint {
  return BigInt.asUintN(high - low + 1, value >> BigInt(low));
}

export function describeField(field: CetFieldDescription, value: bigint): CetField {
  const bits = fieldOf(value, field.bits);
  const low = BigInt(field.bits[1]);
  const meaning = field.meanings ? (field.meanings[Number(bits)] ?? '') : `0x${(bits << low).toString(16)}`;
  return {
    name: field.name,
    bits: [field.bits[0], field.bits[1]],
    value: `0x${bits.toString(16)}`,
    meaning,
    description: field.description,
    settable: true,
  };
}

export function describeRegister(description: CetRegisterDescription, value: bigint): CetRegister {
  return {
    name: description.name,
    ...(description.msr !== undefined && { msr: `0x${description.msr.toString(16)}` }),
    value: `0x${value.toString(16).padStart(16, '0')}`,
    description: description.description,
    settable: true,
    fields: description.fields.map((field) => describeField(field, value)),
  };
}
