import { OpCodeOperandKind, Register } from '../../iced.ts';
import { StatementError } from '../diagnostics.ts';
import type { Expression } from '../expression.ts';
import type { Mode } from '../sections.ts';
import { type Encoded, type EncodeOptions, encode } from './encode.ts';
import { type Form, MODE_BIT } from './forms.ts';
import type { ImmediateRule, KindRule } from './kinds.ts';
import type { MemoryOperand, Operand } from './operand.ts';
import { addressBits } from './registers.ts';

export interface MatchRequest {
  readonly name: string;
  readonly forms: readonly Form[];
  /** In Intel's order. */
  readonly operands: readonly Operand[];
  readonly syntax: 'att' | 'intel';
  readonly options: EncodeOptions;
  /** Whether the name carries a size letter or is one that fixes the size. */
  readonly warn: (message: string) => void;
}

/** A fitting form and its operands, one for each of the form's; undefined where the source leaves an implied one out. */
interface Candidate {
  readonly form: Form;
  readonly operands: readonly (Operand | undefined)[];
}

const INT32_LOW = -(1n << 31n);
const INT32_HIGH = (1n << 31n) - 1n;
const inRange = (value: bigint, low: bigint, high: bigint): boolean => value >= low && value <= high;

const SUFFIX_BITS: Readonly<Record<string, number>> = { b: 8, w: 16, l: 32 };

/** Whether a number lies in the signed or unsigned range of a width. */
const isOfWidth = (value: bigint, width: number): boolean =>
  inRange(value, -(1n << BigInt(width - 1)), (1n << BigInt(width)) - 1n);

/**
 * Whether a number can be the immediate: as a signed or unsigned value of the operand's width. An operand of 8, 16 or 32
 * bits cuts a longer one to its size, as GAS does.
 */
