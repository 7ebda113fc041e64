import type { ByteWriter } from './byteWriter.ts';

/**
 * Typed WebAssembly expressions. An expression is a value that knows how to write the code that computes it; it is
 * written each time it is used, so anything costly or order-dependent goes through `FunctionBuilder.let`.
 */
export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

export const TYPE_CODE: Record<ValueType, number> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

export interface Expression<T extends ValueType = ValueType> {
  readonly type: T;
  readonly emit: (w: ByteWriter) => void;
  /** For an i32 or small i64 constant, its value: lets constructors fold. */
  readonly constant?: number;
}

export type I32 = Expression<'i32'>;
export type I64 = Expression<'i64'>;
export type F32 = Expression<'f32'>;
export type F64 = Expression<'f64'>;
export type V128 = Expression<'v128'>;

export function i32(value: number): I32 {
  return {
    type: 'i32',
    constant: value | 0,
    emit: (w) => {
      w.u8(0x41);
      w.s32(value);
    },
  };
}

/** A 64-bit constant: a safe integer or a bigint. */
export function i64(value: number | bigint): I64 {
  if (typeof value === 'number') {
    return i64Halves(value | 0, Math.floor(value / 4294967296), value);
  }
  const wide = BigInt.asIntN(64, value);
  return i64Halves(Number(wide & 0xffffffffn) | 0, Number(wide >> 32n));
}

export function i64Halves(low: number, high: number, constant?: number): I64 {
  const emit = (w: ByteWriter) => {
    w.u8(0x42);
    w.s64(low, high);
  };
  return constant === undefined ? { type: 'i64', emit } : { type: 'i64', emit, constant };
}

function unary<R extends ValueType>(type: R, opcode: number) {
  return (a: Expression): Expression<R> => ({
    type,
    emit: (w) => {
      a.emit(w);
      w.u8(opcode);
    },
  });
}

function binaryOf<T extends ValueType, R extends ValueType>(
  opcode: number,
  type: R,
  a: Expression<T>,
  b: Expression<T>,
): Expression<R> {
  return {
    type,
    emit: (w) => {
      a.emit(w);
      b.emit(w);
      w.u8(opcode);
    },
  };
}

type Integer = 'i32' | 'i64';

function integerBinary(op32: number, op64: number, identity?: number) {
  return <T extends Integer>(a: Expression<T>, b: Expression<T>): Expression<T> => {
    if (identity !== undefined && b.constant === identity) return a;
    return binaryOf(a.type === 'i32' ? op32 : op64, a.type, a, b);
  };
}

function comparison(op32: number, op64: number) {
  return <T extends Integer>(a: Expression<T>, b: Expression<T>): I32 =>
    binaryOf(a.type === 'i32' ? op32 : op64, 'i32', a, b);
}

export const add = integerBinary(0x6a, 0x7c, 0);
export const sub = integerBinary(0x6b, 0x7d, 0);
export const mul = integerBinary(0x6c, 0x7e, 1);
export const divS = integerBinary(0x6d, 0x7f);
export const divU = integerBinary(0x6e, 0x80);
export const remS = integerBinary(0x6f, 0x81);
export const remU = integerBinary(0x70, 0x82);
export const and = integerBinary(0x71, 0x83, -1);
export const or = integerBinary(0x72, 0x84, 0);
export const xor = integerBinary(0x73, 0x85, 0);
/** Shift counts are taken modulo the width, as in WebAssembly. */
export const shl = integerBinary(0x74, 0x86, 0);
export const shrS = integerBinary(0x75, 0x87, 0);
export const shrU = integerBinary(0x76, 0x88, 0);
export const rotl = integerBinary(0x77, 0x89, 0);
export const rotr = integerBinary(0x78, 0x8a, 0);

export const eq = comparison(0x46, 0x51);
export const ne = comparison(0x47, 0x52);
export const ltS = comparison(0x48, 0x53);
export const ltU = comparison(0x49, 0x54);
export const gtS = comparison(0x4a, 0x55);
export const gtU = comparison(0x4b, 0x56);
export const leS = comparison(0x4c, 0x57);
export const leU = comparison(0x4d, 0x58);
export const geS = comparison(0x4e, 0x59);
export const geU = comparison(0x4f, 0x5a);

export const eqz = (a: I32 | I64): I32 => unary('i32', a.type === 'i32' ? 0x45 : 0x50)(a);
const sameWidth =
  (op32: number, op64: number) =>
  <T extends Integer>(a: Expression<T>): Expression<T> =>
    unary(a.type, a.type === 'i32' ? op32 : op64)(a) as Expression<T>;
