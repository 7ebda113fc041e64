/** Random instructions and states. The same seed gives the same cases. */
import { Decoder, DecoderOptions, type Instruction, InstructionInfoFactory, Register, RegisterExt } from 'iced-x86';
import { mixSeed, Prng } from '../prng.ts';
import { drawRegister, fillLanes, ValueKind } from '../values.ts';
import type { Batch } from './batch.ts';
import { exclusionOf, type Setting } from './exclusions.ts';
import { FRAMES, type FuzzCase, type Mode, PAGE, type Selectors, TEMPLATE_BYTES, TEMPLATE_COUNT } from './layout.ts';
import { settingOf } from './modes.ts';

const PREFIXES = [0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];
const CODE_LENGTH = 16;
const INT3 = 0xcc;
const TF = 0x100;
const IF = 0x200;
const RF = 0x10000;
const RSP = 4;
/** CF, PF, AF, ZF, SF, DF, OF. */
const STATUS_FLAGS = 0xcd5;
/** What a process may set: AC, TF and the status flags. */
const PROCESS_FLAGS = 0x4_0dd7;
const ATTEMPTS = 200;

/** Bytes and the state for one case of `setting`, by its seed and number alone. */
export class Generator {
  readonly setting: Setting;
  readonly #seed: number;
  readonly #place: ReturnType<typeof settingOf>;
  readonly #info = new InstructionInfoFactory();

  constructor(setting: Setting, seed: number) {
    this.setting = setting;
    this.#seed = seed;
    this.#place = settingOf(setting);
  }

