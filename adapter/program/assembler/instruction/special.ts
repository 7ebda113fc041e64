import { Register } from '../../iced.ts';
import type { Operand } from './operand.ts';
import { findRegister, type RegisterInfo } from './registers.ts';

/** Operands that GAS lets a source write although the encoding has no room for them, in Intel's order. */
const NAMED: readonly { readonly names: RegExp; readonly registers: readonly (readonly Register[])[] }[] = [
  {
    names: /^monitorx?$/,
    registers: [
      [Register.AX, Register.EAX, Register.RAX],
      [Register.ECX, Register.RCX],
      [Register.EDX, Register.RDX],
    ],
  },
  {
    names: /^mwait$/,
    registers: [
      [Register.EAX, Register.RAX],
      [Register.ECX, Register.RCX],
    ],
  },
  {
    names: /^mwaitx$/,
    registers: [
      [Register.EAX, Register.RAX],
      [Register.ECX, Register.RCX],
      [Register.EBX, Register.RBX],
    ],
  },
  { names: /^skinit$/, registers: [[Register.EAX]] },
  {
    names: /^(vmrun|vmload|vmsave|clzero|pvalidate|psmash|rmpupdate|rmpadjust|rmpquery|rmpread)$/,
    registers: [[Register.AX, Register.EAX, Register.RAX]],
  },
  { names: /^invlpga$/, registers: [[Register.AX, Register.EAX, Register.RAX], [Register.ECX]] },
  { names: /^(tpause|umwait)$/, registers: [[], [Register.EDX], [Register.EAX]] },
];

/** Mnemonics whose last AT&T-first operand is an implied XMM0. */
const XMM0 = /^(p?blendv(b|ps|pd)|sha256rnds2)$/;

/**
 * Drops operands that the source names but the encoding implies. `addressPrefix` is set when their width asks for one
 * (`monitor %eax, ...` in 64-bit mode).
 */
export function dropNamed(
  name: string,
  operands: readonly Operand[],
  mode: 16 | 32 | 64,
): { operands: readonly Operand[]; addressPrefix: boolean } {
  const registers = operands.map((operand) => (operand.kind === 'register' ? operand.register : undefined));
  if (XMM0.test(name) && operands.length === 3 && registers[2]?.register === Register.XMM0) {
    return { operands: operands.slice(0, 2), addressPrefix: false };
  }
  const rule = NAMED.find((one) => one.names.test(name));
  if (rule === undefined || operands.length !== rule.registers.length) return { operands, addressPrefix: false };
  const kept: Operand[] = [];
  for (const [index, allowed] of rule.registers.entries()) {
    if (allowed.length === 0) kept.push(operands[index]!);
    else if (registers[index] === undefined || !allowed.includes(registers[index].register))
      return { operands, addressPrefix: false };
  }
  const first = rule.registers[0]!.length > 1 ? registers[0] : undefined;
  return { operands: kept, addressPrefix: first !== undefined && !/^mwait/.test(name) && width(first) !== mode };
}

const width = (register: RegisterInfo): number => (register.class === 'r16' ? 16 : register.class === 'r32' ? 32 : 64);

/**
 * Fills in operands that GAS lets a source leave out (i386-opc.tbl's short templates): bare x87 arithmetic, `inb $16`,
 * `shld %eax, %ebx`, `aam`, `imul $3, %eax`; and names that mean a shorter instruction (`int $3`, `xchg %rax, %rax`).
 */
export function expandShort(
  name: string,
  operands: readonly Operand[],
  mode: 16 | 32 | 64,
  start: number,
  end: number,
): { name: string; operands: readonly Operand[] } {
  const register = (text: string): Operand => ({
    kind: 'register',
    register: findRegister(text)!,
    indirect: false,
    start,
    end,
  });
  const [first, second] = operands;
  if (first === undefined) {
    if (/^f(add|mul|subr?|divr?)$/.test(name)) return { name: `${name}p`, operands: [register('st(1)')] };
    if (/^f(add|mul|subr?|divr?)p$|^f(xch|ucomp?|comp?|u?comip?)$/.test(name))
      return { name, operands: [register('st(1)')] };
    if (/^fn?stsw$/.test(name)) return { name, operands: [register('ax')] };
    if (/^aa[dm]$/.test(name))
      return { name, operands: [{ kind: 'immediate', value: { kind: 'number', value: 10n }, start, end }] };
    return { name, operands };
  }
  const port = /^(in|out)([bwl])$/.exec(name);
  if (port !== null && second === undefined) {
    const accumulator = register(port[2] === 'b' ? 'al' : port[2] === 'w' ? 'ax' : 'eax');
    return { name, operands: port[1] === 'in' ? [accumulator, first] : [first, accumulator] };
  }
  if (/^sh[lr]d[wlq]?$/.test(name) && operands.length === 2) return { name, operands: [...operands, register('cl')] };
  if (/^imul[wlq]?$/.test(name) && operands.length === 2 && second!.kind === 'immediate')
    return { name, operands: [first, ...operands] };
  if (name === 'int' && first.kind === 'immediate' && first.value.kind === 'number' && first.value.value === 3n) {
    return { name: 'int3', operands: [] };
  }
  const isRax = (operand: Operand | undefined): boolean =>
    operand?.kind === 'register' && operand.register.register === Register.RAX;
  if (/^xchgq?$/.test(name) && mode === 64 && isRax(first) && isRax(second)) return { name: 'nop', operands: [] };
  return { name, operands };
}

/** Mnemonics whose operands stand in the same order in both syntaxes (md_assemble in tc-i386.c). */
export const keepsOrder = (name: string, operands: readonly Operand[]): boolean =>
  /^(bound[wl]?|invlpg[ab]|monitorx?|mwaitx?|pvalidate|rmp|tpause|umwait)/.test(name) ||
  (operands.length === 2 && operands[0]!.kind === 'immediate' && operands[1]!.kind === 'immediate');

const PREDICATES = [
  'eq',
  'lt',
  'le',
  'unord',
  'neq',
  'nlt',
  'nle',
  'ord',
  'eq_uq',
  'nge',
  'ngt',
  'false',
  'neq_oq',
  'ge',
  'gt',
  'true',
  'eq_os',
  'lt_oq',
  'le_oq',
  'unord_s',
  'neq_us',
  'nlt_uq',
  'nle_uq',
  'ord_s',
  'eq_us',
  'nge_uq',
  'ngt_uq',
  'false_os',
  'neq_os',
  'ge_oq',
  'gt_oq',
  'true_us',
];

/** `cmpltps` is CMPPS with predicate 1, `pclmulhqlqdq` PCLMULQDQ with 1: the real name and the immediate. */
export function pseudoOperation(name: string): { name: string; immediate: bigint } | undefined {
  const compare = /^(v?)cmp([a-z_]+?)([ps][sd])$/.exec(name);
  if (compare !== null) {
    const predicate = PREDICATES.indexOf(compare[2]!);
    const most = compare[1] === 'v' ? 32 : 8;
    if (predicate >= 0 && predicate < most)
      return { name: `${compare[1]}cmp${compare[3]}`, immediate: BigInt(predicate) };
  }
  const multiply = /^(v?)pclmul([lh])q([lh])qdq$/.exec(name);
  if (multiply !== null) {
    return {
      name: `${multiply[1]}pclmulqdq`,
      immediate: (multiply[2] === 'h' ? 1n : 0n) | (multiply[3] === 'h' ? 16n : 0n),
    };
  }
  return undefined;
}
