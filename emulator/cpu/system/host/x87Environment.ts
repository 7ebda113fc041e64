import { STATE, type StateView } from '../../state.ts';
import { classify } from '../../x87/number.ts';
import { isEmpty, readSt, writeSt } from '../../x87/stack.ts';
import { initializeX87, settleExceptions } from '../../x87/state.ts';
import { DONE, FAULT, type HostContext, type HostHandler, protectedMode, raise, VECTOR } from './context.ts';
import { readWide, writeWide } from './wideMemory.ts';
import { waiting } from './x87.ts';

/** FNINIT, FNSTENV, FLDENV, FNSAVE and FRSTOR in their four layouts (SDM Vol. 1 Figures 8-9 to 8-12). */
const RFLAGS_VM = 1 << 17;
const REGISTER_BYTES = 80;

interface Layout {
  /** Bytes of each of the seven fields. */
  readonly width: 2 | 4;
  readonly protected: boolean;
}

function layoutOf(c: HostContext): Layout {
  const small = /m14byte|m94byte/.test(c.code);
  const legacy = !protectedMode(c) || (c.state.get32(STATE.rflags) & RFLAGS_VM) !== 0;
  return { width: small ? 2 : 4, protected: !legacy };
}

/** The tag word: contents are classified anew (SDM Vol. 1 §8.1.7). */
function fullTags(state: StateView): number {
  const top = (state.get32(STATE.fpuStatus) >>> 11) & 7;
  let tags = 0;
  for (let i = 0; i < 8; i++) {
    const kind = classify(readSt(state, (i - top) & 7));
    const tag = isEmpty(state, (i - top) & 7) ? 3 : kind === 'zero' ? 1 : kind === 'normal' ? 0 : 2;
    tags |= tag << (2 * i);
  }
  return tags;
}

/** Linear address of a pointer, as the real-mode layouts have it. */
const linear = (selector: number, offset: number): number => (((selector << 4) >>> 0) + offset) >>> 0;

function storeEnvironment(c: HostContext, image: DataView, { width, protected: isProtected }: Layout): void {
  const { state } = c;
  const put = (index: number, value: number, whole = false): void => {
    if (width === 2) image.setUint16(index * 2, value, true);
    else image.setUint32(index * 4, whole ? value : value | 0xffff0000, true);
  };
  put(0, state.get32(STATE.fpuControl));
  put(1, state.get32(STATE.fpuStatus));
  put(2, fullTags(state));
  const opcode = state.get32(STATE.fpuOpcode);
  const deprecated = c.processor.feature('zero_fcs_fds');
  const selector = (field: typeof STATE.fpuCs) => (deprecated ? 0 : state.get32(field) & 0xffff);
  const [cs, ds] = [selector(STATE.fpuCs), selector(STATE.fpuDs)];
  const [ip, dp] = [state.low(STATE.fpuIp), state.low(STATE.fpuDp)];
  if (isProtected) {
    put(3, ip, true);
    put(4, cs | (opcode << 16), true);
    put(5, dp, true);
    put(6, ds);
    return;
  }
  const [code, data] = [linear(cs, ip), linear(ds, dp)];
  const high = (address: number): number => (width === 2 ? (address >>> 4) & 0xf000 : (address >>> 16) << 12);
  put(3, code & 0xffff);
  put(4, high(code) | opcode, true);
  put(5, data & 0xffff);
  put(6, high(data), true);
}

function loadEnvironment(c: HostContext, image: DataView, { width, protected: isProtected }: Layout): void {
  const { state } = c;
  const get = (index: number): number =>
    width === 2 ? image.getUint16(index * 2, true) : image.getUint32(index * 4, true);
  state.set32(STATE.fpuControl, get(0) & 0xffff);
  state.set32(STATE.fpuStatus, get(1) & 0xffff);
  let tags = 0;
  for (let i = 0; i < 8; i++) if (((get(2) >>> (2 * i)) & 3) !== 3) tags |= 1 << i;
  state.set32(STATE.fpuTags, tags);
  settleExceptions(state);
  const deprecated = c.processor.feature('zero_fcs_fds');
  if (isProtected) {
    state.setHalves(STATE.fpuIp, get(3), 0);
    state.set32(STATE.fpuCs, deprecated ? 0 : get(4) & 0xffff);
    // Figure 8-10 has no opcode; processors leave 0.
    state.set32(STATE.fpuOpcode, width === 4 ? (get(4) >>> 16) & 0x7ff : 0);
    state.setHalves(STATE.fpuDp, get(5), 0);
    state.set32(STATE.fpuDs, deprecated ? 0 : get(6) & 0xffff);
    return;
  }
  const high = (word: number): number => (width === 2 ? (word & 0xf000) << 4 : ((word >>> 12) & 0xffff) << 16) >>> 0;
  state.setHalves(STATE.fpuIp, ((get(3) & 0xffff) | high(get(4))) >>> 0, 0);
  state.set32(STATE.fpuCs, 0);
  state.set32(STATE.fpuOpcode, get(4) & 0x7ff);
  state.setHalves(STATE.fpuDp, ((get(5) & 0xffff) | high(get(6))) >>> 0, 0);
  state.set32(STATE.fpuDs, 0);
}

function maskAll(state: StateView): void {
  state.set32(STATE.fpuControl, state.get32(STATE.fpuControl) | 0x3f);
  settleExceptions(state);
}

const store =
  (withRegisters: boolean): HostHandler =>
  (c) => {
    const { state } = c;
    const layout = layoutOf(c);
    const head = layout.width * 7;
    const image = new Uint8Array(head + (withRegisters ? REGISTER_BYTES : 0));
    const view = new DataView(image.buffer);
    storeEnvironment(c, view, layout);
    if (withRegisters) {
      for (let i = 0; i < 8; i++) {
        const { significand, word } = readSt(state, i);
        view.setBigUint64(head + i * 10, significand, true);
        view.setUint16(head + i * 10 + 8, word, true);
      }
    }
    if (!writeWide(c, image, image.length, layout.width)) return FAULT;
    if (withRegisters) initializeX87(state);
    else maskAll(state);
    return DONE;
  };

const load =
  (withRegisters: boolean): HostHandler =>
  (c) => {
    const { state } = c;
    const pending = waiting(c);
    if (pending !== undefined) return pending;
    const layout = layoutOf(c);
    const head = layout.width * 7;
    const image = readWide(c, head + (withRegisters ? REGISTER_BYTES : 0), layout.width);
    if (!image) return FAULT;
    const view = new DataView(image.buffer);
    loadEnvironment(c, view, layout);
    if (withRegisters) {
      const tags = state.get32(STATE.fpuTags);
      for (let i = 0; i < 8; i++) {
        const significand = view.getBigUint64(head + i * 10, true);
        writeSt(state, i, { significand, word: view.getUint16(head + i * 10 + 8, true) });
      }
      state.set32(STATE.fpuTags, tags);
    }
    return DONE;
  };

const CR0_MP = 2;

export const x87Environment: Readonly<Record<string, HostHandler>> = {
  // Decoded so while CR0.TS is set.
  fwait: (c) => (c.state.low(STATE.cr0) & CR0_MP ? raise(c, VECTOR.NM) : (waiting(c) ?? DONE)),
  fninit: (c) => {
    initializeX87(c.state);
    return DONE;
  },
  fnstenv: store(false),
  fldenv: load(false),
  fnsave: store(true),
  frstor: load(true),
};