  /** @param first number of the first case */
  batch(first: number, count: number): Batch {
    const prng = new Prng(mixSeed(this.#seed, first, 0xba7c));
    return {
      mode: this.setting.mode,
      data: this.#window(prng),
      stack: this.#window(prng),
      templates: templates(prng),
      cases: Array.from({ length: count }, (_, i) => this.case(first + i)),
    };
  }

  case(number: number): FuzzCase {
    const prng = new Prng(mixSeed(this.#seed, number, 0xca5e));
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const item = this.#draw(prng, number);
      const reason = this.excluded(item);
      if (reason === undefined) return item;
    }
    throw new Error(`No case ${number} of seed ${this.#seed} is left after exclusions.`);
  }

  /** Why a case does not run; undefined when it does. Bytes behind its instruction become INT3. */
  excluded(item: FuzzCase): string | undefined {
    const decoder = new Decoder(this.#place.bits, item.code, DecoderOptions.None);
    decoder.ip = item.ip;
    const instruction = decoder.decode();
    decoder.free();
    if (!instruction.isInvalid) item.code.fill(INT3, instruction.length);
    try {
      return (
        exclusionOf(instruction, this.setting) ??
        this.#place.refuses?.(instruction, item) ??
        this.#place.protects?.(this.#addresses(instruction, item))
      );
    } finally {
      instruction.free();
    }
  }

  /** Linear addresses of the memory that an instruction names. */
  #addresses(instruction: Instruction, item: FuzzCase): bigint[] {
    if (instruction.isInvalid || this.#place.protects === undefined) return [];
    const info = this.#info.info(instruction);
    const used = info.usedMemory();
    const addresses = used.map((memory) => {
      const value = (register: Register): bigint => registerValue(register, item);
      const mask = memory.addressSize === 2 ? 0xffffn : memory.addressSize === 4 ? 0xffff_ffffn : (1n << 64n) - 1n;
      const offset =
        (value(memory.base) + value(memory.index) * BigInt(memory.scale) + BigInt(memory.displacement)) & mask;
      const base = memory.segment === Register.FS ? item.fsBase : memory.segment === Register.GS ? item.gsBase : 0n;
      memory.free();
      return BigInt.asUintN(64, offset + base);
    });
    info.free();
    return addresses;
  }

  #draw(prng: Prng, number: number): FuzzCase {
    const place = this.#place;
    const code = drawCode(prng, this.setting.mode);
    const gpr = Array.from({ length: 16 }, (_, i) => this.#register(prng, i));
    const codeAt = this.#codeAddress(prng);
    let flags = (prng.next() & STATUS_FLAGS) | 2 | place.flags;
    if (prng.below(2) === 0) flags |= prng.next() & 0x24_4000; // ID, AC, NT
    if (prng.below(4) === 0) flags |= (prng.next() & 0x3000) | (prng.next() & RF);
    if (this.setting.mode === 'v86') flags = (flags & ~0x7000) | (prng.below(2) * 0x3000);
    const steady = gpr[RSP]! < BigInt(place.stackOffset + 2 * PAGE - 64) && gpr[RSP]! >= BigInt(place.stackOffset + 64);
    flags |= TF;
    if (this.setting.cpl === 3) flags |= prng.next() & IF;
    if (this.setting.against === 'processor') flags = (flags & PROCESS_FLAGS) | IF;
    const floating = (prng.below(4) === 0 || usesState(code)) && !this.setting.integer;
    return {
      number,
      code,
      codeAt,
      codeFrame: codeAt - place.windows.code + FRAMES,
      direct: this.setting.cpl === 0 && (!steady || prng.below(8) === 0),
      ip: BigInt(codeAt) - place.codeBase,
      gpr,
      flags: flags >>> 0,
      selectors: place.selectors(prng),
      fsBase: place.wide && prng.below(2) === 0 ? this.#pointer(prng) : 0n,
      gsBase: place.wide && prng.below(2) === 0 ? this.#pointer(prng) : 0n,
      ...(floating && { template: prng.below(TEMPLATE_COUNT) }),
    };
  }

  #register(prng: Prng, index: number): bigint {
    const { bits, wide } = this.#place;
    const steady = index === RSP && prng.below(this.setting.cpl === 0 ? 64 : 8) !== 0;
    if (steady) return this.#stackPointer(prng);
    const halves = { lo: 0, hi: 0 };
    for (;;) {
      let value: bigint;
      const how = prng.below(8);
      if (how < 4) value = this.#pointer(prng);
      else if (how === 4) value = BigInt(prng.below(256));
      else {
        drawRegister(prng, bits === 16 ? ValueKind.int16 : wide ? ValueKind.int64 : ValueKind.int32, halves);
        value = BigInt(halves.lo >>> 0) | (wide ? BigInt(halves.hi >>> 0) << 32n : 0n);
      }
      if (this.#place.protects?.([value]) === undefined) return value;
    }
  }

  #stackPointer(prng: Prng): bigint {
    const near = prng.below(4) === 0 ? PAGE - 32 + prng.below(64) : 0x200 + prng.below(2 * PAGE - 0x400);
    return BigInt(this.#place.stackOffset + (prng.below(4) === 0 ? near : near & ~7));
  }

  /** Somewhere in the windows, often at a border of their pages. */
  #pointer(prng: Prng): bigint {
    const base = prng.pick(this.#place.pointers);
    const offset = prng.below(3) === 0 ? prng.pick([0, PAGE, 2 * PAGE]) - 16 + prng.below(32) : prng.below(2 * PAGE);
    const pointer = BigInt(base + offset);
    return pointer < 0n ? 0n : pointer;
  }

  #codeAddress(prng: Prng): number {
    const { windows } = this.#place;
    const how = prng.below(16);
    // Over the border of the pages, or up to the end of the second.
    if (how === 0) return windows.code + PAGE - 1 - prng.below(CODE_LENGTH - 1);
    return windows.code + 0x80 + prng.below(2 * PAGE - 0x100);
  }

  /** What RET, IRET and POP find: pointers, selectors, small numbers, anything. */
  #window(prng: Prng): Uint8Array {
    const bytes = new Uint8Array(2 * PAGE);
    const view = new DataView(bytes.buffer);
    const { wide } = this.#place;
    const selectors = [
      0, 3, 8, 0x10, 0x1b, 0x18, 0x23, 0x2b, 0x33, 0x40, 0x48, 0x53, 0x63, 0x6b, 0x73, 0x7b, 0x83, 0x8b, 0x93,
    ];
    for (let at = 0; at < bytes.length; at += 4) {
      const how = prng.below(8);
      const value =
        how < 2
          ? Number(BigInt.asUintN(32, this.#pointer(prng)))
          : how < 4
            ? prng.pick(selectors)
            : how === 4
              ? 0
              : how === 5
                ? prng.below(0x400)
                : prng.next();
      view.setUint32(at, value, true);
      // In 64-bit mode a pointer needs its upper half.
      if (wide && at % 8 === 4 && prng.below(2) === 0) view.setUint32(at, 0, true);
    }
    return bytes;
  }
}

function drawCode(prng: Prng, mode: Mode): Uint8Array {
  const code = new Uint8Array(CODE_LENGTH).fill(INT3);
  let at = 0;
  const length = prng.below(64) === 0 ? 15 : prng.below(5);
  if (prng.below(3) === 0)
    for (let count = 1 + prng.below(prng.below(8) === 0 ? length + 1 : 2); count > 0; count--)
      code[at++] = prng.pick(PREFIXES);
  if (mode === '64' && prng.below(2) === 0) code[at++] = 0x40 | prng.below(16);
  const map = prng.below(16);
  if (map < 6) {
    code[at++] = 0x0f;
    if (map === 0) code[at++] = prng.pick([0x38, 0x3a]);
  }
  for (; at < CODE_LENGTH - 1; at++) code[at] = prng.next();
  return code;
}

/** An x87, MMX or SSE opcode, roughly: the cost of a mistake is time. */
function usesState(code: Uint8Array): boolean {
  const opcode = code.findIndex((byte) => !PREFIXES.includes(byte) && (byte & 0xf0) !== 0x40);
  const byte = code[opcode] ?? 0;
  return byte === 0x9b || (byte & 0xf8) === 0xd8 || byte === 0x0f;
}

/** FXRSTOR images (SDM Vol. 1 table 10-2): control words of all kinds, registers of all classes. */
function templates(prng: Prng): Uint8Array {
  const bytes = new Uint8Array(TEMPLATE_COUNT * TEMPLATE_BYTES);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < TEMPLATE_COUNT; i++) {
    const at = i * TEMPLATE_BYTES;
    view.setUint16(at, prng.below(2) === 0 ? 0x37f : 0x40 | (prng.next() & 0xf3f), true);
    view.setUint16(at + 2, prng.below(2) === 0 ? 0 : prng.next() & 0x7f7f & ~0x80, true);
    view.setUint8(at + 4, prng.pick([0, 0xff, prng.next() & 0xff]));
    view.setUint32(at + 24, prng.below(2) === 0 ? 0x1f80 : prng.next() & 0xffff, true);
    for (let r = 0; r < 8; r++) {
      const st = at + 32 + 16 * r;
      view.setUint32(st, prng.below(4) === 0 ? 0 : prng.next(), true);
      view.setUint32(st + 4, prng.below(8) === 0 ? prng.next() : prng.next() | 0x8000_0000, true);
      const exponent = prng.pick([0, 0x7fff, 0x3fff, 0x3fff + prng.below(70) - 5, 0x4000, prng.next() & 0x7fff]);
      view.setUint16(st + 8, exponent | (prng.next() & 0x8000), true);
    }
    const kind = prng.pick([ValueKind.float32, ValueKind.float64, ValueKind.int8, ValueKind.int16, ValueKind.int32]);
    fillLanes(prng, kind, bytes.subarray(at + 160, at + 416));
  }
  return bytes;
}

function registerValue(register: Register, { gpr, ip }: FuzzCase): bigint {
  if (register === Register.None) return 0n;
  if (register === Register.RIP || register === Register.EIP) return 0n;
  if (register >= Register.ES && register <= Register.GS) return 0n;
  const full = RegisterExt.fullRegister(register);
  const index = full - Register.RAX;
  if (index < 0 || index > 15) return ip;
  const value = gpr[index]!;
  const size = RegisterExt.size(register);
  return size === 8 ? value : BigInt.asUintN(size * 8, value);
}

export type { Selectors };
