import { type Instruction, Register } from 'iced-x86';
import { CONTEXT } from '../context.ts';
import { lockedName } from '../engine/emitter.ts';
import { EVENT } from '../events.ts';
import { isLockable } from '../instructions/locked.ts';
import { FS } from '../state.ts';
import { HOST_INDEX, hostAccess, REFUSES } from '../system/hostTable.ts';
import { selectMmx } from './mmx.ts';
import { type DecodedOperand, dataSegment, implicitAddressBits, segmentNumber } from './operands.ts';
import { selectVector } from './vectors.ts';
import { selectVex } from './vex.ts';
import { selectWait, selectX87 } from './x87.ts';

/** Which form an instruction gets in a context; `shape` is absent when the operands' letters are it. */
export interface Selection {
  readonly name: string;
  readonly size: number;
  readonly shape?: string;
  readonly immediate?: number;
  readonly immediate2?: number;
  readonly ends?: boolean;
  readonly host?: number;
}

export interface Selecting {
  readonly instruction: Instruction;
  readonly mnemonic: string;
  readonly code: string;
  readonly operands: readonly DecodedOperand[];
  readonly context: number;
  readonly codeBits: 16 | 32 | 64;
  /** Of an x87 instruction: its 11 opcode bits. */
  readonly x87: number | undefined;
}

const simpleForm = (name: string, ends = false): Selection => ({ name, size: 0, shape: '', ends });
export const UNDEFINED: Selection = simpleForm('ud', true);

/** Names whose semantics are called the same and whose size is that of the first operand. */
const BY_FIRST_OPERAND = new Set(
  (
    'add adc sub sbb cmp and or xor test inc dec neg not xadd adcx adox lea xchg cmpxchg bswap movbe ' +
    'shl shr sar rol ror rcl rcr shld shrd mul imul div idiv mulx bt bts btr btc bsf bsr tzcnt lzcnt popcnt ' +
    'andn bextr bzhi blsr blsmsk blsi shlx shrx sarx rorx pdep pext ' +
    'cmovo cmovno cmovb cmovae cmove cmovne cmovbe cmova cmovs cmovns cmovp cmovnp cmovl cmovge cmovle cmovg ' +
    'seto setno setb setae sete setne setbe seta sets setns setp setnp setl setge setle setg'
  ).split(' '),
);

const STRINGS: Readonly<Record<string, { name: string; bits: number; compares: boolean }>> = Object.fromEntries(
  ['movs', 'cmps', 'stos', 'lods', 'scas'].flatMap((name) =>
    [8, 16, 32, 64].map((bits, i) => [name + 'bwdq'[i], { name, bits, compares: name === 'cmps' || name === 'scas' }]),
  ),
);

const CONDITIONAL_JUMPS = new Set('jo jno jb jae je jne jbe ja js jns jp jnp jl jge jle jg'.split(' '));

const NO_OPERAND: Readonly<Record<string, string>> = Object.fromEntries(
  'clc stc cmc cld std cli sti lahf sahf syscall swapgs setssbsy saveprevssp pause rdtsc'.split(' ').map((n) => [n, n]),
);

const NOTHING = new Set(
  'nop reservednop lfence sfence mfence prefetcht0 prefetcht1 prefetcht2 prefetchnta prefetchw prefetchwt1 prefetch cldemote serialize'.split(
    ' ',
  ),
);

function selectString(s: Selecting, string: { name: string; bits: number; compares: boolean }): Selection {
  const { instruction } = s;
  const bits = implicitAddressBits(instruction, s.codeBits);
  const segment = segmentNumber(dataSegment(instruction, s.codeBits));
  const usesSource = string.name !== 'stos' && string.name !== 'scas';
  const plain = s.codeBits === 64 && bits === 64 && !(usesSource && segment >= FS);
  const repeated = instruction.hasRepPrefix || instruction.hasRepePrefix || instruction.hasRepnePrefix;
  const prefix = !repeated ? '' : !string.compares ? 'rep.' : instruction.hasRepnePrefix ? 'repne.' : 'repe.';
  return { name: prefix + string.name + (plain ? '' : '.l'), size: string.bits, shape: '' };
}

/** Size that the suffix of iced's code name tells (Retnq, Pushfd, Leavew …). */
function suffixSize(code: string, letterAt: number): number {
  const letter = code[letterAt];
  return letter === 'q' ? 64 : letter === 'd' ? 32 : 16;
}

