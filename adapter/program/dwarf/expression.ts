/**
 * DWARF expressions as call frame information uses them (DWARF 5 §2.5, §6.4.2): a stack machine over registers and
 * memory, without locations of variables.
 */
import { Cursor, FormatError, hex } from '../cursor.ts';

/** What an expression may look at. */
export interface ExpressionContext {
  readonly addressSize: 4 | 8;
  /** By DWARF register number; undefined when its value is unknown in this frame. */
  readonly register: (number: number) => bigint | undefined;
  /** `size` bytes, little-endian; undefined when they cannot be read. */
  readonly memory: (address: bigint, size: number) => bigint | undefined;
}

/** Expressions have no need of more; a corrupted one may loop. */
const mostOperations = 10_000;
const deepestStack = 256;

/** Runs `bytes` with `initial` on the stack (the CFA for register rules, nothing for a CFA). Throws a FormatError. */
export function evaluateExpression(bytes: Uint8Array, initial: readonly bigint[], context: ExpressionContext): bigint {
  return new Machine(bytes, initial, context).run();
}

class Machine {
  private readonly cursor: Cursor;
  private readonly stack: bigint[];
  private readonly bits: number;

  constructor(
    private readonly bytes: Uint8Array,
    initial: readonly bigint[],
    private readonly context: ExpressionContext,
  ) {
    this.cursor = new Cursor(bytes, 'A DWARF expression');
    this.stack = [...initial];
    this.bits = context.addressSize * 8;
  }

  run(): bigint {
    let operations = 0;
    while (this.cursor.left > 0) {
      operations += 1;
      if (operations > mostOperations) {
        throw new FormatError(`A DWARF expression ran ${operations} operations, expected it to end before.`);
      }
      this.step();
    }
    return this.pop();
  }

  private push(value: bigint): void {
    if (this.stack.length === deepestStack) {
      throw new FormatError(`A DWARF expression has ${deepestStack} values on its stack, expected fewer.`);
    }
    this.stack.push(BigInt.asUintN(this.bits, value));
  }

  private pop(): bigint {
    return this.stack.pop() ?? this.cursor.wrong('the stack', 'empty', 'a value');
  }

  private popSigned(): bigint {
    return BigInt.asIntN(this.bits, this.pop());
  }

  private pick(index: number): bigint {
    return (
      this.stack.at(-1 - index) ?? this.cursor.wrong('the depth of a pick', index, `less than ${this.stack.length}`)
    );
  }

  private register(number: number): bigint {
    const value = this.context.register(number);
    if (value === undefined)
      throw new FormatError(`A DWARF expression needs register ${number}, whose value is unknown.`);
    return value;
  }

  private dereference(size: number): void {
    const address = this.pop();
    const value = this.context.memory(address, size);
    if (value === undefined) {
      throw new FormatError(`A DWARF expression reads ${size} bytes at ${hex(address)}, which cannot be read.`);
    }
    this.push(value);
  }

  private branch(by: bigint, taken: boolean): void {
    if (!taken) return;
    const target = BigInt(this.cursor.offset) + by;
    if (target < 0n || target > BigInt(this.bytes.length)) {
      this.cursor.wrong('the target of a branch', target, `an offset up to ${hex(this.bytes.length)}`);
    }
    this.cursor.offset = Number(target);
  }

  private step(): void {
    const { cursor } = this;
    const opcode = cursor.u8('an operation');
    if (opcode >= 0x30 && opcode <= 0x4f)
      this.push(BigInt(opcode - 0x30)); // lit0..lit31
    else if (opcode >= 0x70 && opcode <= 0x8f)
      this.push(this.register(opcode - 0x70) + cursor.sleb('an offset')); // breg
    else if (opcode >= 0x08 && opcode <= 0x11) this.push(this.constant(opcode));
    else if (opcode >= 0x12 && opcode <= 0x17) this.arrange(opcode);
    else if (opcode >= 0x29 && opcode <= 0x2e) this.compare(opcode);
    else if (opcode >= 0x19 && opcode <= 0x27) this.compute(opcode);
    else this.stepOther(opcode);
  }

