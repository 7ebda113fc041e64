import { STATE_BASE, STATE_SIZE } from '../memory/map.ts';
import { writeRflags } from './registers.ts';
import { CS, ENGINE, LDTR, SEGMENT_NAMES, STATE, type StateView, segment, TR } from './state.ts';

/** Power-up state: real mode at the reset vector (SDM Vol. 3A Table 9-1). */
export function resetState(state: StateView): void {
  new Uint8Array(state.view.buffer, STATE_BASE, STATE_SIZE).fill(0);
  writeRflags(state, 2);
  state.setHalves(STATE.cr0, 0x60000010, 0);
  state.setHalves(STATE.rip, 0xfff0, 0);
  state.setHalves(STATE.dr6, 0xffff0ff0, 0);
  state.setHalves(STATE.dr7, 0x400, 0);
  state.setHalves(STATE.pat, 0x00070406, 0x00070406);
  state.set32(STATE.mxcsr, 0x1f80);
  state.setHalves(STATE.xcr0, 1, 0);
  state.set32(STATE.fpuControl, 0x40);
  state.set32(STATE.fpuTags, 0xff);
  for (let i = 0; i < SEGMENT_NAMES.length; i++) {
    const s = segment(i);
    state.set32(s.limit, 0xffff);
    state.set32(s.attributes, i === LDTR ? 0x82 : i === TR ? 0x8b : 0x93);
  }
  state.set32(segment(CS).selector, 0xf000);
  state.setHalves(segment(CS).base, 0xffff0000, 0);
  state.set32(STATE.gdtrLimit, 0xffff);
  state.set32(STATE.idtrLimit, 0xffff);
  state.set32(STATE.fetchPage, -1);
  state.set32(ENGINE.record, 0);
}
