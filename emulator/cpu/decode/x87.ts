import { CONTEXT } from '../context.ts';
import { OPERATE } from '../x87/operations.ts';
import { host, type Selecting, type Selection, UNDEFINED } from './select.ts';

/**
 * x87 instructions by opcode (SDM Vol. 2D Tables B-39, A-7 to A-22): the low three bits of the first byte and ModRM.
 * Aliases that later processors keep decode as what they do.
 */
const PREFIXES = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]);

/** The 11 bits of the FPU opcode register, undefined for other instructions. */
export function x87Opcode(bytes: Uint8Array, codeBits: number): number | undefined {
  for (const [i, byte] of bytes.entries()) {
    if (PREFIXES.has(byte) || (codeBits === 64 && byte >>> 4 === 4)) continue;
    return byte >>> 3 === 0x1b ? ((byte & 7) << 8) | bytes[i + 1]! : undefined;
  }
  return undefined;
}

type Row = readonly [name: string, size: number, detail?: number] | string | undefined;
const POP = 1;
const TRUNCATE = 2;

const operateMemory = (name: string, size: number): Row[] =>
  [0, 1, 2, 3, 4, 5, 6, 7].map((reg) => [name, size, reg | OPERATE.MEMORY | (reg === 3 ? 1 << OPERATE.POP_SHIFT : 0)]);

/** By the first byte, then the reg field; a plain string is an instruction in TypeScript. */
const MEMORY: readonly (readonly Row[])[] = [
  operateMemory('x87.f', 32),
  [['fld.f', 32], undefined, ['fst.f', 32], ['fst.f', 32, POP], 'fldenv', ['fldcw', 16], 'fnstenv', ['fnstcw', 16]],
  operateMemory('x87.i', 32),
  [
    ['fild', 32],
    ['fist', 32, POP | TRUNCATE],
    ['fist', 32],
    ['fist', 32, POP],
    undefined,
    ['fld.x', 80],
    undefined,
    ['fstp.x', 80],
  ],
  operateMemory('x87.f', 64),
  [
    ['fld.f', 64],
    ['fist', 64, POP | TRUNCATE],
    ['fst.f', 64],
    ['fst.f', 64, POP],
    'frstor',
    undefined,
    'fnsave',
    ['fnstsw', 16],
  ],
  operateMemory('x87.i', 16),
  [
    ['fild', 16],
    ['fist', 16, POP | TRUNCATE],
    ['fist', 16],
    ['fist', 16, POP],
    'fbld',
    ['fild', 64],
    'fbstp',
    ['fist', 64, POP],
  ],
];

const operate = (operation: number, destination: number, other: number, pops = 0, more = 0): Row => [
  'x87.r',
  80,
  operation |
    (destination << OPERATE.DESTINATION_SHIFT) |
    (other << OPERATE.OTHER_SHIFT) |
    (pops << OPERATE.POP_SHIFT) |
    more,
];
const register = (name: string, detail = 0): Row => [name, 80, detail];
const control = (name: string): Row => [name, 0];

const D9: Readonly<Record<number, Row>> = {
  208: register('fnop'),
  224: register('fchs'),
  225: register('fabs'),
  228: register('ftst'),
  229: register('fxam'),
  ...Object.fromEntries([0, 1, 2, 3, 4, 5, 6].map((i) => [0xe8 + i, register(`fconst${i}`)])),
  240: 'f2xm1',
  241: 'fyl2x',
  242: 'fptan',
  243: 'fpatan',
  244: 'fxtract',
  245: 'fprem1',
  246: register('fdecstp'),
  247: register('fincstp'),
  248: 'fprem',
  249: 'fyl2xp1',
  250: register('fsqrt'),
  251: 'fsincos',
  252: register('frndint'),
  253: 'fscale',
  254: 'fsin',
  255: 'fcos',
};

const MOVES = ['fcmovb', 'fcmove', 'fcmovbe', 'fcmovu', 'fcmovnb', 'fcmovne', 'fcmovnbe', 'fcmovnu'];