function selectStack(s: Selecting): Selection | undefined {
  const { mnemonic, code, codeBits, operands, context } = s;
  if (context & CONTEXT.V86 && /^(push|pop)fd?$/.test(mnemonic)) return host(`v86-${mnemonic.replace('d', '')}`, s);
  const stack = codeBits === 64 ? '' : '.l';
  switch (mnemonic) {
    case 'push':
    case 'pop': {
      const letter = operands[0]?.letter;
      if (letter === 's') return { ...host(mnemonic, s), size: 0 };
      const bits = Math.abs(s.instruction.stackPointerIncrement) * 8;
      return { name: mnemonic + stack, size: bits };
    }
    case 'pushfq':
    case 'pushfd':
    case 'pushf':
      return { name: `pushf${stack}`, size: suffixSize(code, 5), shape: '' };
    case 'popfq':
    case 'popfd':
    case 'popf':
      return { name: `popf${stack}`, size: suffixSize(code, 4), shape: '' };
    case 'leave':
      return { name: `leave${stack}`, size: suffixSize(code, 5), shape: '' };
    case 'enter':
      return { name: `enter${stack}`, size: suffixSize(code, 5), shape: 'ii' };
    case 'pusha':
    case 'pushad':
    case 'popa':
    case 'popad':
      return {
        name: `${mnemonic.slice(0, mnemonic.startsWith('push') ? 5 : 4)}.l`,
        size: code.endsWith('d') ? 32 : 16,
        shape: '',
      };
    case 'ret': {
      const shadow = context & CONTEXT.SHADOW_STACK ? '.s' : '';
      return { name: `ret${shadow}`, size: suffixSize(code, 4), ends: true };
    }
  }
  return undefined;
}

function selectBranch(s: Selecting): Selection | undefined {
  const { mnemonic, operands, context, instruction } = s;
  const target = operands[0];
  const bits = target?.bits ?? 0;
  if (CONDITIONAL_JUMPS.has(mnemonic)) return { name: mnemonic, size: bits };
  const counter = /^(loop|loope|loopne|jrcxz|jecxz|jcxz)$/.exec(mnemonic);
  if (counter) {
    const width = counterBits(s);
    return { name: `${mnemonic.startsWith('loop') ? mnemonic : 'jrcxz'}${width}`, size: bits };
  }
  if (mnemonic !== 'jmp' && mnemonic !== 'call') return undefined;
  if (target?.letter === 'f') return { ...host(`${mnemonic}f`, s), ends: true };
  if (/_m16\d\d$/.test(s.code)) return { ...host(`${mnemonic}f`, s), ends: true };
  const shadow = mnemonic === 'call' && context & CONTEXT.SHADOW_STACK;
  if (target?.letter === 'j') {
    // CALL to the next instruction reads RIP: nothing is pushed on the shadow stack (SDM Vol. 2, CALL).
    const toNext = instruction.nearBranchTarget === instruction.nextIP;
    return { name: `${mnemonic}${shadow && !toNext ? '.s' : ''}`, size: bits, ends: true };
  }
  const variant = `${shadow ? 's' : ''}${context & CONTEXT.INDIRECT_BRANCH_TRACKING ? 't' : ''}`;
  return { name: mnemonic + (variant ? `.${variant}` : ''), size: bits, ends: true };
}

function counterBits(s: Selecting): number {
  const name = /_(ECX|RCX|CX)$/i.exec(s.code)?.[1]?.toUpperCase();
  if (name) return name === 'RCX' ? 64 : name === 'ECX' ? 32 : 16;
  return s.mnemonic === 'jrcxz' ? 64 : s.mnemonic === 'jecxz' ? 32 : 16;
}

/** An instruction whose semantics are in TypeScript (`system/hostTable.ts`). */
export function host(name: string, s: Selecting): Selection {
  const index = HOST_INDEX.get(name);
  if (index === undefined) throw new Error(`no host instruction ${name}`);
  const memory = s.operands.find((o) => o.letter === 'm');
  if (!memory) return { name: 'host', size: 0, shape: '', host: index };
  const stores = STORES.has(s.mnemonic) || (s.mnemonic === 'mov' && s.operands[0] === memory);
  return {
    name: 'host',
    size: 0,
    shape: 'm',
    host: index,
    immediate2: hostAccess(PARTS.has(s.mnemonic) ? 1 : memory.bits / 8, stores, refusals(s.mnemonic)),
  };
}

