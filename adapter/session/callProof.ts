import { linear } from '../../emulator/addresses.ts';
import type { MachineApi } from '../../emulator/api.ts';
import { codeBase, instructionAt, shapeOf } from '../../emulator/debug/instruction.ts';

/** Longest CALL worth trying: prefixes, opcode, ModRM, SIB, displacement. */
const LONGEST_CALL = 9;

/** Whether an instruction that ends at `address` is a CALL; its target too, when it is a direct one. */
export function callBefore(machine: MachineApi, address: bigint): { readonly target?: bigint } | undefined {
  const start = BigInt.asUintN(64, address - BigInt(LONGEST_CALL));
  const { data } = machine.readLinear(linear(start), LONGEST_CALL);
  if (data.length < LONGEST_CALL) return undefined;
  const bits = machine.codeBits();
  const base = codeBase(machine);
  let found: { readonly target?: bigint } | undefined;
  for (let length = 2; length <= LONGEST_CALL; length++) {
    const shape = shapeOf(data.subarray(LONGEST_CALL - length), address - BigInt(length), bits, base);
    if (shape.length !== length || (shape.kind !== 'call' && shape.kind !== 'farCall')) continue;
    // E8 rel32 is the strongest evidence; an indirect call found earlier may be a tail of its bytes.
    if (shape.target !== undefined) return { target: shape.target };
    found ??= {};
  }
  return found;
}

/** How far RSP moved between a function's first instruction and `address`, reading straight through; undefined when lost. */
export function stackMovement(machine: MachineApi, start: bigint, address: bigint): number | undefined {
  const MAX_FUNCTION_BYTES = 4096n;
  if (address < start || address - start > MAX_FUNCTION_BYTES) return undefined;
  let moved = 0;
  let at = start;
  while (at < address) {
    const shape = instructionAt(machine, at);
    if (shape === undefined || shape.kind === 'invalid') return undefined;
    // A CALL comes back with RSP as before; code after an early RET starts from the frame that the RET closed.
    if (shape.kind === 'plain' || shape.kind === 'branch') moved += shape.stackChange;
    else if (shape.kind === 'return' || shape.kind === 'interruptReturn' || shape.kind === 'farReturn') moved = 0;
    at += BigInt(shape.length);
  }
  return at === address ? moved : undefined;
}
