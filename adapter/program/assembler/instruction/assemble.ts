import type { Cursor } from '../cursor.ts';
import { type Place, StatementError } from '../diagnostics.ts';
import type { Expression, ExpressionContext } from '../expression.ts';
import type { Chain, Mode } from '../sections.ts';
import { parseAttOperand } from './att.ts';
import { branchPlan, emitBranch } from './branch.ts';
import { checkRegisters } from './checks.ts';
import { type Form, formsOf } from './forms.ts';
import { parseIntelOperand } from './intel.ts';
import { match } from './match.ts';
import { type FarOperand, isPlainExpression, type Operand } from './operand.ts';
import { arrangePrefixes, findPrefix, type Prefixes, type PrefixRule, rexPrefix, SLOT } from './prefixes.ts';
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
  emitBranch(plan, target, prefixes, context.chain, context.place(operand.start, operand.end));
  return true;
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
