import { STATE, type StateView, x87Address } from '../state.ts';
import { initializeX87, settleExceptions } from './state.ts';

/**
 * The x87 part of the 512-byte FXSAVE image, which is also component 0 of the XSAVE image (SDM Vol. 1 Table 10-2):
 * bytes 0–23 and 32–159. The other bytes are not touched.
 */
export interface LegacyForm {
  /** 64-bit instruction and data pointers (REX.W in 64-bit mode) instead of selector and 32-bit offset. */
  readonly wide: boolean;
  /** The processor deprecates FPU CS and DS: they are saved as 0 (CPUID.7.0:EBX bit 13). */
  readonly selectorsDeprecated: boolean;
}

const REGISTERS = 32;

/** @param image 512 bytes */
export function storeX87Region(state: StateView, image: DataView, form: LegacyForm): void {
  image.setUint16(0, state.get32(STATE.fpuControl), true);
  image.setUint16(2, state.get32(STATE.fpuStatus), true);
  image.setUint8(4, state.get32(STATE.fpuTags));
  image.setUint8(5, 0);
  image.setUint16(6, state.get32(STATE.fpuOpcode), true);
  const pointer = (at: number, field: typeof STATE.fpuIp, selector: typeof STATE.fpuCs): void => {
    image.setUint32(at, state.low(field), true);
    const cs = form.selectorsDeprecated ? 0 : state.get32(selector) & 0xffff;
    image.setUint32(at + 4, form.wide ? state.high(field) : cs, true);
  };
  pointer(8, STATE.fpuIp, STATE.fpuCs);
  pointer(16, STATE.fpuDp, STATE.fpuDs);
  const top = (state.get32(STATE.fpuStatus) >>> 11) & 7;
  for (let i = 0; i < 8; i++) {
    const from = x87Address((top + i) & 7);
    const to = REGISTERS + i * 16;
    image.setUint32(to, state.view.getUint32(from, true), true);
    image.setUint32(to + 4, state.view.getUint32(from + 4, true), true);
    image.setUint32(to + 8, state.view.getUint16(from + 8, true), true);
    image.setUint32(to + 12, 0, true);
  }
}

export function loadX87Region(state: StateView, image: DataView, form: LegacyForm): void {
  state.set32(STATE.fpuControl, image.getUint16(0, true));
  state.set32(STATE.fpuStatus, image.getUint16(2, true));
  state.set32(STATE.fpuTags, image.getUint8(4));
  state.set32(STATE.fpuOpcode, image.getUint16(6, true) & 0x7ff);
  const pointer = (at: number, field: typeof STATE.fpuIp, selector: typeof STATE.fpuCs): void => {
    state.setHalves(field, image.getUint32(at, true), form.wide ? image.getUint32(at + 4, true) : 0);
    state.set32(selector, form.wide || form.selectorsDeprecated ? 0 : image.getUint16(at + 4, true));
  };
  pointer(8, STATE.fpuIp, STATE.fpuCs);
  pointer(16, STATE.fpuDp, STATE.fpuDs);
  settleExceptions(state);
  const top = (state.get32(STATE.fpuStatus) >>> 11) & 7;
  for (let i = 0; i < 8; i++) {
    const to = x87Address((top + i) & 7);
    const from = REGISTERS + i * 16;
    state.view.setUint32(to, image.getUint32(from, true), true);
    state.view.setUint32(to + 4, image.getUint32(from + 4, true), true);
    state.view.setUint32(to + 8, image.getUint16(from + 8, true), true);
  }
}

/** The initial configuration of XSAVE component 0 (SDM Vol. 1 §13.6): as after FNINIT, with all registers zero. */
export function resetX87Region(state: StateView): void {
  initializeX87(state);
  for (let i = 0; i < 8; i++) for (let at = 0; at < 16; at += 4) state.view.setUint32(x87Address(i) + at, 0, true);
}
