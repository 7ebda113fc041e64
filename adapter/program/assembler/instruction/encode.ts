import { Encoder, Instruction, OpCodeOperandKind, OpKind, Register } from '../../iced.ts';
import { StatementError } from '../diagnostics.ts';
import type { Expression } from '../expression.ts';
import type { Mode } from '../sections.ts';
import type { Form } from './forms.ts';
import type { ImmediateRule } from './kinds.ts';
import type { MemoryOperand, Operand } from './operand.ts';
import { addressBits, type RegisterInfo } from './registers.ts';

/** A field of an encoding whose value comes later. */
export interface Field {
  readonly offset: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly expression: Expression;
  /** RIP-relative: counts from the instruction's end. */
  readonly relative: boolean;
  readonly range: 'signed' | 'either';
}

export interface Encoded {
  readonly bytes: Uint8Array;
  readonly fields: readonly Field[];
}

const encoders = new Map<Mode, Encoder>();

function encoderFor(mode: Mode): Encoder {
  let encoder = encoders.get(mode);
  if (encoder === undefined) {
    encoder = new Encoder(mode);
    encoders.set(mode, encoder);
  }
  return encoder;
}

/** Address size of a memory operand: its registers', else the mode's, which `addr32` or `addr16` exchanges. */
export function addressSize(operand: MemoryOperand, { mode, addressPrefix }: EncodeOptions): 16 | 32 | 64 {
  const register = operand.base ?? (operand.index?.class.startsWith('r') === true ? operand.index : undefined);
  const bits = register === undefined ? undefined : addressBits(register);
  return bits ?? (addressPrefix ? (mode === 32 ? 16 : 32) : mode);
}

const IMMEDIATE_KIND: Partial<Record<OpCodeOperandKind, OpKind>> = {
  [OpCodeOperandKind.imm4_m2z]: OpKind.Immediate8,
  [OpCodeOperandKind.imm8]: OpKind.Immediate8,
  [OpCodeOperandKind.imm8_const_1]: OpKind.Immediate8,
  [OpCodeOperandKind.imm8sex16]: OpKind.Immediate8to16,
  [OpCodeOperandKind.imm8sex32]: OpKind.Immediate8to32,
  [OpCodeOperandKind.imm8sex64]: OpKind.Immediate8to64,
  [OpCodeOperandKind.imm16]: OpKind.Immediate16,
  [OpCodeOperandKind.imm32]: OpKind.Immediate32,
  [OpCodeOperandKind.imm32sex64]: OpKind.Immediate32to64,
  [OpCodeOperandKind.imm64]: OpKind.Immediate64,
};

const STRING_KIND: Readonly<Record<string, readonly [OpKind, OpKind, OpKind]>> = {
  source: [OpKind.MemorySegSI, OpKind.MemorySegESI, OpKind.MemorySegRSI],
  destination: [OpKind.MemoryESDI, OpKind.MemoryESEDI, OpKind.MemoryESRDI],
  segmentDestination: [OpKind.MemorySegDI, OpKind.MemorySegEDI, OpKind.MemorySegRDI],
};

const sizeIndex = (bits: number): 0 | 1 | 2 => (bits === 16 ? 0 : bits === 32 ? 1 : 2);

export interface EncodeOptions {
  readonly mode: Mode;
  /** `addr32`/`addr16` before the instruction: the address size of string operands left out. */
  readonly addressPrefix: boolean;
  /** `data16` or `data32` before the instruction: the operand size where nothing else says it. */
  readonly dataPrefix: boolean;
  /** `{disp8}` or `{disp32}`. */
  readonly displacement: 8 | 32 | undefined;
  readonly vex3: boolean;
  /** `{load}` or `{store}`: which of two equal register forms. */
  readonly direction: 'load' | 'store' | undefined;
}

/** A displacement that is no number yet must not be shortened; this one never fits eight bits. */
const PLACEHOLDER = 0x12345678n;

/**
 * Encodes one form. `operands` are in Intel's order and fit the form; an absent one is implied. Throws
 * {@link StatementError} when iced refuses the combination.
 */
