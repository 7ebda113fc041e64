/** Decoded code belongs to its code segment: base, limit and the 64 KiB of 16-bit offsets (SDM Vol. 3A §5.3, §21.1). */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { hostPhysical } from '../../../emulator/addresses.ts';
import type { RunExit } from '../../../emulator/api.ts';
import { InstructionDecoder } from '../../../emulator/cpu/decode/decoder.ts';
import { Machine } from '../../../emulator/machine.ts';
import { assembleText } from '../guest.ts';

/** A machine in real mode with 16-bit code at each linear address, about to run at `cs`:`ip`. */
async function realMode(parts: readonly (readonly [number, string])[], cs: number, ip: number): Promise<Machine> {
  const machine = Machine.create({ cpu: 'tigerlake', memoryBytes: 4 << 20 });
  for (const [address, source] of parts) {
    const image = await assembleText(`.globl _start\n.code16\n_start:\n${source}`, 'protected32', BigInt(address));
    for (const { physicalAddress, data } of image.segments) {
      machine.writePhysical(hostPhysical(Number(physicalAddress)), data);
    }
  }
  enter(machine, cs, ip);
  for (const name of ['ss', 'ds', 'es']) set(machine, { [name]: 0x5000n, [`${name}.base`]: 0x5_0000n });
  set(machine, { rsp: 0x1000n });
  return machine;
}

function set(machine: Machine, registers: Record<string, bigint>): void {
  for (const [name, value] of Object.entries(registers)) {
    const refused = machine.writeRegister(name, value);
    if (refused) throw new Error(refused);
  }
}

const enter = (machine: Machine, cs: number, ip: number): void =>
  set(machine, { cs: BigInt(cs), 'cs.base': BigInt(cs << 4), rip: BigInt(ip) });

const register = (machine: Machine, name: string): number => Number(machine.readRegister(name));

/** Runs to an exception that the debugger is told of. */
function fault(machine: Machine, steps = 100_000): Extract<RunExit, { kind: 'exception' }>['event'] {
  machine.setExceptionStops(-1);
  const exit = machine.run(steps);
  if (exit.kind !== 'exception') throw new Error(`no exception but ${JSON.stringify(exit)}`);
  return exit.event;
}

afterEach(() => vi.restoreAllMocks());

describe('code segments', () => {
  it('of other bases have other code at the same offset', async () => {
    const machine = await realMode(
      [
        [0x1_0010, 'incw %ax\nljmpw $0x2000, $0x10'],
        [0x2_0010, 'incw %bx\nloop 1f\nhlt\n1: ljmpw $0x1000, $0x10'],
      ],
      0x1000,
      0x10,
    );
    set(machine, { ecx: 1000n });
    expect(machine.run(100_000).kind).toBe('halted');
    expect([register(machine, 'ax'), register(machine, 'bx')]).toEqual([1000, 1000]);
  });

  it('that overlap run the same bytes at their own offsets', async () => {
    // 1000:0210 and 1020:0010 are one place.
    const machine = await realMode(
      [[0x1_0210, 'call 1f\n1: popw %dx\naddw %dx, %ax\nloop 2f\nhlt\n2: xorw $0x220, %si\njmpw *%si']],
      0x1000,
      0x210,
    );
    set(machine, { ecx: 1n });
    expect(machine.run(100).kind).toBe('halted');
    enter(machine, 0x1020, 0x10);
    set(machine, { ecx: 1n });
    expect(machine.run(100).kind).toBe('halted');
    expect(register(machine, 'ax')).toBe(0x213 + 0x13);
  });

  it('of other limits end elsewhere, with the same base', async () => {
    const machine = await realMode([[0x1_0ff0, '1: nop\nnop\nnop\nincw %ax\nloop 1b\nhlt']], 0x1000, 0xff0);
    set(machine, { ecx: 10n });
    expect(machine.run(1000).kind).toBe('halted');
    for (const [limit, ip] of [
      [0xff2, 0xff3],
      [0xff3, 0xff3 + 1],
      [0xff4, 0xff4],
      [0xff0, 0xff1],
    ] as const) {
      enter(machine, 0x1000, 0xff0);
      set(machine, { 'cs.limit': BigInt(limit), ecx: 10n });
      expect(fault(machine)).toMatchObject({ vector: 13, errorCode: 0 });
      expect(register(machine, 'eip')).toBe(ip);
      set(machine, { rip: 0n });
    }
    set(machine, { 'cs.limit': 0xffffn, ecx: 10n });
    enter(machine, 0x1000, 0xff0);
    expect(machine.run(1000).kind).toBe('halted');
  });

  it('wrap 16-bit branches, on a page that the segment shares', async () => {
    // The segment begins in the middle of a page; what lies below it is not at negative offsets.
    const machine = await realMode(
      [
        [0x1_07c0, '1: movw $1, %bx\nhlt'],
        [0x1_0800, '.byte 0xeb, 0xbe'],
        [0x2_07c0, 'movw $2, %bx\nhlt'],
      ],
      0x1080,
      0,
    );
    expect(machine.run(100).kind).toBe('halted');
    expect(register(machine, 'bx')).toBe(2);
    enter(machine, 0x1000, 0x800);
    expect(machine.run(100).kind).toBe('halted');
    expect(register(machine, 'bx')).toBe(1);
  });

  it('do not go on beyond FFFFh', async () => {
    const machine = await realMode(
      [
        [0x1_fff0, '.skip 15, 0x90\nincw %ax'],
        [0x2_0000, 'incw %bx\nhlt'],
        [0x1_0000, 'hlt'],
      ],
      0x1000,
      0xffff,
    );
    expect(fault(machine)).toMatchObject({ vector: 13 });
    expect([register(machine, 'eip'), register(machine, 'bx')]).toEqual([0x1_0000, 0]);
    // A segment with a greater limit does.
    set(machine, { 'cs.limit': 0x1_ffffn, ...{ cs: 0x1000n, 'cs.base': 0x1_0000n, rip: 0xffffn } });
    machine.setExceptionStops(0);
    expect(machine.run(10).kind).toBe('halted');
    expect(register(machine, 'bx')).toBe(1);
  });

  it('check near branches before anything changes', async () => {
    const machine = await realMode([[0x1_0000, '.byte 0x66, 0xe2, 0x10\nhlt']], 0x1000, 0);
    set(machine, { 'cs.limit': 0x12n, ecx: 5n });
    expect(fault(machine)).toMatchObject({ vector: 13, errorCode: 0 });
    expect([register(machine, 'eip'), register(machine, 'ecx')]).toEqual([0, 5]);
  });

  it('are decoded once, not each time they run', async () => {
    const machine = await realMode(
      [[0x1_0810, '1: call 2f\naddw $3, %ax\nloop 1b\nhlt\n2: pushw %ax\npopw %bx\nret']],
      0x1080,
      0x10,
    );
    set(machine, { ecx: 1000n });
    const decode = vi.spyOn(InstructionDecoder.prototype, 'decode');
    expect(machine.run(100_000).kind).toBe('halted');
    expect(register(machine, 'ax')).toBe(3000);
    expect(decode.mock.calls.length).toBeGreaterThan(0);
    expect(decode.mock.calls.length).toBeLessThan(40);
  });
});