function registerForm(first: number, modrm: number): Row {
  const reg = (modrm >>> 3) & 7;
  const i = modrm & 7;
  // With ST(i) as destination SUB and SUBR change places, and so do DIV and DIVR.
  const reversed = reg >= 4 ? reg ^ 1 : reg;
  switch (first) {
    case 0:
      return operate(reg, 0, i, reg === 3 ? 1 : 0);
    case 1:
      if (reg === 0) return register('fld.r', i);
      if (reg === 1) return register('fxch', i);
      return reg === 3 ? register('fst.r', (i << 1) | POP | 16) : D9[modrm];
    case 2:
      if (reg < 4) return register(MOVES[reg]!, i);
      return modrm === 0xe9 ? operate(2, 0, 1, 3, OPERATE.UNORDERED) : undefined;
    case 3:
      if (reg < 4) return register(MOVES[reg + 4]!, i);
      if (reg === 5 || reg === 6) return register('fcomi', i | (reg === 5 ? 16 : 0));
      if (modrm === 0xe2) return control('fnclex');
      if (modrm === 0xe3) return 'fninit';
      // FENI, FDISI and FSETPM do nothing any more.
      return modrm === 0xe0 || modrm === 0xe1 || modrm === 0xe4 ? control('nop') : undefined;
    case 4:
      return reg === 2 || reg === 3 ? operate(2, 0, i, reg - 2) : operate(reversed, i, 0);
    case 5:
      if (reg === 0) return register('ffree', i);
      if (reg === 1) return register('fxch', i);
      if (reg < 4) return register('fst.r', (i << 1) | (reg === 3 ? POP : 0));
      return reg < 6 ? operate(2, 0, i, reg - 4, OPERATE.UNORDERED) : undefined;
    case 6:
      if (reg === 2) return operate(2, 0, i, 1);
      if (reg === 3) return i === 1 ? operate(2, 0, 1, 3) : undefined;
      return operate(reversed, i, 0, 1);
    default:
      if (reg === 0) return register('ffreep', i);
      if (reg === 1) return register('fxch', i);
      if (reg < 4) return register('fst.r', (i << 1) | POP);
      if (modrm === 0xe0) return control('fnstsw');
      return reg === 5 || reg === 6 ? register('fcomi', i | 8 | (reg === 5 ? 16 : 0)) : undefined;
  }
}

const isOff = (context: number): boolean => (context & (CONTEXT.TASK_SWITCHED | CONTEXT.EMULATE_X87)) !== 0;
const NOT_AVAILABLE: Selection = { name: 'nm', size: 0, shape: '', ends: true };

/**
 * What an x87 opcode that no instruction has raises: #NM as a legal one when CR0 says so, else #UD (SDM Vol. 3B
 * §24.18.6.6). Undefined for other bytes, and with LOCK.
 */
export function undefinedX87(bytes: Uint8Array, codeBits: number, context: number): Selection | undefined {
  const opcode = x87Opcode(bytes, codeBits);
  if (opcode === undefined || !isOff(context)) return undefined;
  const start = bytes.findIndex((byte) => byte >>> 3 === 0x1b);
  return bytes.subarray(0, start).includes(0xf0) ? undefined : NOT_AVAILABLE;
}

/** The form of the x87 instruction with this opcode; #NM when CR0 says so. */
export function selectX87(s: Selecting, opcode: number): Selection {
  if (isOff(s.context)) return NOT_AVAILABLE;
  const modrm = opcode & 0xff;
  const first = opcode >>> 8;
  const memory = modrm < 0xc0;
  const row = memory ? MEMORY[first]![(modrm >>> 3) & 7] : registerForm(first, modrm);
  if (row === undefined) return UNDEFINED;
  if (typeof row === 'string') return { ...host(row, s), immediate: opcode };
  const [name, size, detail = 0] = row;
  return { name, size, shape: memory ? 'm' : '', immediate: detail, immediate2: opcode };
}

/** FWAIT asks CR0.MP too (SDM Vol. 3A Table 2-2). */
export function selectWait(s: Selecting): Selection {
  return s.context & CONTEXT.TASK_SWITCHED ? host('fwait', s) : { name: 'fwait', size: 0, shape: '' };
}