export function encode(form: Form, operands: readonly (Operand | undefined)[], options: EncodeOptions): Encoded {
  const instruction = new Instruction();
  const encoder = encoderFor(options.mode);
  try {
    instruction.code = form.code;
    let memory: MemoryOperand | undefined;
    const immediates: { rule: ImmediateRule; expression: Expression }[] = [];
    for (const [index, rule] of form.rules.entries()) {
      const operand = operands[index];
      const kind = form.kinds[index]!;
      if (rule.memory === 'string-source' || rule.memory === 'string-destination') {
        setStringOperand(instruction, index, kind, operand, options);
      } else if (rule.fixed !== undefined) {
        instruction.setOpKind(index, OpKind.Register);
        instruction.setOpRegister(index, rule.fixed);
      } else if (operand?.kind === 'register') {
        instruction.setOpKind(index, OpKind.Register);
        instruction.setOpRegister(index, registerFor(form, index, operand.register));
      } else if (operand?.kind === 'memory') {
        instruction.setOpKind(index, OpKind.Memory);
        memory = operand;
      } else if (rule.immediate !== undefined) {
        const expression: Expression = operand?.kind === 'immediate' ? operand.value : { kind: 'number', value: 1n };
        setImmediate(instruction, index, kind, expression, immediates.length > 0);
        if (rule.immediate.size > 0) immediates.push({ rule: rule.immediate, expression });
      } else if (operand?.kind === 'far') {
        instruction.setOpKind(index, rule.far === 2 ? OpKind.FarBranch16 : OpKind.FarBranch32);
      }
    }
    if (memory !== undefined) setMemory(instruction, memory, options);
    encoder.preventVEX2 = options.vex3;
    let length: number;
    try {
      length = encoder.encode(instruction, 0n);
    } catch (error) {
      encoder.takeBuffer();
      throw new StatementError(`This combination of operands has no encoding: ${describe(error)}.`);
    }
    const bytes = withoutSize(form, encoder.takeBuffer().slice(0, length), memory !== undefined);
    const far = operands.find((operand) => operand?.kind === 'far');
    if (far?.kind === 'far') return { bytes, fields: farFields(bytes.length, far, form) };
    return { bytes, fields: collectFields(encoder, bytes, memory, immediates, options, length - bytes.length) };
  } finally {
    instruction.free();
  }
}

/** The register that a form encodes where GAS lets the source name one of another width. */
function registerFor(form: Form, index: number, register: RegisterInfo): Register {
  const wanted = form.rules[index]?.register;
  if (wanted === register.class) return register.register;
  if (wanted === 'r32') return Register.EAX + register.number;
  if (wanted === 'r64') return Register.RAX + register.number;
  return register.register;
}

/** Drops the operand-size prefix and REX.W of forms whose operand has one size anyway. */
function withoutSize(form: Form, bytes: Uint8Array, hasMemory: boolean): Uint8Array {
  if (form.sizeless === 'no') return bytes;
  const out: number[] = [];
  let prefix = true;
  for (const byte of bytes) {
    if (prefix && byte === 0x66 && (form.sizeless === 'always' || hasMemory)) continue;
    if (prefix && (byte & 0xf8) === 0x48) {
      prefix = false;
      if ((byte & 0xf7) !== 0x40) out.push(byte & 0xf7);
      continue;
    }
    if (![0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3].includes(byte)) prefix = false;
    out.push(byte);
  }
  return Uint8Array.from(out);
}

const describe = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .replace(/^Error: /, '')
    .replace(/ \(.*\)$/s, '')
    .replace(/\.$/, '');

function setStringOperand(
  instruction: Instruction,
  index: number,
  kind: OpCodeOperandKind,
  operand: Operand | undefined,
  options: EncodeOptions,
): void {
  let bits: number = options.mode;
  if (operand?.kind === 'memory') bits = addressSize(operand, options);
  else if (options.addressPrefix) bits = options.mode === 32 ? 16 : 32;
  if (kind === OpCodeOperandKind.seg_rBX_al) {
    instruction.setOpKind(index, OpKind.Memory);
    instruction.memoryBase = bits === 16 ? Register.BX : bits === 32 ? Register.EBX : Register.RBX;
    instruction.memoryIndex = Register.AL;
  } else {
    const name =
      kind === OpCodeOperandKind.seg_rSI
        ? 'source'
        : kind === OpCodeOperandKind.es_rDI
          ? 'destination'
          : 'segmentDestination';
    instruction.setOpKind(index, STRING_KIND[name]![sizeIndex(bits)]);
  }
  if (operand?.kind === 'memory' && operand.segment !== undefined && kind !== OpCodeOperandKind.es_rDI) {
    if (operand.segment.register !== Register.DS) instruction.segmentPrefix = operand.segment.register;
  }
}

function setImmediate(
  instruction: Instruction,
  index: number,
  kind: OpCodeOperandKind,
  expression: Expression,
  second: boolean,
): void {
  const opKind = second ? OpKind.Immediate8_2nd : IMMEDIATE_KIND[kind]!;
  instruction.setOpKind(index, opKind);
  const value = expression.kind === 'number' ? expression.value : 0n;
  if (opKind === OpKind.Immediate8_2nd) instruction.immediate8_2nd = Number(BigInt.asUintN(8, value));
  else if (opKind === OpKind.Immediate8) instruction.immediate8 = Number(BigInt.asUintN(8, value));
  else if (opKind === OpKind.Immediate8to16) instruction.immediate8to16 = Number(BigInt.asIntN(8, value));
  else if (opKind === OpKind.Immediate8to32) instruction.immediate8to32 = Number(BigInt.asIntN(8, value));
  else if (opKind === OpKind.Immediate8to64) instruction.immediate8to64 = BigInt.asIntN(8, value);
  else if (opKind === OpKind.Immediate16) instruction.immediate16 = Number(BigInt.asUintN(16, value));
  else if (opKind === OpKind.Immediate32) instruction.immediate32 = Number(BigInt.asUintN(32, value));
  else if (opKind === OpKind.Immediate32to64) instruction.immediate32to64 = BigInt.asIntN(32, value);
  else instruction.immediate64 = BigInt.asUintN(64, value);
}

