import { type Field, STATE, type StateView, XMM_BASE, YMM_HIGH_BASE } from '../state.ts';
import { type LegacyForm, loadX87Region, resetX87Region, storeX87Region } from '../x87/legacyRegion.ts';

/**
 * What each state component holds: moved between the processor and an image of the component, whose offsets are those
 * of SDM Vol. 1 §13.5. `registers` is 16 in 64-bit mode, else 8: the others are neither saved nor restored.
 */
export interface Contents {
  /** Byte ranges of the component that are used. */
  ranges(registers: number): readonly (readonly [from: number, to: number])[];
  /** Not in its initial configuration (SDM Vol. 1 §13.6). */
  inUse(state: StateView, registers: number): boolean;
  store(state: StateView, image: DataView, registers: number, form: LegacyForm): void;
  load(state: StateView, image: DataView, registers: number, form: LegacyForm): void;
  initialize(state: StateView, registers: number): void;
}

const bytesAt = (state: StateView, base: number, length: number): Uint8Array =>
  new Uint8Array(state.view.buffer, base, length);
const bytesOf = (image: DataView, length: number): Uint8Array => new Uint8Array(image.buffer, image.byteOffset, length);

/** Sixteen 128-bit values in a row. */
const vectors = (base: number): Contents => ({
  ranges: (registers) => [[0, registers * 16]],
  inUse: (state, registers) => bytesAt(state, base, registers * 16).some((byte) => byte !== 0),
  store: (state, image, registers) => bytesOf(image, registers * 16).set(bytesAt(state, base, registers * 16)),
  load: (state, image, registers) => bytesAt(state, base, registers * 16).set(bytesOf(image, registers * 16)),
  initialize: (state, registers) => void bytesAt(state, base, registers * 16).fill(0),
});

/** 64-bit registers in a row, each zero at first. */
const registersOf = (fields: readonly Field[]): Contents => ({
  ranges: () => [[0, fields.length * 8]],
  inUse: (state) => fields.some((field) => (state.low(field) | (field.bits === 64 ? state.high(field) : 0)) !== 0),
  store: (state, image) =>
    fields.forEach((field, i) => {
      image.setUint32(i * 8, state.low(field), true);
      image.setUint32(i * 8 + 4, field.bits === 64 ? state.high(field) : 0, true);
    }),
  load: (state, image) =>
    fields.forEach((field, i) => {
      const low = image.getUint32(i * 8, true);
      if (field.bits === 64) state.setHalves(field, low, image.getUint32(i * 8 + 4, true));
      else state.set32(field, low);
    }),
  initialize: (state) => {
    for (const field of fields) {
      if (field.bits === 64) state.setHalves(field, 0, 0);
      else state.set32(field, 0);
    }
  },
});

const INITIAL_CONTROL_WORD = 0x37f;
const X87_END = 160;
const X87_RANGES = [
  [0, 24],
  [32, X87_END],
] as const;

const x87: Contents = {
  ranges: () => X87_RANGES,
  inUse: (state) => {
    const image = new DataView(new ArrayBuffer(X87_END));
    storeX87Region(state, image, { wide: true, selectorsDeprecated: false });
    if (image.getUint16(0, true) !== INITIAL_CONTROL_WORD) return true;
    image.setUint16(0, 0);
    const bytes = new Uint8Array(image.buffer);
    return bytes.some((byte) => byte !== 0) || (state.get32(STATE.fpuCs) | state.get32(STATE.fpuDs)) !== 0;
  },
  store: (state, image, _registers, form) => storeX87Region(state, image, form),
  load: (state, image, _registers, form) => loadX87Region(state, image, form),
  initialize: (state) => resetX87Region(state),
};

/** By component number. MXCSR belongs to component 1 by other rules: the instructions see to it. */
export const CONTENTS: ReadonlyMap<number, Contents> = new Map([
  [0, x87],
  [1, vectors(XMM_BASE)],
  [2, vectors(YMM_HIGH_BASE)],
  [9, registersOf([STATE.pkru])],
  [11, registersOf([STATE.uCet, STATE.pl3Ssp])],
  [12, registersOf([STATE.pl0Ssp, STATE.pl1Ssp, STATE.pl2Ssp])],
]);

/** The XINUSE bitmap of the given components. */
export function inUse(state: StateView, registers: number, mask: number): number {
  let result = 0;
  for (const [number, contents] of CONTENTS) {
    if (mask & (1 << number) && contents.inUse(state, registers)) result |= 1 << number;
  }
  return result;
}
