import { gprField as gpr, RAX, RCX, RDX, STATE } from '../../state.ts';
import {
  AVX,
  CET_S,
  CET_U,
  compactedPlaces,
  EXTENDED_REGION,
  HEADER,
  PKRU,
  SSE,
  STATE_COMPONENTS,
  xcr0Valid,
} from '../../xsave/components.ts';
import { CONTENTS, inUse } from '../../xsave/contents.ts';
import { cpl, DONE, FAULT, gp0, type HostContext, type HostHandler, operandAddress, raise, VECTOR } from './context.ts';
import { relookup } from './controlRegisters.ts';
import { legacyForm, MXCSR_MASK } from './fxSave.ts';
import { cetValueValid, sspValid } from './modelSpecific.ts';
import { probeRanges, type Range, readRanges, writeRanges } from './ranges.ts';

/** XGETBV, XSETBV and the XSAVE feature set's saves and restores (SDM Vol. 1 ch. 13; Vol. 2). */
const CR4_OSXSAVE = 1 << 18;
const CR0_TS = 8;
const MXCSR_AT = 24;
const MXCSR_INITIAL = 0x1f80;
const COMPACTED = 0x80000000;

const enabled = (c: HostContext): boolean => (c.state.low(STATE.cr4) & CR4_OSXSAVE) !== 0;
const registersOf = (c: HostContext): number => (c.codeBits === 64 ? 16 : 8);

/** The instruction mask within the components that are enabled. */
const requested = (c: HostContext, supervisor: boolean): number =>
  (c.state.low(STATE.xcr0) | (supervisor ? c.state.low(STATE.xss) : 0)) & c.state.low(gpr(RAX));

function refusal(c: HostContext, supervisor: boolean): number | undefined {
  if (!enabled(c)) return raise(c, VECTOR.UD);
  if (supervisor && cpl(c) !== 0) return gp0(c);
  if (c.state.low(STATE.cr0) & CR0_TS) return raise(c, VECTOR.NM);
  return operandAddress(c)[0] & 63 ? gp0(c) : undefined;
}

/** Parts of an image that components fill: `places` tells where each begins. */
function rangesOf(mask: number, places: ReadonlyMap<number, number>, registers: number): Range[] {
  return [...CONTENTS].flatMap(([number, contents]) =>
    mask & (1 << number)
      ? contents
          .ranges(registers)
          .map(([from, to]) => ({ from: places.get(number)! + from, to: places.get(number)! + to }))
      : [],
  );
}

const STANDARD_PLACES: ReadonlyMap<number, number> = new Map(STATE_COMPONENTS.map((c) => [c.number, c.offset]));
const componentView = (image: DataView, place: number): DataView => new DataView(image.buffer, place);

interface Saving {
  readonly wide: boolean;
  readonly compacted: boolean;
  readonly supervisor: boolean;
  /** Leaves out components in their initial configuration. */
  readonly optimized: boolean;
}

const save =
  ({ wide, compacted, supervisor, optimized }: Saving): HostHandler =>
  (c) => {
    const refused = refusal(c, supervisor);
    if (refused !== undefined) return refused;
    const { state } = c;
    const registers = registersOf(c);
    const mask = requested(c, supervisor);
    const used = inUse(state, registers, mask);
    const mxcsr = state.get32(STATE.mxcsr);
    // Compacted, MXCSR is part of component 1 and not subject to the init optimization by itself.
    const mxcsrUsed = compacted && mask & SSE && mxcsr !== MXCSR_INITIAL ? SSE : 0;
    const saved = optimized ? used | mxcsrUsed : mask;
    const savesMxcsr = compacted ? saved & SSE : mask & (SSE | AVX);

    const { places, size } = compacted ? compactedPlaces(mask) : { places: STANDARD_PLACES, size: 0 };
    const ranges = rangesOf(saved, places, registers);
    if (savesMxcsr) ranges.push({ from: MXCSR_AT, to: MXCSR_AT + 8 });
    ranges.push({ from: HEADER, to: HEADER + (compacted ? 16 : 8) });
    if (!probeRanges(c, ranges)) return FAULT;
    const image = new DataView(new ArrayBuffer(Math.max(size, EXTENDED_REGION, ...ranges.map(({ to }) => to))));
    for (const [number, contents] of CONTENTS) {
      if (!(saved & (1 << number))) continue;
      contents.store(state, componentView(image, places.get(number)!), registers, legacyForm(c, wide));
    }
    image.setUint32(MXCSR_AT, mxcsr, true);
    image.setUint32(MXCSR_AT + 4, MXCSR_MASK, true);
    if (compacted) {
      image.setUint32(HEADER, saved, true);
      image.setUint32(HEADER + 8, mask, true);
      image.setUint32(HEADER + 12, COMPACTED, true);
    } else {
      // Bits of components that were not asked for stay.
      const old = readRanges(c, [{ from: HEADER, to: HEADER + 8 }]);
      if (!old) return FAULT;
      image.setUint32(HEADER, (old.getUint32(HEADER, true) & ~mask) | used, true);
      image.setUint32(HEADER + 4, old.getUint32(HEADER + 4, true), true);
    }
    writeRanges(c, image, ranges);
    return DONE;
  };

