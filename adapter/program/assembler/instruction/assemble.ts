import type { Cursor } from '../cursor.ts';
import { type Place, StatementError } from '../diagnostics.ts';
import type { Expression, ExpressionContext } from '../expression.ts';
import type { Chain, Mode } from '../sections.ts';
import { parseAttOperand } from './att.ts';
import { type BranchPlan, branchPlan } from './branch.ts';
import { type Form, formsOf } from './forms.ts';
import { parseIntelOperand } from './intel.ts';
import { match } from './match.ts';
import { type FarOperand, isPlainExpression, type MemoryOperand, type Operand } from './operand.ts';
import { arrangePrefixes, findPrefix, type PrefixRule, rexPrefix, SLOT } from './prefixes.ts';
import { availableIn, type RegisterInfo } from './registers.ts';
import { dropNamed, expandShort, keepsOrder, pseudoOperation } from './special.ts';

/** What an instruction statement needs from the assembler around it. */
export interface InstructionContext {
  readonly expressions: ExpressionContext;
  readonly mode: Mode;
  readonly syntax: 'att' | 'intel';
  readonly chain: Chain;
  readonly place: (start?: number, end?: number) => Place;
  readonly warn: (message: string, start?: number, end?: number) => void;
}

interface Prefixes {
  readonly rules: PrefixRule[];
  rex: number | undefined;
  displacement: 8 | 32 | undefined;
  vex3: boolean;
  direction: 'load' | 'store' | undefined;
}

