import { ACCESS } from '../../../memory/paging.ts';
import { readRflags } from '../../registers.ts';
import { CS, DS, ES, FS, GS, gprAddress, SS, STATE, segment, TR } from '../../state.ts';
import { commit, type HostContext, readable, writable } from './context.ts';

/** Task-state segments in memory (SDM Vol. 3A §8.2.1, §8.6). */

/** What a task switch loads from the new task's TSS. */
export interface TaskImage {
  readonly eip: number;
  readonly eflags: number;
  /** EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI. */
  readonly registers: readonly number[];
  /** By segment register number, as in `ES` … `GS`. */
  readonly selectors: readonly number[];
  readonly ldt: number;
  /** Absent in a 16-bit TSS. */
  readonly cr3?: number;
  /** The T flag: a debug trap before the first instruction. */
  readonly trap: boolean;
  readonly ssp: number;
}

/** A TSS by its descriptor's type: 1 and 3 are 16-bit, 9 and 11 are 32-bit. */
export const isWide = (type: number): boolean => (type & 8) !== 0;
const SAVED = { wide: [0x20, 0x5d], narrow: [0x0e, 0x29] } as const;

const linear = (base: number, offset: number): number => (base + offset) >>> 0;

export function readWord(c: HostContext, base: number, offset: number): number | undefined {
  const host = readable(c, linear(base, offset), 0, 2, ACCESS.IMPLICIT);
  return host ? c.state.view.getUint16(host, true) : undefined;
}

function readField(c: HostContext, base: number, offset: number, bytes: 2 | 4): number {
  const host = readable(c, linear(base, offset), 0, bytes, ACCESS.IMPLICIT);
  if (!host) throw new Error('a TSS that was probed cannot be read');
  return bytes === 2 ? c.state.view.getUint16(host, true) : c.state.view.getUint32(host, true);
}

function writeField(c: HostContext, base: number, offset: number, bytes: 2 | 4, value: number): void {
  const host = writable(c, linear(base, offset), 0, bytes, ACCESS.IMPLICIT);
  if (!host) throw new Error('a TSS that was probed cannot be written');
  if (bytes === 2) c.state.view.setUint16(host, value, true);
  else c.state.view.setUint32(host, value, true);
  commit(c, host);
}

export const writeBackLink = (c: HostContext, base: number, selector: number): void =>
  writeField(c, base, 0, 2, selector);

/** Whether the bytes `first` … `last` of a TSS can be accessed; false with the page fault recorded. */
export function probeTask(c: HostContext, base: number, first: number, last: number, write: boolean): boolean {
  const probe = write ? writable : readable;
  return [first, last].every((offset) => probe(c, linear(base, offset), 0, 1, ACCESS.IMPLICIT) !== 0);
}

/** Probes what `saveTask` writes. */
export function probeSaved(c: HostContext, base: number, wide: boolean): boolean {
  const [first, last] = wide ? SAVED.wide : SAVED.narrow;
  return probeTask(c, base, first, last, true);
}

/** Saves the running task in its TSS, which was probed. `clear` is taken out of the EFLAGS image, `set` put in. */
export function saveTask(c: HostContext, eip: number, clear: number, set: number): void {
  const { state } = c;
  const base = state.low(segment(TR).base);
  const wide = isWide(state.get32(segment(TR).attributes));
  const flags = (readRflags(state) & ~clear) | set;
  const bytes = wide ? 4 : 2;
  const values = [eip, flags, ...Array.from({ length: 8 }, (_, i) => state.view.getUint32(gprAddress(i), true))];
  values.forEach((value, i) => {
    writeField(c, base, (wide ? 0x20 : 0x0e) + i * bytes, bytes, value);
  });
  const selectors = [ES, CS, SS, DS, ...(wide ? [FS, GS] : [])];
  selectors.forEach((index, i) => {
    writeField(c, base, (wide ? 0x48 : 0x22) + i * bytes, 2, state.get32(segment(index).selector));
  });
}

/** Reads the new task's state from a TSS that was probed. */
export function readTask(c: HostContext, base: number, wide: boolean, withSsp: boolean): TaskImage {
  if (wide) {
    const at = (offset: number) => readField(c, base, offset, 4);
    const word = (offset: number) => readField(c, base, offset, 2);
    return {
      eip: at(0x20),
      eflags: at(0x24),
      registers: Array.from({ length: 8 }, (_, i) => at(0x28 + i * 4)),
      selectors: Array.from({ length: 6 }, (_, i) => word(0x48 + i * 4)),
      ldt: word(0x60),
      cr3: at(0x1c),
      trap: (word(0x64) & 1) !== 0,
      ssp: withSsp ? at(0x68) : 0,
    };
  }
  const word = (offset: number) => readField(c, base, offset, 2);
  return {
    eip: word(0x0e),
    eflags: word(0x10),
    // The upper halves are not maintained; processors leave ones.
    registers: Array.from({ length: 8 }, (_, i) => (0xffff0000 | word(0x12 + i * 2)) >>> 0),
    selectors: [...Array.from({ length: 4 }, (_, i) => word(0x22 + i * 2)), 0, 0],
    ldt: word(0x2a),
    trap: false,
    ssp: 0,
  };
}

export const loadRegisters = (c: HostContext, image: TaskImage): void => {
  image.registers.forEach((value, i) => {
    c.state.setHalves({ address: gprAddress(i), bits: 64 }, value, 0);
  });
  c.state.setHalves(STATE.rip, image.eip, 0);
};
