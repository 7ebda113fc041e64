/** This project's machine in the state of a case, and what it makes of it. */
import { hostPhysical } from '../../../emulator/addresses.ts';
import { loadGuest } from '../../../emulator/loaders/load.ts';
import { Machine } from '../../../emulator/machine.ts';
import { assembleText } from '../../emulator/guest.ts';
import { PLACE } from './plan.ts';

const CODE = 0x20_0000;
const MEMORY = 0x30_0000;
const FLAGS = 0x8d5n;

export async function machineWithAvx(): Promise<Machine> {
  const machine = Machine.create({ cpu: 'sapphirerapids', memoryBytes: 8 << 20 });
  const source =
    'mov %cr4, %rax; or $0x40000, %rax; mov %rax, %cr4; xor %ecx, %ecx; xor %edx, %edx; mov $7, %eax; xsetbv';
  loadGuest(machine, await assembleText(source), 'long64');
  machine.run(7);
  machine.setExceptionStops(-1);
  return machine;
}

export function put(machine: Machine, code: Uint8Array, state: Uint8Array): void {
  const view = new DataView(state.buffer, state.byteOffset);
  const big = (at: number) => view.getBigUint64(at, true);
  const set = (name: string, value: bigint) => {
    const refused = machine.writeRegister(name, value);
    if (refused) throw new Error(refused);
  };
  const bytes = new Uint8Array(16).fill(0x90);
  bytes.set(code);
  machine.writePhysical(hostPhysical(CODE), bytes);
  machine.writePhysical(hostPhysical(MEMORY), state.subarray(PLACE.memory, PLACE.memory + 64));
  for (let i = 0; i < 6; i++) {
    const at = PLACE.ymm + i * 32;
    const value = big(at) | (big(at + 8) << 64n) | (big(at + 16) << 128n) | (big(at + 24) << 192n);
    set(`ymm${i}`, value);
  }
  for (const name of ['rax', 'rcx', 'rdx'] as const) set(name, big(PLACE[name]));
  set('rbx', BigInt(MEMORY));
  set('rdi', BigInt(MEMORY));
  set('mxcsr', BigInt(view.getUint32(PLACE.mxcsr, true)));
  set('rflags', 2n);
  set('rip', BigInt(CODE));
}

export function differences(machine: Machine, after: Uint8Array, name: string): string[] {
  const view = new DataView(after.buffer, after.byteOffset);
  const big = (at: number) => view.getBigUint64(at, true);
  const lines: string[] = [];
  const compare = (what: string, got: bigint, expected: bigint) => {
    if (got !== expected) lines.push(`${name}: ${what} is ${got.toString(16)}, expected ${expected.toString(16)}`);
  };
  for (let i = 0; i < 6; i++) {
    const at = PLACE.ymm + i * 32;
    const expected = big(at) | (big(at + 8) << 64n) | (big(at + 16) << 128n) | (big(at + 24) << 192n);
    compare(`ymm${i}`, machine.readRegister(`ymm${i}`), expected);
  }
  for (const register of ['rax', 'rcx', 'rdx'] as const)
    compare(register, machine.readRegister(register), big(PLACE[register]));
  compare('flags', machine.readRegister('rflags') & FLAGS, big(PLACE.flags) & FLAGS);
  compare('mxcsr', machine.readRegister('mxcsr'), BigInt(view.getUint32(PLACE.mxcsr, true)));
  const { data } = machine.readPhysical(hostPhysical(MEMORY), 64);
  const memory = after.subarray(PLACE.memory, PLACE.memory + 64);
  if (data.some((byte, i) => byte !== memory[i])) lines.push(`${name}: memory is ${data}, expected ${memory}`);
  return lines;
}