/** What a header asks for, or undefined where it is refused (SDM Vol. 1 §13.8, §13.12). */
function readHeader(
  c: HostContext,
  image: DataView,
  supervisor: boolean,
): { readonly compacted: boolean; readonly present: number; readonly format: number } | undefined {
  const word = (index: number) => image.getUint32(HEADER + index * 4, true);
  const allowed = c.state.low(STATE.xcr0) | (supervisor ? c.state.low(STATE.xss) : 0);
  const present = word(0);
  if (word(1) !== 0) return undefined;
  const zeros = (from: number, to: number) => {
    for (let index = from; index < to; index++) if (word(index) !== 0) return false;
    return true;
  };
  const compacts = c.processor.feature('xsavec') || supervisor;
  if (compacts && word(3) & COMPACTED) {
    const format = word(2);
    if (word(3) !== COMPACTED || format & ~allowed || present & ~format || !zeros(4, 16)) return undefined;
    return { compacted: true, present, format };
  }
  if (supervisor || present & ~allowed || !zeros(2, 6)) return undefined;
  return { compacted: false, present, format: present };
}

/** Whether the values of the CET components can be held. */
function acceptable(c: HostContext, image: DataView, restored: number, places: ReadonlyMap<number, number>): boolean {
  const value = (component: number, index: number): [number, number] => {
    const at = places.get(component)! + index * 8;
    return [image.getUint32(at, true), image.getUint32(at + 4, true)];
  };
  if (restored & CET_U && !(cetValueValid(c.processor, ...value(11, 0)) && sspValid(c.processor, ...value(11, 1))))
    return false;
  return !(restored & CET_S) || [0, 1, 2].every((level) => sspValid(c.processor, ...value(12, level)));
}

const restore =
  (wide: boolean, supervisor: boolean): HostHandler =>
  (c) => {
    const refused = refusal(c, supervisor);
    if (refused !== undefined) return refused;
    const { state } = c;
    const headerImage = readRanges(c, [{ from: HEADER, to: EXTENDED_REGION }]);
    if (!headerImage) return FAULT;
    const header = readHeader(c, headerImage, supervisor);
    if (!header) return gp0(c);
    const registers = registersOf(c);
    const mask = requested(c, supervisor);
    const restored = mask & header.present;
    const places = header.compacted ? compactedPlaces(header.format).places : STANDARD_PLACES;
    const loadsMxcsr = header.compacted ? restored & SSE : mask & (SSE | AVX);
    const ranges = rangesOf(restored, places, registers);
    if (loadsMxcsr) ranges.push({ from: MXCSR_AT, to: MXCSR_AT + 4 });
    const image = readRanges(c, ranges);
    if (!image) return FAULT;
    const mxcsr = loadsMxcsr ? image.getUint32(MXCSR_AT, true) : MXCSR_INITIAL;
    if (mxcsr & ~MXCSR_MASK || !acceptable(c, image, restored, places)) return gp0(c);

    for (const [number, contents] of CONTENTS) {
      const bit = 1 << number;
      if (restored & bit) {
        contents.load(state, componentView(image, places.get(number)!), registers, legacyForm(c, wide));
      } else if (mask & bit) contents.initialize(state, registers);
    }
    if (loadsMxcsr || (header.compacted && mask & SSE)) state.set32(STATE.mxcsr, mxcsr);
    if (mask & PKRU) c.exports.flushFast();
    if (mask & (CET_U | CET_S)) c.exports.updateContext();
    return relookup(c);
  };

function readExtendedControl(c: HostContext): number {
  const { state } = c;
  if (!enabled(c)) return raise(c, VECTOR.UD);
  const which = state.low(gpr(RCX));
  const xcr0 = state.low(STATE.xcr0);
  if (which !== 0 && !(which === 1 && c.processor.feature('xgetbv1'))) return gp0(c);
  state.setHalves(gpr(RAX), which === 0 ? xcr0 : inUse(state, registersOf(c), xcr0), 0);
  state.setHalves(gpr(RDX), 0, 0);
  return DONE;
}

function writeExtendedControl(c: HostContext): number {
  const { state } = c;
  if (!enabled(c)) return raise(c, VECTOR.UD);
  const [low, high] = [state.low(gpr(RAX)), state.low(gpr(RDX))];
  if (cpl(c) !== 0 || state.low(gpr(RCX)) !== 0 || !xcr0Valid(c.processor, low, high)) return gp0(c);
  state.setHalves(STATE.xcr0, low, high);
  c.exports.updateContext();
  return relookup(c);
}

const both = (name: string, make: (wide: boolean) => HostHandler): [string, HostHandler][] => [
  [name, make(false)],
  [`${name}64`, make(true)],
];

export const xsave: Readonly<Record<string, HostHandler>> = {
  ...Object.fromEntries([
    ...both('xsave', (wide) => save({ wide, compacted: false, supervisor: false, optimized: false })),
    ...both('xsaveopt', (wide) => save({ wide, compacted: false, supervisor: false, optimized: true })),
    ...both('xsavec', (wide) => save({ wide, compacted: true, supervisor: false, optimized: true })),
    ...both('xsaves', (wide) => save({ wide, compacted: true, supervisor: true, optimized: true })),
    ...both('xrstor', (wide) => restore(wide, false)),
    ...both('xrstors', (wide) => restore(wide, true)),
  ]),
  xgetbv: readExtendedControl,
  xsetbv: writeExtendedControl,
};