const MNEMONIC = /[^\s,;"'(){}[\]$%*&|!~<>:=+-]+/y;

/** Takes a mnemonic-like word in lower case with its branch hint, or ''. */
function takeWord(cursor: Cursor): string {
  cursor.skipBlanks();
  MNEMONIC.lastIndex = cursor.position;
  const word = MNEMONIC.exec(cursor.text)?.[0]?.slice(0, cursor.end - cursor.position) ?? '';
  cursor.position += word.length;
  return word.toLowerCase();
}

/** `{disp32}`, `{vex3}` and the like before a mnemonic. */
function takePseudoPrefix(cursor: Cursor, prefixes: Prefixes): boolean {
  if (!cursor.take('{')) return false;
  const end = cursor.text.indexOf('}', cursor.position);
  if (end < 0 || end >= cursor.end) cursor.fail('A closing "}" is missing.');
  const name = cursor.text.slice(cursor.position, end).trim().toLowerCase();
  if (name === 'disp8') prefixes.displacement = 8;
  else if (name === 'disp32' || name === 'disp16') prefixes.displacement = 32;
  else if (name === 'vex3') prefixes.vex3 = true;
  else if (name === 'load' || name === 'store') prefixes.direction = name;
  else if (name === 'rex') prefixes.rex ??= 0x40;
  else if (!['vex', 'vex2', 'nooptimize'].includes(name))
    cursor.fail(`The pseudo prefix "{${name}}" is not supported.`);
  cursor.position = end + 1;
  return true;
}

/** Assembles the instruction at the cursor into the chain. Throws {@link StatementError}. */
export function assembleInstruction(cursor: Cursor, context: InstructionContext): void {
  const prefixes: Prefixes = { rules: [], rex: undefined, displacement: undefined, vex3: false, direction: undefined };
  let start = cursor.skipBlanks().position;
  let name = '';
  for (;;) {
    while (takePseudoPrefix(cursor, prefixes)) start = cursor.skipBlanks().position;
    start = cursor.skipBlanks().position;
    name = takeWord(cursor);
    if (name === '') {
      if (prefixes.rules.length > 0 || prefixes.rex !== undefined) {
        emitBarePrefixes(prefixes, context);
        return;
      }
      cursor.fail(`Expected an instruction, not "${cursor.rest()}".`, start);
    }
    if (name.endsWith('/')) name = name.slice(0, -1);
    const rule = findPrefix(name, context.mode);
    if (rule !== undefined) {
      if (prefixes.rules.some(({ slot }) => slot === rule.slot)) {
        throw new StatementError(
          `Two prefixes of one kind stand before the instruction; "${name}" is the second.`,
          start,
          cursor.position,
        );
      }
      prefixes.rules.push(rule);
      cursor.skipBlanks();
      continue;
    }
    const rex = context.mode === 64 ? rexPrefix(name) : undefined;
    if (rex === undefined) break;
    prefixes.rex = rex;
  }
  const mnemonicEnd = cursor.position;
  if (cursor.peek() === ',' && /^,\s*p[nt]\b/i.test(cursor.text.slice(cursor.position, cursor.end))) {
    cursor.take(',');
    prefixes.rules.push({ byte: takeWord(cursor) === 'pt' ? 0x3e : 0x2e, slot: SLOT.segment });
  }
  const operands = parseOperands(cursor, context);
  try {
    if (assembleBranch(name, operands, prefixes, context)) return;
    assembleGeneral(name, operands, prefixes, context, start, mnemonicEnd);
  } catch (error) {
    if (error instanceof StatementError && error.start === undefined)
      throw new StatementError(error.message, start, mnemonicEnd);
    throw error;
  }
}

function emitBarePrefixes(prefixes: Prefixes, context: InstructionContext): void {
  const bytes = [...prefixes.rules].sort((a, b) => a.slot - b.slot).map(({ byte }) => byte);
  if (prefixes.rex !== undefined) bytes.push(prefixes.rex);
  context.chain.append(bytes);
}

const MOST_OPERANDS = 5;

function parseOperands(cursor: Cursor, context: InstructionContext): Operand[] {
  const operands: Operand[] = [];
  if (cursor.skipBlanks().done) return operands;
  const parse = context.syntax === 'att' ? parseAttOperand : parseIntelOperand;
  for (;;) {
    const operand = parse(cursor, context.expressions);
    checkRegisters(operand, context.mode);
    operands.push(operand);
    if (cursor.skipBlanks().done) break;
    if (!cursor.take(',')) cursor.fail(`Expected "," or the end of the statement, not "${cursor.rest()}".`);
    if (operands.length >= MOST_OPERANDS) cursor.fail(`An instruction takes at most ${MOST_OPERANDS} operands.`);
  }
  return operands;
}

function checkRegisters(operand: Operand, mode: Mode): void {
  const used: RegisterInfo[] = [];
  if (operand.kind === 'register') used.push(operand.register);
  if (operand.kind === 'memory') used.push(...[operand.base, operand.index].filter((one) => one !== undefined));
  for (const register of used) {
    if (!availableIn(register, mode)) {
      throw new StatementError(`Register ${register.name} exists only in 64-bit mode.`, operand.start, operand.end);
    }
  }
  if (operand.kind === 'register' && operand.register.class === 'ip') {
    throw new StatementError(
      `${operand.register.name} can only be the base of an address.`,
      operand.start,
      operand.end,
    );
  }
  if (operand.kind === 'memory') checkAddress(operand, mode);
}

function checkAddress(operand: MemoryOperand, mode: Mode): void {
  const { base, index } = operand;
  const fail = (message: string): never => {
    throw new StatementError(message, operand.start, operand.end);
  };
  const bits = (register: RegisterInfo): number | undefined =>
    register.class === 'r16'
      ? 16
      : register.class === 'r32' || register.name === 'eip'
        ? 32
        : register.class === 'r64' || register.name === 'rip'
          ? 64
          : undefined;
  if (base !== undefined && bits(base) === undefined) fail(`${base.name} can't be a base register.`);
  if (index !== undefined && bits(index) === undefined && !/^[xyz]mm/.test(index.name))
    fail(`${index.name} can't be an index register.`);
  if (base !== undefined && index !== undefined && bits(index) !== undefined && bits(base) !== bits(index)) {
    fail(`Base ${base.name} and index ${index.name} differ in size.`);
  }
  if (base?.class === 'ip' && index !== undefined) fail('A RIP-relative address has no index.');
  if (
    index !== undefined &&
    (index.class === 'ip' || (index.number === 4 && (index.class === 'r32' || index.class === 'r64')))
  ) {
    fail(`${index.name} can't be an index register.`);
  }
  const word = base?.class === 'r16' || index?.class === 'r16';
  if (word && base?.name !== 'dx') {
    if (mode === 64) fail('16-bit addresses do not exist in 64-bit mode.');
    if (
      !/^(bx|bp|si|di)$/.test(base?.name ?? '') ||
      (index !== undefined && !(/^b[xp]$/.test(base!.name) && /^[sd]i$/.test(index.name)))
    ) {
      fail('A 16-bit address is made of BX or BP, SI or DI, and a displacement.');
    }
    if (operand.scale !== 1) fail('A 16-bit address has no scale.');
  }
  const { displacement } = operand;
  if (displacement?.kind === 'number' && mode === 64 && (base !== undefined || index !== undefined)) {
    const value = BigInt.asIntN(64, displacement.value);
    const addressBits = base === undefined ? bits(index!) : bits(base);
    const high = addressBits === 32 ? (1n << 32n) - 1n : (1n << 31n) - 1n;
    if (value < -(1n << 31n) || value > high)
      fail(`The displacement ${displacement.value} does not fit 32 signed bits.`);
  }
}

/** Direct branches; false when the statement is none. */
function assembleBranch(
  name: string,
  operands: readonly Operand[],
  prefixes: Prefixes,
  context: InstructionContext,
): boolean {
  const [operand] = operands;
  if (operand === undefined || operands.length !== 1) return false;
  let target: Expression | undefined;
  if (isPlainExpression(operand) && operand.distance !== 'far') target = operand.displacement;
  else if (operand.kind === 'immediate' && context.syntax === 'intel') target = operand.value;
  if (target === undefined) return false;
  const plan = branchPlan(name, context.mode);
  if (plan === undefined) return false;
  const needy = prefixes.rules.find(({ needs }) => needs !== undefined);
  if (needy !== undefined) throw prefixError(needy, name);
  emitBranch(plan, target, prefixes, context, context.place(operand.start, operand.end));
  return true;
}

function emitBranch(
  plan: BranchPlan,
  target: Expression,
  prefixes: Prefixes,
  context: InstructionContext,
  place: Place,
): void {
  const rules = [...prefixes.rules];
  // An explicit data16 or data32 exchanges the size of a near displacement.
  const exchanged = plan.size > 1 && !plan.prefix.data && rules.some(({ slot }) => slot === SLOT.data);
  const size = exchanged ? (plan.size === 4 ? 2 : 4) : plan.size;
  if (plan.prefix.address && !rules.some(({ slot }) => slot === SLOT.address))
    rules.push({ byte: 0x67, slot: SLOT.address });
  if (plan.prefix.data && !rules.some(({ slot }) => slot === SLOT.data)) rules.push({ byte: 0x66, slot: SLOT.data });
  const front = rules.sort((a, b) => a.slot - b.slot).map(({ byte }) => byte);
  if (prefixes.rex !== undefined) front.push(prefixes.rex);
  const { chain } = context;
  if (plan.opcode === undefined) {
    chain.append(front);
    chain.finish({
      kind: 'branch',
      condition: plan.condition,
      target,
      longSize: size as 2 | 4,
      prefixes: [],
      long: false,
      place,
    });
    return;
  }
  chain.append([...front, ...plan.opcode]);
  const offset = chain.current.length;
  chain.append(new Uint8Array(size));
  chain.current.fixups.push({
    offset,
    size,
    expression: target,
    relativeTo: size,
    range: size === 2 ? 'wrap' : 'signed',
    place,
  });
}

const prefixError = (rule: PrefixRule, name: string): StatementError =>
  new StatementError(
    rule.needs === 'lock'
      ? `LOCK can't stand before "${name}": it takes a read-modify-write of memory.`
      : `NOTRACK can't stand before "${name}": it takes an indirect near jump or call.`,
  );

const SUFFIX_OF: Readonly<Record<string, string>> = { b: 'b', w: 'w', d: 'l', q: 'q' };

/** The forms of a name; in Intel syntax a size letter (b, w, d, q) may follow the mnemonic. */
function lookUp(name: string, syntax: 'att' | 'intel'): readonly Form[] {
  const exact = formsOf(name, syntax);
  const letter = name[name.length - 1]!;
  if (syntax === 'att') {
    if (exact.length > 0 || !'bwlq'.includes(letter)) return exact;
    return formsOf(name.slice(0, -1), 'intel').filter((form) => form.suffix === letter);
  }
  const suffix = SUFFIX_OF[letter];
  const stripped =
    suffix === undefined ? [] : formsOf(name.slice(0, -1), syntax).filter((form) => form.suffix === suffix);
  return exact.length === 0
    ? stripped
    : stripped.length === 0
      ? exact
      : [...exact, ...stripped.filter((form) => !exact.includes(form))];
}

function assembleGeneral(
  written: string,
  source: readonly Operand[],
  prefixes: Prefixes,
  context: InstructionContext,
  start: number,
  end: number,
): void {
  const { mode, syntax } = context;
  let name = written;
  let operands: readonly Operand[] = syntax === 'att' && !keepsOrder(name, source) ? [...source].reverse() : source;
  ({ operands, name } = farOperands(name, operands, syntax));
  ({ operands, name } = expandShort(name, operands, mode, start, end));
  let forms = lookUp(name, syntax);
  const pseudo = forms.length === 0 || /^v?cmp(eq|lt)/.test(name) ? pseudoOperation(name) : undefined;
  if (pseudo !== undefined) {
    name = pseudo.name;
    forms = lookUp(name, syntax);
    operands = [...operands, { kind: 'immediate', value: { kind: 'number', value: pseudo.immediate }, start, end }];
  }
  if (forms.length === 0)
    throw new StatementError(`"${written}" is no instruction that this assembler knows.`, start, end);
  const named = dropNamed(name, operands, mode);
  const addressPrefix = named.addressPrefix || prefixes.rules.some(({ slot }) => slot === SLOT.address);
  const { encoded, form } = match({
    name,
    forms,
    operands: named.operands,
    syntax,
    options: {
      mode,
      addressPrefix,
      dataPrefix: prefixes.rules.some(({ slot }) => slot === SLOT.data),
      displacement: prefixes.displacement,
      vex3: prefixes.vex3,
      direction: prefixes.direction,
    },
    warn: (message) => context.warn(message, start, end),
  });
  const rules = [...prefixes.rules];
  if (named.addressPrefix) rules.push({ byte: 0x67, slot: SLOT.address });
  for (const rule of rules) {
    const usable =
      rule.needs === 'lock' ? form.lock && operands[0]?.kind === 'memory' : rule.needs !== 'notrack' || form.notrack;
    if (!usable) throw prefixError(rule, name);
  }
  const { bytes, shift } = arrangePrefixes(encoded.bytes, rules, prefixes.rex, mode);
  const { chain } = context;
  const base = chain.current.length;
  chain.append(bytes);
  for (const field of encoded.fields) {
    const offset = field.offset + shift;
    chain.current.fixups.push({
      offset: base + offset,
      size: field.size,
      expression: field.expression,
      ...(field.relative ? { relativeTo: bytes.length - offset } : {}),
      range: field.range,
      place: context.place(start, named.operands[named.operands.length - 1]?.end ?? end),
    });
  }
}

/** `ljmp $0x10, $target` becomes one far operand, as Intel's `jmp 0x10:target` is. */
function farOperands(
  name: string,
  operands: readonly Operand[],
  syntax: 'att' | 'intel',
): { operands: readonly Operand[]; name: string } {
  const [selector, offset] = operands;
  if (
    /^l?(jmp|call)[wlq]?$/.test(name) &&
    operands.length === 2 &&
    selector?.kind === 'immediate' &&
    offset?.kind === 'immediate'
  ) {
    const far: FarOperand = {
      kind: 'far',
      selector: selector.value,
      offset: offset.value,
      start: selector.start,
      end: offset.end,
    };
    return { name: syntax === 'att' && name[0] !== 'l' ? `l${name}` : name, operands: [far] };
  }
  if (syntax === 'intel' && /^l(jmp|call)$/.test(name)) {
    const target =
      offset === undefined
        ? undefined
        : offset.kind === 'immediate'
          ? offset.value
          : isPlainExpression(offset)
            ? offset.displacement
            : undefined;
    if (selector?.kind !== 'immediate' || target === undefined) return { name: name.slice(1), operands };
    const far: FarOperand = {
      kind: 'far',
      selector: selector.value,
      offset: target,
      start: selector.start,
      end: offset!.end,
    };
    return { name: name.slice(1), operands: [far] };
  }
  return { name, operands };
}
