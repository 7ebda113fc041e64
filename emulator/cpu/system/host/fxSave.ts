import { STATE, XMM_BASE } from '../../state.ts';
import { type LegacyForm, loadX87Region, storeX87Region } from '../../x87/legacyRegion.ts';
import { DONE, FAULT, gp0, type HostContext, type HostHandler, operandAddress, raise, VECTOR } from './context.ts';
import { readWide, writeWide } from './wideMemory.ts';

/** FXSAVE and FXRSTOR (SDM Vol. 1 §10.5). The XMM part does not depend on CR4.OSFXSR. */
const BYTES = 512;
const MXCSR_AT = 24;
const XMM_AT = 160;
export const MXCSR_MASK = 0xffff;
const CR0_EM = 4;
const CR0_TS = 8;

function refusal(c: HostContext): number | undefined {
  if (c.state.low(STATE.cr0) & (CR0_EM | CR0_TS)) return raise(c, VECTOR.NM);
  return operandAddress(c)[0] & 15 ? gp0(c) : undefined;
}

const xmmBytes = (c: HostContext): number => (c.codeBits === 64 ? 256 : 128);

/** What the image looks like to this processor and this instruction. */
export const legacyForm = (c: HostContext, wide: boolean): LegacyForm => ({
  wide,
  selectorsDeprecated: c.processor.feature('zero_fcs_fds'),
});

const save =
  (wide: boolean): HostHandler =>
  (c) => {
    const refused = refusal(c);
    if (refused !== undefined) return refused;
    // Bytes above the XMM registers are left to software.
    const image = new Uint8Array(XMM_AT + xmmBytes(c));
    const view = new DataView(image.buffer);
    storeX87Region(c.state, view, legacyForm(c, wide));
    view.setUint32(MXCSR_AT, c.state.get32(STATE.mxcsr), true);
    view.setUint32(MXCSR_AT + 4, MXCSR_MASK, true);
    image.set(new Uint8Array(c.state.view.buffer, XMM_BASE, xmmBytes(c)), XMM_AT);
    return writeWide(c, image, BYTES, 1) ? DONE : FAULT;
  };

const restore =
  (wide: boolean): HostHandler =>
  (c) => {
    const refused = refusal(c);
    if (refused !== undefined) return refused;
    const image = readWide(c, BYTES, 1);
    if (!image) return FAULT;
    const view = new DataView(image.buffer);
    const mxcsr = view.getUint32(MXCSR_AT, true);
    if (mxcsr & ~MXCSR_MASK) return gp0(c);
    loadX87Region(c.state, view, legacyForm(c, wide));
    c.state.set32(STATE.mxcsr, mxcsr);
    new Uint8Array(c.state.view.buffer, XMM_BASE, xmmBytes(c)).set(image.subarray(XMM_AT, XMM_AT + xmmBytes(c)));
    return DONE;
  };

export const fxSave: Readonly<Record<string, HostHandler>> = {
  fxsave: save(false),
  fxsave64: save(true),
  fxrstor: restore(false),
  fxrstor64: restore(true),
};
