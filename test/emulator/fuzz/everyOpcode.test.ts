/** Every opcode of every map under every prefix: each has an exit, and none is an error of the machine's own. */
import { describe, expect, it, vi } from 'vitest';
import { hostPhysical } from '../../../emulator/addresses.ts';
import { CODE, DATA, MODES, machineFor, runChecked } from './modes.ts';

const PREFIXES = [[], [0x66], [0xf2], [0xf3], [0xf0]];
const LONG_PREFIXES = [[0x48]];
const MAPS = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a], [0xc5, 0xf8], [0xc4, 0xe2, 0x79], [0x62, 0xf1, 0x7c, 0x48]];
/** Every reg field with a memory operand at [RCX], and with a register. */
const MODRM = [0x00, 0xc0].flatMap((mode) => [0, 1, 2, 3, 4, 5, 6, 7].map((reg) => mode | (reg << 3) | 1));

// On a busy machine.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

describe('every opcode', () => {
  it.each(MODES.filter(({ cet, bits, cpl }) => !cet && (bits === 32 || (bits === 64 && cpl === 0))))(
    '$name',
    (mode) => {
      const machine = machineFor(mode);
      machine.setExceptionStops(-1);
      const base = machine.snapshot();
      const code = machine.readRegister('cs.attributes');
      const prefixes = mode.bits === 64 ? [...PREFIXES, ...LONG_PREFIXES] : PREFIXES;
      const counts = new Map<string, number>();
      for (const prefix of prefixes) {
        for (const map of MAPS) {
          machine.restore(base);
          for (let opcode = 0; opcode < 256; opcode++) {
            for (const modrm of MODRM) {
              const bytes = [...prefix, ...map, opcode, modrm, 0x11, 0, 0, 0, 0, 0, 0, 0];
              machine.writePhysical(hostPhysical(CODE), Uint8Array.from(bytes));
              machine.writeRegister('rcx', BigInt(DATA + 0x100));
              machine.writeRegister('rsp', BigInt(DATA + 0x800));
              machine.writeRegister('rip', BigInt(CODE));
              const text = () => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
              const exit = runChecked(machine, 1, text);
              counts.set(exit.kind, (counts.get(exit.kind) ?? 0) + 1);
              // A mode that changed would change what the next opcode is.
              if (machine.readRegister('cs.attributes') !== code || exit.kind === 'tripleFault') machine.restore(base);
            }
          }
        }
      }
      expect(counts.get('budget')).toBeGreaterThan(10_000);
      expect(counts.get('exception')).toBeGreaterThan(10_000);
    },
  );
});
