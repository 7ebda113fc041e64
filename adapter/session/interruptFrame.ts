import type { MachineApi } from '../../emulator/api.ts';
import { hasRealSegments, modeOf, type SegmentShape, segmentOf } from '../../emulator/debug/segmentation.ts';
import { readNumber } from './memoryAccess.ts';

/** What event delivery pushed (SDM Vol. 3A §6.12.1, §6.14.2, §20.1.4), as found on an ordinary stack. */
export interface InterruptFrame {
  /** Linear. */
  readonly instructionPointer: bigint;
  readonly codeSelector: bigint;
  readonly flags: bigint;
  /** Linear. */
  readonly stackPointer: bigint;
  /** Of the interrupted code: bytes of a return address, and the bases of its code and stack segments. */
  readonly size: 2 | 4 | 8;
  readonly codeBase: bigint;
  readonly stackBase: bigint;
}

/** RFLAGS bits that are always 0 (3, 5, 15 and 22 to 63), and bit 1, always 1. */
const ZERO_FLAGS = 0xffff_ffff_ffc0_8028n;
const ONE_FLAG = 0x2n;

const VM_FLAG = 1n << 17n;

/** Reads the frame whose lowest slot is at a linear address; undefined when what is there cannot be one. */
export function interruptFrameAt(machine: MachineApi, address: bigint, size: 2 | 4 | 8): InterruptFrame | undefined {
  const slot = (index: number) => readNumber(machine, BigInt.asUintN(64, address + BigInt(index * size)), size);
  const [instructionPointer, codeSelector, flags] = [slot(0), slot(1), slot(2)];
  if (instructionPointer === undefined || codeSelector === undefined || flags === undefined) return undefined;
  if ((flags & ZERO_FLAGS) !== 0n || (flags & ONE_FLAG) === 0n || !isSelector(codeSelector)) return undefined;
  if (size === 2 && hasRealSegments(machine)) {
    const codeBase = codeSelector << 4n;
    const stackBase = machine.readRegister('ss.base');
    const linear = { instructionPointer: codeBase + instructionPointer, stackPointer: address + 6n };
    return { ...linear, codeSelector, flags, size, codeBase, stackBase };
  }
  const [stackPointer, stackSelector] = [slot(3), slot(4)];
  if ((flags & VM_FLAG) !== 0n) {
    if (size !== 4 || stackPointer === undefined || stackSelector === undefined) return undefined;
    return fromVirtual8086({ instructionPointer, codeSelector, flags, stackPointer, stackSelector });
  }
  if (codeSelector < 4n || instructionPointer === 0n || !isCanonical(instructionPointer)) return undefined;
  const current = machine.readRegister('cs');
  const currentPrivilege = current & 3n;
  // Handlers are no less privileged than what they interrupt, and hardly any system has two code segments of a privilege.
  if ((codeSelector & 3n) < currentPrivilege) return undefined;
  if ((codeSelector & 3n) === currentPrivilege && codeSelector !== current) return undefined;
  const code = shapeOf(machine, codeSelector, size);
  const found = { instructionPointer: code.base + instructionPointer, codeSelector, flags };
  const shape = { size: (code.bits / 8) as 2 | 4 | 8, codeBase: code.base };
  // 64-bit delivery always pushes SS:RSP, legacy delivery only when the privilege changes.
  if (size !== 8 && (codeSelector & 3n) === currentPrivilege) {
    const stackBase = machine.readRegister('ss.base');
    return { ...found, ...shape, stackBase, stackPointer: address + BigInt(3 * size) };
  }
  if (stackPointer === undefined || stackSelector === undefined) return undefined;
  if (!isSelector(stackSelector) || !isCanonical(stackPointer)) return undefined;
  if (stackSelector !== 0n && (stackSelector & 3n) !== (codeSelector & 3n)) return undefined;
  const stackBase = shape.size === 8 || stackSelector === 0n ? 0n : shapeOf(machine, stackSelector, size).base;
  return { ...found, ...shape, stackBase, stackPointer: stackBase + stackPointer };
}

/** Segments of virtual-8086 mode are those of real-address mode, whatever mode the handler runs in. */
function fromVirtual8086(pushed: Record<'instructionPointer' | 'codeSelector' | 'flags', bigint> & StackPlace) {
  const [codeBase, stackBase] = [pushed.codeSelector << 4n, pushed.stackSelector << 4n];
  return {
    instructionPointer: codeBase + BigInt.asUintN(16, pushed.instructionPointer),
    codeSelector: pushed.codeSelector,
    flags: pushed.flags,
    stackPointer: stackBase + BigInt.asUintN(16, pushed.stackPointer),
    ...{ size: 2 as const, codeBase, stackBase },
  };
}
type StackPlace = Record<'stackPointer' | 'stackSelector', bigint>;

/** A segment as its descriptor tells; flat and as wide as the frame where it cannot be read any more. */
function shapeOf(machine: MachineApi, selector: bigint, size: 2 | 4 | 8): SegmentShape {
  const found = segmentOf(machine, selector);
  if (typeof found === 'string') return { base: 0n, bits: (size * 8) as 16 | 32 | 64 };
  return found.bits === 64 ? { base: 0n, bits: 64 } : found;
}

const isSelector = (value: bigint) => value <= 0xffffn;

function isCanonical(value: bigint): boolean {
  return (
    BigInt.asUintN(64, BigInt.asIntN(48, value)) === value || BigInt.asUintN(64, BigInt.asIntN(57, value)) === value
  );
}

/** The vector whose gate leads to the linear address `handler`, read from the IDT; undefined when none does. */
export function vectorOfHandler(machine: MachineApi, handler: bigint): number | undefined {
  const base = machine.readRegister('idtr.base');
  const limit = Number(machine.readRegister('idtr.limit'));
  const mode = modeOf(machine);
  const gateBytes = mode === 'real' ? 4 : mode === '64-bit' || mode === 'compatibility' ? 16 : 8;
  for (let vector = 0; vector < 256 && (vector + 1) * gateBytes - 1 <= limit; vector++) {
    const target = gateTarget(machine, base + BigInt(vector * gateBytes), gateBytes);
    if (target === undefined) return undefined;
    if (target === handler) return vector;
  }
  return undefined;
}

/** Where a gate leads, linear; -1n for one that is not present; undefined when it cannot be read. */
function gateTarget(machine: MachineApi, address: bigint, gateBytes: 4 | 8 | 16): bigint | undefined {
  const low = readNumber(machine, address, gateBytes === 4 ? 4 : 8);
  if (low === undefined) return undefined;
  if (gateBytes === 4) return ((low >> 16n) << 4n) + (low & 0xffffn);
  if (((low >> 47n) & 1n) === 0n) return -1n;
  const high = gateBytes === 16 ? readNumber(machine, address + 8n, 4) : 0n;
  if (high === undefined) return undefined;
  const wide = ((low >> 43n) & 1n) === 1n;
  const offset = (low & 0xffffn) | (wide ? (low >> 32n) & 0xffff_0000n : 0n) | (high << 32n);
  const selector = (low >> 16n) & 0xffffn;
  return gateBytes === 16 ? offset : BigInt.asUintN(32, shapeOf(machine, selector, 4).base + offset);
}
