import { type Instruction, OpKind, Register } from 'iced-x86';
import { CONTEXT } from '../context.ts';
import { type Selecting, type Selection, UNDEFINED } from './select.ts';
import { permutation } from './vectors.ts';

/** Instructions on MMX registers: forms of `instructions/mmx`, named by their mnemonics. */
const OTHER_NAMES: Readonly<Record<string, string>> = { movntq: 'movq', movq2dq: 'movq', movdq2q: 'movq' };
const SIZES: Readonly<Record<string, number>> = { movd: 32, pinsrw: 16, pextrw: 16, emms: 0 };
/** They have no MMX register when their source is memory. */
const FROM_INTEGERS = /^cvtpi2p[sd]$/;

/** SSE2 and later made instructions on MMX registers; a processor without MMX has none of them. */
export function hasMmxRegister(instruction: Instruction): boolean {
  for (let i = 0; i < instruction.opCount; i++) {
    const register = instruction.opKind(i) === OpKind.Register ? instruction.opRegister(i) : Register.None;
    if (register >= Register.MM0 && register <= Register.MM7) return true;
  }
  return false;
}

/** Undefined for anything else; #UD and #NM when CR0 or CR4 says so (SDM Vol. 3A §13.1, Tables 25-4 to 25-8). */
export function selectMmx(s: Selecting): Selection | undefined {
  const { mnemonic, operands, context } = s;
  const fromIntegers = FROM_INTEGERS.test(mnemonic);
  if (!fromIntegers && mnemonic !== 'emms' && !operands.some(({ letter }) => letter === 'q')) return undefined;
  const usesXmm = operands.some(({ letter }) => letter === 'v');
  // Forms on MMX registers alone ask nothing of CR4.OSFXSR: there is no XMM state to save.
  if (context & (usesXmm ? CONTEXT.NO_SSE : CONTEXT.EMULATE_X87)) return UNDEFINED;
  if (context & CONTEXT.TASK_SWITCHED) return { name: 'nm', size: 0, shape: '', ends: true };
  return {
    name: OTHER_NAMES[mnemonic] ?? mnemonic,
    size: SIZES[mnemonic] ?? 64,
    ...(mnemonic === 'pshufw' ? permutation('pshuflw', s.instruction.immediate8) : {}),
  };
}
