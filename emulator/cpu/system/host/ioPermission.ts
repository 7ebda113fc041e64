import { ACCESS } from '../../../memory/paging.ts';
import { readRflags } from '../../registers.ts';
import { segment, TR } from '../../state.ts';
import { addTo, cpl, gp0, type HostContext, readable, virtual8086 } from './context.ts';

/** CPL ≤ IOPL outside virtual-8086 mode, or clear bits in the TSS's I/O permission bitmap. */
export function permitted(c: HostContext, port: number, bytes: number): boolean {
  const { state } = c;
  if (!virtual8086(c) && (cpl(c) === 0 || cpl(c) <= ((readRflags(state) >>> 12) & 3))) return true;
  const refuse = () => {
    gp0(c);
    return false;
  };
  const tr = segment(TR);
  const type = state.get32(tr.attributes) & 15;
  if (state.get32(tr.attributes) & 0x10000 || (type !== 9 && type !== 11)) return refuse();
  const limit = state.get32(tr.limit) >>> 0;
  const base: [number, number] = [state.low(tr.base), state.high(tr.base)];
  if (limit < 0x67) return refuse();
  const mapHost = readable(c, ...addTo(...base, 0x66), 2, ACCESS.IMPLICIT);
  if (!mapHost) return false;
  const at = state.view.getUint16(mapHost, true) + (port >>> 3);
  if (at + 1 > limit) return refuse();
  const host = readable(c, ...addTo(...base, at), 2, ACCESS.IMPLICIT);
  if (!host) return false;
  const bits = (state.view.getUint16(host, true) >>> (port & 7)) & ((1 << bytes) - 1);
  return bits === 0 || refuse();
}