const PRIVILEGED = /^(lgdt|lidt|lldt|ltr|lmsw|invpcid|xsaves|xrstors)/;

function refusals(mnemonic: string): number {
  const privileged = PRIVILEGED.test(mnemonic) ? REFUSES.UNPRIVILEGED : 0;
  if (/^x(save|rstor)/.test(mnemonic)) return REFUSES.XSAVE | privileged;
  if (/^fx(save|rstor)/.test(mnemonic)) return REFUSES.FXSAVE;
  return /^(fldenv|frstor|fbld|fbstp)/.test(mnemonic) ? REFUSES.NUMERIC_ERROR : privileged;
}

/** Their operand is two, each checked by itself (`readablePart`). */
const PARTS = new Set('bound lds les lss lfs lgs jmp call'.split(' '));

/** Host instructions that write their memory operand. */
const STORES = new Set(
  'sgdt sidt sldt str smsw arpl fnstenv fnsave fbstp fxsave fxsave64 xsave xsave64 xsavec xsavec64 xsaveopt xsaveopt64 xsaves xsaves64'.split(
    ' ',
  ),
);

const interrupt = (vector: number, kind: number): Selection => ({
  name: 'int',
  size: 0,
  shape: 'i',
  immediate: vector,
  immediate2: kind,
  ends: true,
});

function selectMove(s: Selecting): Selection {
  const letters = s.operands.map((o) => o.letter).join('');
  if (/^(r|m)(r|m|i)$/.test(letters))
    return {
      name: 'mov',
      size: s.operands[0]!.letter === 'm' && s.operands[0]!.bits === 0 ? s.operands[1]!.bits : s.operands[0]!.bits,
    };
  if (letters.includes('s')) return host('mov-segment', s);
  if (s.code === 'Mov_cr_r64' && s.instruction.op0Register === Register.CR3) {
    return { name: 'mov-cr3', size: 64, shape: 'cr', ends: true };
  }
  return /cr/i.test(s.code) ? host('mov-cr', s) : /dr/i.test(s.code) ? host('mov-dr', s) : UNDEFINED;
}

function selectCet(s: Selecting): Selection | undefined {
  const shadow = (s.context & CONTEXT.SHADOW_STACK) !== 0;
  switch (s.mnemonic) {
    case 'endbr64':
    case 'endbr32':
      return (s.mnemonic === 'endbr64') === (s.codeBits === 64) ? simpleForm('endbr') : simpleForm('nop');
    case 'rdsspd':
    case 'rdsspq':
      return shadow ? { name: 'rdssp', size: s.operands[0]!.bits } : simpleForm('nop');
    case 'incsspd':
    case 'incsspq':
      return shadow ? { name: 'incssp', size: s.operands[0]!.bits } : UNDEFINED;
    case 'wrssd':
    case 'wrssq':
      return { name: 'wrss', size: s.operands[1]!.bits };
    case 'wrussd':
    case 'wrussq':
      return { name: 'wruss', size: s.operands[1]!.bits };
    case 'clrssbsy':
      return { name: 'clrssbsy', size: 64 };
    case 'rstorssp':
      return shadow ? { name: 'rstorssp', size: 64 } : UNDEFINED;
    case 'saveprevssp':
      return shadow ? simpleForm('saveprevssp') : UNDEFINED;
  }
  return undefined;
}

/** #UD in real-address and virtual-8086 mode. */
const PROTECTED_ONLY = new Set(['lldt', 'ltr', 'sldt', 'str', 'lar', 'lsl', 'verr', 'verw', 'arpl']);

/** Chooses the form. Undefined: the machine has no such instruction. */
export function select(s: Selecting): Selection | undefined {
  const selection = selectUnlocked(s);
  if (!selection || !s.instruction.hasLockPrefix || !isLockable(selection.name)) return selection;
  return { ...selection, name: lockedName(selection.name) };
}

