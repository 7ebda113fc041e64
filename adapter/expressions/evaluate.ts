import { type Node, type Parsed, parse, SEGMENT_REGISTER, type ValueType } from './parse.ts';
import { ExpressionError } from './tokens.ts';

/** What the names and brackets of an expression mean at one moment: a frame of a stopped machine, or a pending event. */
export interface Environment {
  /** Names that only this moment has (`vector`, `errorCode`, `hits`); they come before registers. */
  readonly extra?: ReadonlyMap<string, bigint>;
  /** By lower-case name, flags included; undefined when there is no such register. */
  register(name: string): { readonly value: bigint; readonly bits: number } | undefined;
  /** The address of a symbol, undefined when there is none. */
  symbol(name: string): bigint | undefined;
  /** Throws an ExpressionError when the bytes cannot be read. `size` in bytes. */
  read(address: bigint, size: number, physical: boolean): bigint;
  /** The base of the segment that a selector names. Throws an ExpressionError when there is none. */
  segmentBase(selector: bigint): bigint;
  /** 2, 4 or 8: what `[address]` reads. */
  readonly pointerSize: 2 | 4 | 8;
}

/**
 * A result. `value` is a mathematical integer: registers and memory are unsigned, `s8()` … `s64()` and casts to signed
 * types may be negative, and arithmetic does not wrap until the result is shown or used as an address.
 */
export interface Value {
  readonly value: bigint;
  /** How many bits it is shown with, and modulo which `==` compares with a negative number. */
  readonly bits: number;
  readonly signed: boolean;
}

export type Evaluator = (environment: Environment) => Value;

/** Where an assignment goes. */
export type Target =
  | { readonly kind: 'register'; readonly name: string }
  | { readonly kind: 'memory'; readonly address: bigint; readonly size: number; readonly physical: boolean };

const plain = (value: bigint, bits = 64): Value => ({ value, bits, signed: value < 0n });
const truth = (value: boolean): Value => ({ value: value ? 1n : 0n, bits: 1, signed: false });

/** An expression ready to run as often as needed. */
export interface Compiled {
  readonly parsed: Parsed;
  readonly evaluate: Evaluator;
}

/** Parses and compiles. Throws an ExpressionError with one sentence. */
export function compileExpression(text: string): Compiled {
  const parsed = parse(text);
  return { parsed, evaluate: compile(parsed.node) };
}

export function compile(node: Node): Evaluator {
  switch (node.kind) {
    case 'number': {
      const value = plain(node.value);
      return () => value;
    }
    case 'name':
      return compileName(node);
    case 'unary': {
      const operand = compile(node.operand);
      if (node.operator === '!') return (environment) => truth(operand(environment).value === 0n);
      if (node.operator === '-') return (environment) => plain(-operand(environment).value);
      if (node.operator === '~') return (environment) => plain(~operand(environment).value);
      return operand;
    }
    case 'binary':
      return compileBinary(node);
    case 'conditional': {
      const [test, whenTrue, whenFalse] = [compile(node.test), compile(node.whenTrue), compile(node.whenFalse)];
      return (environment) => (test(environment).value !== 0n ? whenTrue(environment) : whenFalse(environment));
    }
    case 'memory': {
      const address = compile(node.address);
      const { type, physical } = node;
      return (environment) => {
        const size = type ? type.bits / 8 : environment.pointerSize;
        const raw = environment.read(BigInt.asUintN(64, address(environment).value), size, physical);
        return {
          value: type?.signed ? BigInt.asIntN(size * 8, raw) : raw,
          bits: size * 8,
          signed: type?.signed ?? false,
        };
      };
    }
    case 'segmented':
      return compileSegmented(node);
    case 'cast': {
      const operand = compile(node.operand);
      return (environment) => convert(operand(environment).value, node.type);
    }
    case 'pointer':
      return compile(node.operand);
  }
}

/** A segment register's own base counts, which need not be what its selector names (SDM Vol. 3A §3.4.3). */
function compileSegmented(node: Node & { kind: 'segmented' }): Evaluator {
  const offset = compile(node.offset);
  const name = node.selector.kind === 'name' ? node.selector.name.toLowerCase() : '';
  const selector = compile(node.selector);
  return (environment) => {
    const base = SEGMENT_REGISTER.test(name)
      ? environment.register(`${name}.base`)!.value
      : environment.segmentBase(selector(environment).value);
    return plain(BigInt.asUintN(64, base + offset(environment).value));
  };
}

