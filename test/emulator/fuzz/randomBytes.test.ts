/** Random bytes as code: whatever the guest does, `run` answers with an exit, never an exception or a hang. */
import { describe, expect, it } from 'vitest';
import { hostPhysical } from '../../../emulator/addresses.ts';
import { random } from '../guest.ts';
import { CODE, DATA, MODES, machineFor, runChecked } from './modes.ts';

const RUNS = 3_000;
const PARTS = 5;
const GENERAL = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' ');

/** Prefixes and escape bytes, so that long and rare instructions come up. */
const SPICE = [0x0f, 0x66, 0xf2, 0xf3, 0x48, 0x41, 0xf0, 0x67, 0x64, 0x3e, 0xc4, 0xc5, 0x62, 0x8f, 0xc7, 0xae, 0x01];

function fill(below: (n: number) => number, bytes: Uint8Array): void {
  const spicy = below(2) === 1;
  for (let i = 0; i < bytes.length; i++) bytes[i] = spicy && below(4) === 0 ? SPICE[below(SPICE.length)]! : below(256);
}

function registerValue(below: (n: number) => number): bigint {
  switch (below(6)) {
    case 0:
      return BigInt(below(0x100));
    case 1:
      return (BigInt(below(0x1_0000_0000)) << 32n) | BigInt(below(0x1_0000_0000));
    case 2:
      return 0x7fff_ffff_fff8n + BigInt(below(16));
    case 3:
      return 0xffff_ffff_ffff_fff0n + BigInt(below(16));
    default:
      return BigInt(DATA + below(0x1010));
  }
}

describe('random bytes as code', () => {
  it.each(MODES)('$name', (mode) => {
    const machine = machineFor(mode);
    const base = machine.snapshot();
    const seen = new Set<string>();
    const code = new Uint8Array(0x1000);
    for (let run = 0; run < RUNS; run++) {
      const below = random(run * 8 + MODES.indexOf(mode));
      machine.restore(base);
      fill(below, code);
      machine.writePhysical(hostPhysical(CODE), code);
      if (run % 8 === 0) fill(below, code);
      machine.writePhysical(hostPhysical(DATA), code);
      for (const name of GENERAL) machine.writeRegister(name, registerValue(below));
      machine.writeRegister('rsp', BigInt(DATA + 8 * below(0x200)));
      machine.writeRegister('rflags', BigInt((below(0x40_0000) & 0x24_ffd5) | 2));
      machine.setExceptionStops(run & 1 ? -1 : 0);
      machine.writeRegister('rip', BigInt(CODE + below(0x1000)));
      for (let part = 0; part < PARTS; part++) {
        const exit = runChecked(machine, 8, () => `run ${run}, part ${part}`);
        seen.add(exit.kind);
        if (exit.kind === 'tripleFault' || exit.kind === 'halted') break;
        // Elsewhere, so that one run meets several instructions.
        if (exit.kind !== 'budget') machine.writeRegister('rip', BigInt(CODE + below(0x1000)));
      }
    }
    expect([...seen]).toEqual(expect.arrayContaining(['budget', 'exception']));
  });
});