/** The segment that an address uses without a prefix: SS under a BP or SP base, else DS. */
function defaultSegment(base: RegisterInfo | undefined): Register {
  const stack = base !== undefined && base.class !== 'ip' && (base.number === 4 || base.number === 5);
  return stack && base.number < 8 ? Register.SS : Register.DS;
}

function setMemory(instruction: Instruction, memory: MemoryOperand, options: EncodeOptions): void {
  const bits = addressSize(memory, options);
  if (memory.base !== undefined) instruction.memoryBase = memory.base.register;
  if (memory.index !== undefined) {
    instruction.memoryIndex = memory.index.register;
    instruction.memoryIndexScale = memory.scale;
  }
  if (memory.segment !== undefined && memory.segment.register !== defaultSegment(memory.base)) {
    instruction.segmentPrefix = memory.segment.register;
  }
  const { displacement } = memory;
  const full = bits / 8;
  if (memory.base?.class === 'ip') {
    instruction.memoryDisplSize = full;
    instruction.memoryDisplacementU64 = PLACEHOLDER;
    return;
  }
  const bare = memory.base === undefined;
  if (displacement === undefined) {
    instruction.memoryDisplSize = bare ? full : options.displacement === 32 ? full : options.displacement === 8 ? 1 : 0;
    return;
  }
  if (displacement.kind !== 'number') {
    if (options.displacement === 8 && !bare) {
      instruction.memoryDisplSize = 1;
      return;
    }
    instruction.memoryDisplSize = full;
    instruction.memoryDisplacementU64 = bits === 16 ? PLACEHOLDER & 0xffffn : PLACEHOLDER;
    return;
  }
  const value = BigInt.asIntN(64, displacement.value);
  const wrapped = bits === 64 ? value : BigInt.asIntN(bits, value);
  const short = wrapped === 0n && options.displacement === undefined ? 0 : options.displacement === 32 ? full : 1;
  instruction.memoryDisplSize = bare ? full : short;
  instruction.memoryDisplacementU64 = BigInt.asUintN(bits, wrapped);
}

function farFields(length: number, far: Extract<Operand, { kind: 'far' }>, form: Form): Field[] {
  const size = form.rules[0]!.far!;
  return [
    { offset: length - 2 - size, size, expression: far.offset, relative: false, range: 'either' },
    { offset: length - 2, size: 2, expression: far.selector, relative: false, range: 'either' },
  ];
}

function collectFields(
  encoder: Encoder,
  bytes: Uint8Array,
  memory: MemoryOperand | undefined,
  immediates: readonly { rule: ImmediateRule; expression: Expression }[],
  options: EncodeOptions,
  removed: number,
): Field[] {
  const fields: Field[] = [];
  const displacement = memory?.displacement;
  const ripRelative = memory?.base?.class === 'ip';
  const symbolicDisplacement = displacement !== undefined && (displacement.kind !== 'number' || ripRelative);
  const symbolicImmediate = immediates.some(({ expression }) => expression.kind !== 'number');
  if (!symbolicDisplacement && !symbolicImmediate && !ripRelative) return fields;
  const offsets = encoder.getConstantOffsets();
  if (ripRelative || symbolicDisplacement) {
    const expression: Expression = displacement ?? { kind: 'number', value: 0n };
    const signed = options.mode === 64 && memory !== undefined && addressSize(memory, options) === 64;
    fields.push({
      offset: offsets.displacementOffset - removed,
      size: offsets.displacementSize as Field['size'],
      expression,
      relative: ripRelative && expression.kind !== 'number',
      range: signed ? 'signed' : 'either',
    });
  }
  for (const [index, { rule, expression }] of immediates.entries()) {
    if (expression.kind === 'number') continue;
    fields.push({
      offset: (index === 0 ? offsets.immediateOffset : offsets.immediateOffset2) - removed,
      size: rule.size as Field['size'],
      expression,
      relative: false,
      range: rule.width > rule.size * 8 ? 'signed' : 'either',
    });
  }
  offsets.free();
  for (const field of fields) bytes.fill(0, field.offset, field.offset + field.size);
  return fields;
}