function convert(value: bigint, { bits, signed }: ValueType): Value {
  return { value: signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value), bits, signed };
}

function compileName(node: Node & { kind: 'name' }): Evaluator {
  const lower = node.name.toLowerCase();
  return (environment) => {
    if (!node.registerOnly) {
      const extra = environment.extra?.get(node.name);
      if (extra !== undefined) return plain(extra);
    }
    const register = environment.register(lower);
    if (register !== undefined) return { ...register, signed: false };
    const address = node.registerOnly ? undefined : environment.symbol(node.name);
    if (address !== undefined) return plain(address);
    const what = node.registerOnly ? 'a register' : 'a register or symbol';
    throw new ExpressionError(`${node.name} is not ${what}.`, node.column);
  };
}

function compileBinary(node: Node & { kind: 'binary' }): Evaluator {
  const [left, right] = [compile(node.left), compile(node.right)];
  if (node.operator === '&&') {
    return (environment) => truth(left(environment).value !== 0n && right(environment).value !== 0n);
  }
  if (node.operator === '||') {
    return (environment) => truth(left(environment).value !== 0n || right(environment).value !== 0n);
  }
  const operate = OPERATIONS[node.operator]!;
  return (environment) => operate(left(environment), right(environment), node.column);
}

const OPERATIONS: Readonly<Record<string, (a: Value, b: Value, column: number) => Value>> = {
  '+': (a, b) => plain(a.value + b.value),
  '-': (a, b) => plain(a.value - b.value),
  '*': (a, b) => plain(a.value * b.value),
  '/': (a, b, column) => plain(a.value / divisor(b, column)),
  '%': (a, b, column) => plain(a.value % divisor(b, column)),
  '&': (a, b) => plain(a.value & b.value, Math.max(a.bits, b.bits)),
  '|': (a, b) => plain(a.value | b.value, Math.max(a.bits, b.bits)),
  '^': (a, b) => plain(a.value ^ b.value, Math.max(a.bits, b.bits)),
  '<<': (a, b, column) => plain(BigInt.asUintN(64, a.value << shift(b, column))),
  '>>': (a, b, column) => plain(a.value >> shift(b, column), a.bits),
  '==': (a, b) => truth(equal(a, b)),
  '!=': (a, b) => truth(!equal(a, b)),
  '<': (a, b) => truth(a.value < b.value),
  '<=': (a, b) => truth(a.value <= b.value),
  '>': (a, b) => truth(a.value > b.value),
  '>=': (a, b) => truth(a.value >= b.value),
};

function divisor({ value }: Value, column: number): bigint {
  if (value === 0n) throw new ExpressionError('Division by zero.', column);
  return value;
}

function shift({ value }: Value, column: number): bigint {
  if (value < 0n || value > 127n) throw new ExpressionError(`A shift by ${value} is not within 0 to 127.`, column);
  return value;
}

/** `eax == -1` holds when EAX is 0xffffffff: a negative number is taken modulo the other side's width. */
function equal(a: Value, b: Value): boolean {
  if (a.value < 0n === b.value < 0n) return a.value === b.value;
  return a.value < 0n ? BigInt.asUintN(b.bits, a.value) === b.value : BigInt.asUintN(a.bits, b.value) === a.value;
}

/** What an assignment to `node` writes. Throws an ExpressionError when it is not something that can be set. */
export function targetOf(node: Node, environment: Environment): Target {
  if (node.kind === 'name') {
    const name = node.name.toLowerCase();
    if (environment.register(name) !== undefined) return { kind: 'register', name };
    const address = node.registerOnly ? undefined : environment.symbol(node.name);
    if (address !== undefined) {
      throw new ExpressionError(`${node.name} is a symbol, whose address cannot be set; [${node.name}] can.`);
    }
    throw new ExpressionError(`${node.name} is not a register.`, node.column);
  }
  if (node.kind === 'memory') {
    const address = BigInt.asUintN(64, compile(node.address)(environment).value);
    const size = node.type ? node.type.bits / 8 : environment.pointerSize;
    return { kind: 'memory', address, size, physical: node.physical };
  }
  throw new ExpressionError('Only a register or a memory operand in brackets can be set.');
}