export function immediateFits(rule: ImmediateRule, value: bigint, suffix = ''): boolean {
  if (rule.constant !== undefined) return value === rule.constant;
  const cuts = SUFFIX_BITS[suffix] === rule.width;
  if (!cuts && !isOfWidth(value, rule.width)) return false;
  if (rule.size * 8 === rule.width) return true;
  const extended = BigInt.asIntN(rule.width, value);
  const bits = BigInt(rule.size * 8);
  return inRange(extended, -(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n);
}

function immediateMatches(rule: ImmediateRule, value: Expression, suffix: string): boolean {
  if (value.kind === 'number') return immediateFits(rule, value.value, suffix);
  return rule.constant === undefined;
}

function stringMemoryMatches(rule: KindRule, operand: MemoryOperand): boolean {
  const base = operand.base;
  if (base === undefined || operand.index !== undefined || addressBits(base) === undefined) {
    return operand.base === undefined && operand.index === undefined && operand.size !== undefined;
  }
  if (
    operand.displacement !== undefined &&
    !(operand.displacement.kind === 'number' && operand.displacement.value === 0n)
  )
    return false;
  return rule.memory === 'string-source' ? base.number === 6 || base.number === 3 : base.number === 7;
}

/** The form's size letter where the source itself fixes the size, by a letter or a register; '' where it is a guess. */
function knownSuffix(form: Form, { name, operands }: MatchRequest): string {
  const lettered = name !== form.mnemonic && name.endsWith(form.suffix);
  return lettered || operands.some((operand) => operand.kind === 'register') ? form.suffix : '';
}

function operandMatches(form: Form, index: number, operand: Operand, request: MatchRequest): boolean {
  const rule = form.rules[index]!;
  const { mode } = request.options;
  switch (operand.kind) {
    case 'register':
      if (rule.fixed !== undefined) return rule.fixed === operand.register.register;
      return (
        rule.register === operand.register.class ||
        (form.wordSource && index === 1 && operand.register.class === 'r16') ||
        (form.narrow && rule.register === 'r32' && operand.register.class === 'r64')
      );
    case 'immediate':
      return (
        rule.immediate !== undefined && immediateMatches(rule.immediate, operand.value, knownSuffix(form, request))
      );
    case 'far':
      return rule.far !== undefined;
    case 'memory':
      if (rule.fixed === Register.DX) return isPortAddress(operand);
      if (rule.memory === undefined) return false;
      if (rule.memory === 'string-source' || rule.memory === 'string-destination')
        return stringMemoryMatches(rule, operand);
      if (rule.memory === 'vsib') return operand.index?.class === rule.vsibIndex;
      if (operand.index !== undefined && !operand.index.class.startsWith('r')) return false;
      if (rule.memory === 'offset') return offsetMatches(operand, request, mode);
      return true;
  }
}

/** AT&T's `(%dx)` of IN and OUT. */
const isPortAddress = (operand: MemoryOperand): boolean =>
  operand.base?.register === Register.DX &&
  operand.index === undefined &&
  operand.displacement === undefined &&
  operand.segment === undefined;

/** The moffs forms: an absolute address alone. In 64-bit mode only MOVABS, or an address past 32 bits, takes them. */
function offsetMatches(operand: MemoryOperand, request: MatchRequest, mode: Mode): boolean {
  if (operand.base !== undefined || operand.index !== undefined || operand.displacement === undefined) return false;
  if (mode !== 64 || request.name.startsWith('movabs')) return true;
  const { displacement } = operand;
  return displacement.kind === 'number' && !inRange(BigInt.asIntN(64, displacement.value), INT32_LOW, INT32_HIGH);
}

/** Lines the source's operands up with the form's, filling in implied ones; undefined when they don't fit. */
function align(form: Form, request: MatchRequest): Candidate | undefined {
  const { operands } = request;
  const count = form.rules.length;
  if (operands.length > count) return undefined;
  if (operands.length === count) {
    for (const [index, operand] of operands.entries())
      if (!operandMatches(form, index, operand, request)) return undefined;
    return { form, operands };
  }
  const isString = form.rules.some(isStringRule);
  if (operands.length === 0 && isString) return { form, operands: form.rules.map(() => undefined) };
  // Left out: ST(0) of a two-operand x87 form, the constant 1 of a shift.
  const shown: (Operand | undefined)[] = [];
  let next = 0;
  for (const [index, rule] of form.rules.entries()) {
    const operand = operands[next];
    const spare = count - index - (operands.length - next);
    const omissible =
      form.kinds[index] === OpCodeOperandKind.seg_rDI || (isString ? rule.fixed !== undefined : rule.implied === true);
    if (omissible && spare > 0) {
      shown.push(undefined);
      continue;
    }
    if (operand === undefined || !operandMatches(form, index, operand, request)) return undefined;
    shown.push(operand);
    next++;
  }
  return next === operands.length ? { form, operands: shown } : undefined;
}

const isStringRule = (rule: KindRule): boolean =>
  rule.memory === 'string-source' || rule.memory === 'string-destination';

const USUAL_SIZES = new Set([1, 2, 4, 8, 10, 16, 32, 64]);

/** Keeps the forms whose memory is as large as Intel's `ptr` says; forms of unusual or no size take any. */
function filterMemorySize(candidates: readonly Candidate[], operands: readonly Operand[]): readonly Candidate[] {
  const sized = operands.find((operand) => operand.kind === 'memory' && operand.size !== undefined);
  if (sized?.kind !== 'memory') return candidates;
  const exact = candidates.filter(({ form }) => form.memorySize === sized.size);
  if (exact.length > 0) return exact;
  return candidates.filter(({ form }) => !USUAL_SIZES.has(form.memorySize));
}

/** Intel's JMP and CALL through memory are near unless `far ptr` or `fword ptr` says otherwise. */
function filterDistance(candidates: readonly Candidate[], request: MatchRequest): readonly Candidate[] {
  const [operand] = request.operands;
  if (operand?.kind !== 'memory' || !candidates.some(({ form }) => form.mnemonic === 'jmp' || form.mnemonic === 'call'))
    return candidates;
  const near = candidates.filter(({ form }) => form.rules[0]!.register !== undefined);
  const far = operand.distance === 'far' || (request.options.mode === 16 && operand.size === 4);
  return near.length > 0 && !far ? near : candidates.filter((candidate) => !near.includes(candidate));
}

/** Symbolic immediates take the full-size field; sign-extended bytes and 64-bit fields only when there is no other. */
function filterSymbolic(
  candidates: readonly Candidate[],
  operands: readonly Operand[],
  name: string,
): readonly Candidate[] {
  const at = operands.findIndex((operand) => operand.kind === 'immediate' && operand.value.kind !== 'number');
  if (at < 0) return candidates;
  const rule = (candidate: Candidate): ImmediateRule | undefined => {
    const index = candidate.operands.indexOf(operands[at]);
    return candidate.form.rules[index]?.immediate;
  };
  const full = candidates.filter((candidate) => {
    const immediate = rule(candidate);
    return immediate === undefined || !(immediate.size === 1 && immediate.width > 8);
  });
  const kept = full.length > 0 ? full : candidates;
  if (name.startsWith('movabs')) return kept;
  const narrow = kept.filter((candidate) => rule(candidate)?.size !== 8);
  return narrow.length > 0 ? narrow : kept;
}

/** The size letter of an operand that nothing sizes: the stack's in 64-bit mode is 64 bits, others' 32. */
function naturalSuffix(stack: boolean, { mode, dataPrefix }: EncodeOptions): string {
  if (mode === 16) return dataPrefix ? 'l' : 'w';
  if (dataPrefix) return 'w';
  return stack && mode === 64 ? 'q' : 'l';
}

/** Where several operand sizes fit, GAS takes the mode's for the stack and branches, else 32 bits (16 in `.code16`). */
function chooseSize(candidates: readonly Candidate[], request: MatchRequest): readonly Candidate[] {
  const suffixes = new Set(candidates.map(({ form }) => form.suffix));
  const extending = candidates.some(({ form }) => /^mov[sz]x$/.test(form.mnemonic));
  if (suffixes.size < 2 && !extending) return candidates;
  const { operands, options, syntax, name } = request;
  const memory = operands.find((operand) => operand.kind === 'memory');
  const general = operands.some((operand) => operand.kind === 'register' && operand.register.class !== 'seg');
  const stack = candidates.some(({ form }) => form.defaults64);
  const sizes = new Set(
    candidates
      .filter(({ form }) => form.rules.every((rule) => rule.memory !== 'offset'))
      .map(({ form }) => form.memorySize),
  );
  if (
    memory?.kind === 'memory' &&
    memory.size === undefined &&
    sizes.size > 1 &&
    !stack &&
    syntax === 'intel' &&
    !isUnsized(candidates)
  ) {
    throw new StatementError(
      `The operand size of "${name}" is ambiguous: write byte, word, dword or qword ptr.`,
      memory.start,
      memory.end,
    );
  }
  if (suffixes.size < 2) return candidates;
  const natural = naturalSuffix(stack, options);
  const float = candidates.every(({ form }) => form.mnemonic.startsWith('f'));
  const state = candidates.some(({ form }) => /^f(n?stenv|ldenv|n?save|rstor)$/.test(form.mnemonic));
  const table = memory?.kind === 'memory' && memory.size === 6 && /^[sl][gi]dt$/.test(candidates[0]!.form.mnemonic);
  const letter = table ? 'l' : state ? (options.mode === 16 ? 's' : 'l') : float ? 's' : natural;
  const chosen = candidates.filter(({ form }) => form.suffix === letter);
  if (chosen.length === 0) return candidates;
  if (!general && !stack && memory !== undefined && syntax === 'att' && !float && !isUnsized(candidates)) {
    request.warn(`"${name}" has no size letter and no register operand; it is taken as "${name}${natural}".`);
  }
  return chosen;
}

/** Descriptor-table and state instructions, whose operand has one shape at every operand size. */
const isUnsized = (candidates: readonly Candidate[]): boolean =>
  candidates.some(
    ({ form }) =>
      /^([sl][gi]dt|f(n?stenv|ldenv|n?save|rstor)|ret|retf|iret|sysret|sysexit|jmp|call|mov)$/.test(form.mnemonic) &&
      (form.mnemonic !== 'mov' || form.opCode === 0x8c || form.opCode === 0x8e),
  );

/** Picks the form as GAS does: a fitting size, then the shortest encoding, then the lowest opcode. */
export function match(request: MatchRequest): { encoded: Encoded; form: Form } {
  const { forms, operands, options } = request;
  let candidates: readonly Candidate[] = [];
  const noNop = request.name.startsWith('xchg') && options.mode === 64 && operands.every(isEax);
  const inMode = forms.filter(
    (form) => (form.modes & MODE_BIT[options.mode]) !== 0 && !(noNop && form.opCode === 0x90),
  );
  if (inMode.length === 0) {
    throw new StatementError(`"${request.name}" does not exist in ${options.mode}-bit mode.`);
  }
  candidates = inMode.flatMap((form) => align(form, request) ?? []);
  if (/^(xchg|test)/.test(request.name) && operands.length === 2)
    candidates = [...candidates, ...exchanged(inMode, request)];
  if (candidates.length === 0) throw explainMismatch(inMode, request);
  const sized = filterMemorySize(candidates, operands);
  if (sized.length === 0) {
    const operand = operands.find((one) => one.kind === 'memory')!;
    throw new StatementError(
      `"${request.name}" takes no memory operand of that size here.`,
      operand.start,
      operand.end,
    );
  }
  candidates = filterSymbolic(filterDistance(sized, request), operands, request.name);
  candidates = chooseSize(candidates, request);
  let best: { encoded: Encoded; form: Form } | undefined;
  let failure: unknown;
  for (const candidate of candidates) {
    try {
      const encoded = encode(candidate.form, candidate.operands, options);
      if (best === undefined || isBetter(encoded, candidate.form, best, options.direction))
        best = { encoded, form: candidate.form };
    } catch (error) {
      failure ??= error;
    }
  }
  if (best === undefined) throw failure;
  warnCut(best.form, request);
  return best;
}

function warnCut(form: Form, request: MatchRequest): void {
  const bits = SUFFIX_BITS[knownSuffix(form, request)];
  for (const operand of request.operands) {
    if (bits === undefined || operand.kind !== 'immediate' || operand.value.kind !== 'number') continue;
    const { value } = operand.value;
    const wide = BigInt.asIntN(64, value);
    if (isOfWidth(value, bits) || isOfWidth(wide, bits) || form.rules.every((rule) => rule.immediate?.width !== bits))
      continue;
    request.warn(
      `The immediate 0x${BigInt.asUintN(64, value).toString(16)} is cut to 0x${BigInt.asUintN(bits, value).toString(16)}.`,
    );
  }
}

/** XCHG is the same either way round, and so is TEST with memory: GAS takes both orders. */
function exchanged(forms: readonly Form[], request: MatchRequest): Candidate[] {
  const [first, second] = request.operands;
  const isTest = request.name.startsWith('test');
  if (isTest && (second!.kind !== 'memory' || first!.kind !== 'register')) return [];
  const swapped = { ...request, operands: [second!, first!] };
  const memory = first!.kind === 'memory' || second!.kind === 'memory';
  return forms.filter((form) => isTest || memory || form.opCode === 0x90).flatMap((form) => align(form, swapped) ?? []);
}

/** In 64-bit mode 90H is NOP and does not clear the upper half of RAX: `xchg %eax, %eax` takes the long form. */
const isEax = (operand: Operand): boolean => operand.kind === 'register' && operand.register.register === Register.EAX;

function isBetter(
  encoded: Encoded,
  form: Form,
  best: { encoded: Encoded; form: Form },
  direction: EncodeOptions['direction'],
): boolean {
  const difference = encoded.bytes.length - best.encoded.bytes.length;
  const loads = ({ rules }: Form): boolean => rules[0]?.register !== undefined && rules[0].memory === undefined;
  if (difference === 0 && direction !== undefined && loads(form) !== loads(best.form))
    return loads(form) === (direction === 'load');
  return difference < 0 || (difference === 0 && form.order < best.form.order);
}

function describeOperand(operand: Operand): string {
  switch (operand.kind) {
    case 'immediate':
      return 'an immediate';
    case 'far':
      return 'a far address';
    case 'memory':
      return operand.size === undefined ? 'memory' : `${operand.size}-byte memory`;
    case 'register': {
      const bits = /^r(8|16|32|64)$/.exec(operand.register.class)?.[1];
      if (bits !== undefined) return `${bits === '8' ? 'an' : 'a'} ${bits}-bit register`;
      return operand.register.class === 'seg' ? 'a segment register' : operand.register.name.toUpperCase();
    }
  }
}

function explainMismatch(forms: readonly Form[], request: MatchRequest): StatementError {
  const { operands, name } = request;
  const start = operands.length === 0 ? undefined : Math.min(...operands.map((operand) => operand.start));
  const end = operands.length === 0 ? undefined : Math.max(...operands.map((operand) => operand.end));
  const counts = [...new Set(forms.map((form) => form.rules.length))].sort((a, b) => a - b);
  if (!counts.includes(operands.length)) {
    const plural = counts.length === 1 && counts[0] === 1 ? '' : 's';
    return new StatementError(
      `"${name}" takes ${counts.join(' or ')} operand${plural}, not ${operands.length}.`,
      start,
      end,
    );
  }
  // Would it fit with another immediate?
  const immediate = operands.find((operand) => operand.kind === 'immediate');
  if (immediate?.kind === 'immediate' && immediate.value.kind === 'number') {
    const small = operands.map((operand) =>
      operand === immediate ? { ...immediate, value: { kind: 'number', value: 2n } as const } : operand,
    );
    if (forms.some((form) => align(form, { ...request, operands: small }) !== undefined)) {
      return new StatementError(
        `The immediate ${immediate.value.value} does not fit "${name}" with these operands.`,
        immediate.start,
        immediate.end,
      );
    }
  }
  const written = request.syntax === 'att' ? [...operands].reverse() : operands;
  const kinds = written.map(describeOperand);
  const list =
    kinds.length < 2 ? (kinds[0] ?? 'no operands') : `${kinds.slice(0, -1).join(', ')} and ${kinds[kinds.length - 1]}`;
  return new StatementError(`"${name}" has no form with ${list}.`, start, end);
}