  private stepOther(opcode: number): void {
    const { cursor, context } = this;
    switch (opcode) {
      case 0x03: // addr
        this.push(cursor.unsigned(context.addressSize, 'an address'));
        break;
      case 0x06: // deref
        this.dereference(context.addressSize);
        break;
      case 0x94: {
        const size = cursor.u8('DW_OP_deref_size');
        if (![1, 2, 4, 8].includes(size) || size > context.addressSize) {
          cursor.wrong('DW_OP_deref_size', size, `1, 2, 4 or 8, at most ${context.addressSize}`, cursor.offset - 1);
        }
        this.dereference(size);
        break;
      }
      case 0x28: // bra
        this.branch(cursor.signed(2, 'DW_OP_bra'), this.pop() !== 0n);
        break;
      case 0x2f: // skip
        this.branch(cursor.signed(2, 'DW_OP_skip'), true);
        break;
      case 0x92: // bregx
        this.push(this.register(cursor.ulebNumber('a register')) + cursor.sleb('an offset'));
        break;
      case 0x96: // nop
        break;
      default:
        cursor.wrong('an operation', opcode, 'a DW_OP that call frame information may use', cursor.offset - 1);
    }
  }

  private constant(opcode: number): bigint {
    const { cursor } = this;
    switch (opcode) {
      case 0x10:
        return cursor.uleb('DW_OP_constu');
      case 0x11:
        return cursor.sleb('DW_OP_consts');
      default: {
        // const1u, const1s, const2u, const2s, const4u, const4s, const8u, const8s
        const size = 1 << ((opcode - 0x08) >> 1);
        return (opcode & 1) === 0 ? cursor.unsigned(size, 'a constant') : cursor.signed(size, 'a constant');
      }
    }
  }

  private arrange(opcode: number): void {
    const { stack } = this;
    const top = this.pick(0);
    switch (opcode) {
      case 0x12: // dup
        this.push(top);
        return;
      case 0x13: // drop
        stack.pop();
        return;
      case 0x14: // over
        this.push(this.pick(1));
        return;
      case 0x15: // pick
        this.push(this.pick(this.cursor.u8('DW_OP_pick')));
        return;
      case 0x16: {
        const below = this.pick(1);
        stack.splice(-2, 2, top, below);
        return;
      }
      default: {
        // rot: the top becomes the third
        const second = this.pick(1);
        const third = this.pick(2);
        stack.splice(-3, 3, top, third, second);
      }
    }
  }

  private compare(opcode: number): void {
    const right = this.popSigned();
    const left = this.popSigned();
    const results = [left === right, left >= right, left > right, left <= right, left < right, left !== right];
    this.push(results[opcode - 0x29] ? 1n : 0n);
  }

  private compute(opcode: number): void {
    switch (opcode) {
      case 0x19: {
        const value = this.popSigned();
        this.push(value < 0n ? -value : value);
        return;
      }
      case 0x1f: // neg
        this.push(-this.pop());
        return;
      case 0x20: // not
        this.push(~this.pop());
        return;
      case 0x23: // plus_uconst
        this.push(this.pop() + this.cursor.uleb('DW_OP_plus_uconst'));
        return;
    }
    const right = this.pop();
    const left = this.pop();
    this.push(this.binary(opcode, left, right));
  }

  private binary(opcode: number, left: bigint, right: bigint): bigint {
    const { bits } = this;
    const signed = (value: bigint) => BigInt.asIntN(bits, value);
    const tooFar = right >= BigInt(bits);
    switch (opcode) {
      case 0x1a:
        return left & right;
      case 0x1b: // div, signed
        if (right === 0n) this.cursor.wrong('a divisor', right, 'another number');
        return signed(left) / signed(right);
      case 0x1c:
        return left - right;
      case 0x1d: // mod, unsigned
        if (right === 0n) this.cursor.wrong('a divisor', right, 'another number');
        return left % right;
      case 0x1e:
        return left * right;
      case 0x21:
        return left | right;
      case 0x22:
        return left + right;
      case 0x24: // shl
        return tooFar ? 0n : left << right;
      case 0x25: // shr
        return tooFar ? 0n : left >> right;
      case 0x26: // shra
        return signed(left) >> (tooFar ? BigInt(bits) : right);
      default: // 0x27
        return left ^ right;
    }
  }
}
