import { Register } from '../../iced.ts';

export type RegisterClass =
  | 'r8'
  | 'r16'
  | 'r32'
  | 'r64'
  | 'seg'
  | 'cr'
  | 'dr'
  | 'tr'
  | 'st'
  | 'mm'
  | 'xmm'
  | 'ymm'
  | 'zmm'
  | 'k'
  | 'bnd'
  | 'tmm'
  | 'ip';

export interface RegisterInfo {
  readonly name: string;
  readonly register: Register;
  readonly class: RegisterClass;
  /** The number in an encoding, 0-31. */
  readonly number: number;
  /** Needs a REX prefix (SPL, BPL, SIL, DIL) or forbids one (AH, CH, DH, BH). */
  readonly rex: 'needs' | 'forbids' | undefined;
}

const registers = new Map<string, RegisterInfo>();

function add(name: string, register: Register, kind: RegisterClass, index: number, rex?: 'needs' | 'forbids'): void {
  registers.set(name, { name, register, class: kind, number: index, rex });
}

/** `count` registers from `first`, named by `name`; iced numbers the registers of one class in sequence. */
function addRange(first: Register, count: number, kind: RegisterClass, name: (index: number) => string): void {
  for (let index = 0; index < count; index++) add(name(index), first + index, kind, index);
}

const LEGACY = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'];
for (const [index, name] of LEGACY.entries()) {
  add(name, Register.AX + index, 'r16', index);
  add(`e${name}`, Register.EAX + index, 'r32', index);
  add(`r${name}`, Register.RAX + index, 'r64', index);
}
for (const [index, name] of ['al', 'cl', 'dl', 'bl'].entries()) add(name, Register.AL + index, 'r8', index);
for (const [index, name] of ['ah', 'ch', 'dh', 'bh'].entries())
  add(name, Register.AH + index, 'r8', index + 4, 'forbids');
for (const [index, name] of ['spl', 'bpl', 'sil', 'dil'].entries())
  add(name, Register.SPL + index, 'r8', index + 4, 'needs');
for (let index = 8; index < 16; index++) {
  add(`r${index}b`, Register.R8L + index - 8, 'r8', index);
  add(`r${index}w`, Register.R8W + index - 8, 'r16', index);
  add(`r${index}d`, Register.R8D + index - 8, 'r32', index);
  add(`r${index}`, Register.R8 + index - 8, 'r64', index);
}
for (const [index, name] of ['es', 'cs', 'ss', 'ds', 'fs', 'gs'].entries())
  add(name, Register.ES + index, 'seg', index);
addRange(Register.CR0, 16, 'cr', (index) => `cr${index}`);
addRange(Register.DR0, 16, 'dr', (index) => `dr${index}`);
addRange(Register.DR0, 16, 'dr', (index) => `db${index}`);
addRange(Register.TR0, 8, 'tr', (index) => `tr${index}`);
addRange(Register.ST0, 8, 'st', (index) => `st(${index})`);
add('st', Register.ST0, 'st', 0);
addRange(Register.MM0, 8, 'mm', (index) => `mm${index}`);
addRange(Register.XMM0, 32, 'xmm', (index) => `xmm${index}`);
addRange(Register.YMM0, 32, 'ymm', (index) => `ymm${index}`);
addRange(Register.ZMM0, 32, 'zmm', (index) => `zmm${index}`);
addRange(Register.K0, 8, 'k', (index) => `k${index}`);
addRange(Register.BND0, 4, 'bnd', (index) => `bnd${index}`);
addRange(Register.TMM0, 8, 'tmm', (index) => `tmm${index}`);
add('eip', Register.EIP, 'ip', 32);
add('rip', Register.RIP, 'ip', 64);

/** A register by its name without `%`, in lower case. */
export const findRegister = (name: string): RegisterInfo | undefined => registers.get(name);

/** Bits of a general or instruction-pointer register; undefined for the others. */
export function addressBits(register: RegisterInfo): 16 | 32 | 64 | undefined {
  if (register.class === 'r16') return 16;
  if (register.class === 'r32' || register.register === Register.EIP) return 32;
  if (register.class === 'r64' || register.register === Register.RIP) return 64;
  return undefined;
}

/** Whether a register exists in a mode: R8-R15, SPL and 64-bit ones need `.code64`. */
export function availableIn(register: RegisterInfo, mode: 16 | 32 | 64): boolean {
  if (mode === 64) return true;
  if (register.class === 'r64' || register.rex === 'needs' || register.class === 'ip') return false;
  return register.number < 8 || register.class === 'seg' || register.class === 'tr';
}
