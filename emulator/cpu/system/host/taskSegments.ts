import { VM } from '../../flags.ts';
import { CS, DS, ES, FS, GS, LDTR, SS, STATE, segment } from '../../state.ts';
import { type HostContext, raise, VECTOR } from './context.ts';
import {
  AR,
  attributesOf,
  baseOf,
  type Descriptor,
  dplOf,
  limitOf,
  putDescriptor,
  putNull,
  putSegment,
  readDescriptor,
  setDescriptorBit,
} from './descriptors.ts';
import type { TaskImage } from './taskState.ts';

/** Segment registers of a new task, checked in its own context (SDM Vol. 3A Table 8-1). */
const LDT = 2;

/** All selectors at once, with no descriptor behind them: what a fault in the new task's context finds. */
export function putSelectors(c: HostContext, image: TaskImage): void {
  image.selectors.forEach((selector, index) => {
    putNull(c, index, selector);
  });
  putNull(c, LDTR, image.ldt);
}

function refuse(c: HostContext, vector: number, selector: number): false {
  raise(c, vector, selector & 0xfffc);
  return false;
}

function loadLdtr(c: HostContext, selector: number): boolean {
  if (selector & 4) return refuse(c, VECTOR.TS, selector);
  if ((selector & 0xfffc) === 0) return true;
  const d = readDescriptor(c, selector, VECTOR.TS);
  if (!d) return false;
  const attributes = attributesOf(d);
  if (attributes & AR.S || (attributes & 15) !== LDT || !(attributes & AR.PRESENT)) {
    return refuse(c, VECTOR.TS, selector);
  }
  putSegment(c, LDTR, selector, [baseOf(d), 0], limitOf(d), attributes);
  return true;
}

function put(c: HostContext, index: number, selector: number, d: Descriptor): boolean {
  if (!setDescriptorBit(c, d, 0x100)) return false;
  putDescriptor(c, index, selector, d);
  return true;
}

function loadStackSegment(c: HostContext, selector: number, level: number): boolean {
  if ((selector & 0xfffc) === 0) return refuse(c, VECTOR.TS, selector);
  const d = readDescriptor(c, selector, VECTOR.TS);
  if (!d) return false;
  const attributes = attributesOf(d);
  if ((attributes & (AR.S | AR.CODE | AR.WRITABLE)) !== (AR.S | AR.WRITABLE)) return refuse(c, VECTOR.TS, selector);
  if (!(attributes & AR.PRESENT)) return refuse(c, VECTOR.SS, selector);
  if (dplOf(attributes) !== level || (selector & 3) !== level) return refuse(c, VECTOR.TS, selector);
  return put(c, SS, selector, d);
}

function loadDataSegment(c: HostContext, index: number, selector: number, level: number): boolean {
  if ((selector & 0xfffc) === 0) return true;
  const d = readDescriptor(c, selector, VECTOR.TS);
  if (!d) return false;
  const attributes = attributesOf(d);
  const code = (attributes & AR.CODE) !== 0;
  if (!(attributes & AR.S) || (code && !(attributes & AR.WRITABLE))) return refuse(c, VECTOR.TS, selector);
  const conforming = code && (attributes & AR.CONFORMING) !== 0;
  const dpl = dplOf(attributes);
  if (!conforming && (dpl < level || dpl < (selector & 3))) return refuse(c, VECTOR.TS, selector);
  if (!(attributes & AR.PRESENT)) return refuse(c, VECTOR.NP, selector);
  return put(c, index, selector, d);
}

function loadCodeSegment(c: HostContext, selector: number): boolean {
  if ((selector & 0xfffc) === 0) return refuse(c, VECTOR.TS, selector);
  const d = readDescriptor(c, selector, VECTOR.TS);
  if (!d) return false;
  const attributes = attributesOf(d);
  if ((attributes & (AR.S | AR.CODE)) !== (AR.S | AR.CODE)) return refuse(c, VECTOR.TS, selector);
  const [dpl, rpl] = [dplOf(attributes), selector & 3];
  if (attributes & AR.CONFORMING ? dpl > rpl : dpl !== rpl) return refuse(c, VECTOR.TS, selector);
  if (!(attributes & AR.PRESENT)) return refuse(c, VECTOR.NP, selector);
  return put(c, CS, selector, d);
}

/**
 * Loads LDTR and the segment registers. CPL is 3 until SS is there, so that a handler for a bad stack brings its own.
 * False with the fault recorded.
 */
export function loadTaskSegments(c: HostContext, image: TaskImage): boolean {
  const { state } = c;
  const selector = (index: number) => image.selectors[index]!;
  state.set32(STATE.cpl, 3);
  if (!loadLdtr(c, image.ldt)) return false;
  if (image.eflags & VM) {
    for (const index of [ES, CS, SS, DS, FS, GS]) {
      putSegment(c, index, selector(index), [selector(index) << 4, 0], 0xffff, 0xf3);
    }
    return true;
  }
  const level = selector(CS) & 3;
  if (!loadStackSegment(c, selector(SS), level)) return false;
  state.set32(STATE.cpl, level);
  return (
    [DS, ES, FS, GS].every((index) => loadDataSegment(c, index, selector(index), level)) &&
    loadCodeSegment(c, selector(CS))
  );
}

export const codeLimit = (c: HostContext): number => c.state.get32(segment(CS).limit) >>> 0;
