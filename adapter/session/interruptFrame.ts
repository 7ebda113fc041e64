import type { MachineApi } from '../../emulator/api.ts';
import { readNumber } from './memoryAccess.ts';

/** What event delivery pushed (SDM Vol. 3A §6.14.2), as found on an ordinary stack. */
export interface InterruptFrame {
  readonly instructionPointer: bigint;
  readonly codeSelector: bigint;
  readonly flags: bigint;
  readonly stackPointer: bigint;
}

/** RFLAGS bits that are always 0 (3, 5, 15 and 22 to 63), and bit 1, always 1. */
const ZERO_FLAGS = 0xffff_ffff_ffc0_8028n;
const ONE_FLAG = 0x2n;

/** Reads the frame whose lowest slot is at `address`; undefined when what is there cannot be one. */
export function interruptFrameAt(machine: MachineApi, address: bigint, size: 4 | 8): InterruptFrame | undefined {
  const slot = (index: number) => readNumber(machine, BigInt.asUintN(64, address + BigInt(index * size)), size);
  const [instructionPointer, codeSelector, flags] = [slot(0), slot(1), slot(2)];
  if (instructionPointer === undefined || codeSelector === undefined || flags === undefined) return undefined;
  if (!isSelector(codeSelector) || codeSelector < 4n) return undefined;
  if ((flags & ZERO_FLAGS) !== 0n || (flags & ONE_FLAG) === 0n) return undefined;
  if (instructionPointer === 0n || !isCanonical(instructionPointer)) return undefined;
  const current = machine.readRegister('cs');
  const currentPrivilege = current & 3n;
  // Handlers are no less privileged than what they interrupt, and hardly any system has two code segments of a privilege.
  if ((codeSelector & 3n) < currentPrivilege) return undefined;
  if ((codeSelector & 3n) === currentPrivilege && codeSelector !== current) return undefined;
  // 64-bit delivery always pushes SS:RSP, 32-bit delivery only when the privilege changes.
  if (size === 4 && (codeSelector & 3n) === currentPrivilege) {
    return { instructionPointer, codeSelector, flags, stackPointer: address + 12n };
  }
  const [stackPointer, stackSelector] = [slot(3), slot(4)];
  if (stackPointer === undefined || stackSelector === undefined) return undefined;
  if (!isSelector(stackSelector) || !isCanonical(stackPointer)) return undefined;
  if (stackSelector !== 0n && (stackSelector & 3n) !== (codeSelector & 3n)) return undefined;
  return { instructionPointer, codeSelector, flags, stackPointer };
}

const isSelector = (value: bigint) => value <= 0xffffn;

function isCanonical(value: bigint): boolean {
  return (
    BigInt.asUintN(64, BigInt.asIntN(48, value)) === value || BigInt.asUintN(64, BigInt.asIntN(57, value)) === value
  );
}

/** The vector whose gate leads to `handler`, read from the IDT; undefined when none does. */
export function vectorOfHandler(machine: MachineApi, handler: bigint, longMode: boolean): number | undefined {
  const base = machine.readRegister('idtr.base');
  const limit = Number(machine.readRegister('idtr.limit'));
  const gateBytes = longMode ? 16 : 8;
  for (let vector = 0; vector < 256 && (vector + 1) * gateBytes - 1 <= limit; vector++) {
    const low = readNumber(machine, base + BigInt(vector * gateBytes), 8);
    if (low === undefined) return undefined;
    if (((low >> 47n) & 1n) === 0n) continue;
    const high = longMode ? readNumber(machine, base + BigInt(vector * gateBytes + 8), 4) : 0n;
    if (high === undefined) return undefined;
    const offset = (low & 0xffffn) | ((low >> 32n) & 0xffff_0000n) | (high << 32n);
    if (offset === handler) return vector;
  }
  return undefined;
}