export const clz = sameWidth(0x67, 0x79);
export const ctz = sameWidth(0x68, 0x7a);
export const popcnt = sameWidth(0x69, 0x7b);

export const wrap = (a: I64): I32 => (a.constant !== undefined ? i32(a.constant) : unary('i32', 0xa7)(a));
export const extendU = (a: I32): I64 => unary('i64', 0xad)(a);
export const extendS = (a: I32): I64 => unary('i64', 0xac)(a);
export const extend8S = (a: I64): I64 => unary('i64', 0xc2)(a);
export const extend16S = (a: I64): I64 => unary('i64', 0xc3)(a);
export const extend32S = (a: I64): I64 => unary('i64', 0xc4)(a);

export const not = <T extends Integer>(a: Expression<T>): Expression<T> =>
  xor(a, (a.type === 'i32' ? i32(-1) : i64(-1)) as Expression<T>);
export const neg = <T extends Integer>(a: Expression<T>): Expression<T> =>
  sub((a.type === 'i32' ? i32(0) : i64(0)) as Expression<T>, a);

/** `a || b` on conditions; `b` is evaluated only when `a` is 0. */
export const either = (a: I32, b: I32): I32 => ({
  type: 'i32',
  emit: (w) => {
    a.emit(w);
    w.u8(0x04);
    w.u8(TYPE_CODE.i32);
    i32(1).emit(w);
    w.u8(0x05);
    b.emit(w);
    w.u8(0x0b);
  },
});

/** `condition ? a : b`, both evaluated. */
export function select<T extends ValueType>(condition: I32, a: Expression<T>, b: Expression<T>): Expression<T> {
  return {
    type: a.type,
    emit: (w) => {
      a.emit(w);
      b.emit(w);
      condition.emit(w);
      if (a.type === 'v128') {
        w.u8(0x1c);
        w.u8(1);
        w.u8(TYPE_CODE.v128);
      } else w.u8(0x1b);
    },
  };
}

function memoryAccess(w: ByteWriter, opcode: number, align: number, offset: number): void {
  w.u8(opcode);
  w.u32(align);
  w.u32(offset);
}

function loadOf<T extends ValueType>(type: T, opcode: number) {
  return (address: I32, offset = 0): Expression<T> => ({
    type,
    emit: (w) => {
      address.emit(w);
      memoryAccess(w, opcode, 0, offset);
    },
  });
}

/** Loads at a byte address in the machine's memory (not a guest address). */
export const load32 = loadOf('i32', 0x28);
export const load64 = loadOf('i64', 0x29);
export const load8U = loadOf('i32', 0x2d);
export const load8S = loadOf('i32', 0x2c);
export const load16U = loadOf('i32', 0x2f);
export const load8U64 = loadOf('i64', 0x31);
export const load16U64 = loadOf('i64', 0x33);
export const load32U64 = loadOf('i64', 0x35);
export const load32S64 = loadOf('i64', 0x34);
export const loadF32 = loadOf('f32', 0x2a);
export const loadF64 = loadOf('f64', 0x2b);

/** A load of `bits` zero-extended to 64. */
export function loadBits(bits: number, address: I32, offset = 0): I64 {
  switch (bits) {
    case 8:
      return load8U64(address, offset);
    case 16:
      return load16U64(address, offset);
    case 32:
      return load32U64(address, offset);
    default:
      return load64(address, offset);
  }
}

export const load128 = (address: I32, offset = 0): V128 => ({
  type: 'v128',
  emit: (w) => {
    address.emit(w);
    w.u8(0xfd);
    w.u32(0);
    w.u32(0);
    w.u32(offset);
  },
});

/** An operator of the 0xFD (SIMD) space by its number; `immediates` follow it. */
export function simd<R extends ValueType>(
  type: R,
  opcode: number,
  operands: readonly Expression[],
  immediates: readonly number[] = [],
): Expression<R> {
  return {
    type,
    emit: (w) => {
      for (const operand of operands) operand.emit(w);
      w.u8(0xfd);
      w.u32(opcode);
      for (const byte of immediates) w.u8(byte);
    },
  };
}

/** A one-byte operator by its number, for the floating-point groups. */
export function op<R extends ValueType>(type: R, opcode: number, ...operands: readonly Expression[]): Expression<R> {
  return {
    type,
    emit: (w) => {
      for (const operand of operands) operand.emit(w);
      w.u8(opcode);
    },
  };
}