function selectUnlocked(s: Selecting): Selection | undefined {
  if (s.x87 !== undefined) return selectX87(s, s.x87);
  const { mnemonic, instruction, operands, code, codeBits, context } = s;
  if (PROTECTED_ONLY.has(mnemonic) && (context & (CONTEXT.PROTECTED | CONTEXT.V86)) !== CONTEXT.PROTECTED)
    return UNDEFINED;
  const string = STRINGS[mnemonic];
  if (string && operands.some((o) => o.letter === 'n')) return selectString(s, string);
  if (mnemonic === 'sal') return { name: 'shl', size: operands[0]!.bits };
  if (BY_FIRST_OPERAND.has(mnemonic)) return { name: mnemonic, size: operands[0]!.bits };
  if (mnemonic === 'mov') return selectMove(s);
  if (mnemonic === 'movzx' || mnemonic === 'movsx' || mnemonic === 'movsxd') {
    const [destination, source] = operands as [DecodedOperand, DecodedOperand];
    const same = source.bits >= destination.bits;
    return { name: same ? 'mov' : `${mnemonic.slice(0, 5)}${source.bits}`, size: destination.bits };
  }
  const found = selectStack(s) ?? selectBranch(s) ?? selectCet(s);
  if (found) return found;
  if (NO_OPERAND[mnemonic]) {
    // SYSCALL outside 64-bit mode is an AMD matter: #UD on Intel.
    if (mnemonic === 'syscall' && codeBits !== 64) return UNDEFINED;
    if (context & CONTEXT.V86 && (mnemonic === 'cli' || mnemonic === 'sti')) return host(`v86-${mnemonic}`, s);
    return { ...simpleForm(mnemonic), ends: mnemonic === 'syscall' };
  }
  if (NOTHING.has(mnemonic)) return simpleForm('nop');
  // There is no system-management mode to resume from (SDM Vol. 2, RSM).
  if (mnemonic === 'rsm') return UNDEFINED;
  switch (mnemonic) {
    case 'cbw':
    case 'cwde':
    case 'cdqe':
      return { name: 'cbw', size: mnemonic === 'cbw' ? 16 : mnemonic === 'cwde' ? 32 : 64, shape: '' };
    case 'cwd':
    case 'cdq':
    case 'cqo':
      return { name: 'cwd', size: mnemonic === 'cwd' ? 16 : mnemonic === 'cdq' ? 32 : 64, shape: '' };
    case 'xlatb':
      return { name: 'xlat', size: 8, shape: '' };
    case 'invlpg':
      return { name: 'invlpg', size: 8 };
    case 'cmpxchg8b':
      return { name: 'cmpxchg8b', size: 64 };
    case 'cmpxchg16b':
      return { name: 'cmpxchg16b', size: 128 };
    case 'clflush':
    case 'clflushopt':
    case 'clwb':
      return { name: 'touch', size: 8 };
    case 'wbnoinvd':
      return host('wbinvd', s);
    case 'crc32':
      return { name: 'crc32', size: operands[1]!.bits };
    case 'daa':
    case 'das':
    case 'aaa':
    case 'aas':
      return { name: mnemonic, size: 8, shape: '' };
    case 'aam':
    case 'aad':
      return { name: mnemonic, size: 8, shape: 'i' };
    case 'int':
      return interrupt(instruction.immediate8, EVENT.SOFTWARE);
    case 'int3':
      return interrupt(3, EVENT.SOFTWARE_EXCEPTION);
    case 'int1':
      return interrupt(1, EVENT.PRIVILEGED);
    case 'iret':
    case 'iretd':
    case 'iretq':
      if (codeBits !== 64 || code === 'Iretw') return { ...host('iret', s), ends: true };
      return { name: 'iret', size: code === 'Iretq' ? 64 : 32, shape: '', ends: true };
    case 'sysret':
    case 'sysretq':
      return codeBits === 64
        ? { name: 'sysret', size: code === 'Sysretq' ? 64 : 32, shape: '', ends: true }
        : UNDEFINED;
    case 'wait':
      return selectWait(s);
    case 'ud0':
    case 'ud1':
    case 'ud2':
      return UNDEFINED;
  }
  const vector = selectVex(s) ?? selectMmx(s) ?? selectVector(s);
  if (vector) return vector;
  if (HOST_INDEX.has(mnemonic)) return { ...host(mnemonic, s), ends: ENDING_HOST.has(mnemonic) };
  return undefined;
}

/** Host instructions that never fall through, or after which nothing decoded ahead may be trusted. */
const ENDING_HOST = new Set(['hlt', 'retf', 'lmsw', 'sysenter', 'sysexit', 'sysexitq', 'wrmsr', 'invpcid']);
