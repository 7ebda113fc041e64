/** Several vCPUs: start-up, whose turn it is, what registers are about, and that runs repeat bit for bit. */
import { describe, expect, it } from 'vitest';
import { linear } from '../../../emulator/addresses.ts';
import type { Machine } from '../../../emulator/machine.ts';
import { assembleText, boot, type Guest, random, read32, registersOf, runToEnd } from '../guest.ts';
import { advance } from '../state/drive.ts';
import { BUSY, COUNTING } from './guests.ts';

function write32(guest: Guest, label: string, value: number): void {
  guest.machine.writeLinear(linear(guest.at(label)), Uint8Array.of(value, 0, 0, 0));
}

const everything = (machine: Machine) => {
  const vcpus = Array.from({ length: machine.vcpuCount }, (_, vcpu) => {
    machine.selectVcpu(vcpu);
    return { activity: machine.vcpuActivity(vcpu), ...registersOf(machine) };
  });
  machine.selectVcpu(machine.currentVcpu);
  return { hash: machine.stateHash(), turn: machine.currentVcpu, vcpus };
};

describe('several vCPUs', () => {
  it.each([0, 9, 1.5, -1])('refuses %s of them in a sentence', async (cpus) => {
    const image = await assembleText('_start: hlt');
    expect(() => boot(image, { cpus })).toThrow(`cpus: ${cpus} cannot be had; it must be a whole number from 1 to 8.`);
  });

  it.each([2, 3, 8])('starts %i by INIT and SIPI; LOCK makes their counts exact', async (cpus) => {
    const guest = boot(await assembleText(COUNTING), { cpus });
    const { machine } = guest;
    write32(guest, 'others', cpus - 1);
    expect(Array.from({ length: cpus }, (_, vcpu) => machine.vcpuActivity(vcpu))).toEqual(
      Array.from({ length: cpus }, (_, vcpu) => (vcpu === 0 ? 'active' : 'waitForSipi')),
    );
    expect(runToEnd(machine)).toMatchObject({ kind: 'halted' });
    expect(read32(machine, guest.at('counter'))).toBe(1000 * (cpus - 1));
    expect(Array.from({ length: cpus }, (_, vcpu) => machine.vcpuActivity(vcpu))).toEqual(
      Array.from({ length: cpus }, () => 'halted'),
    );
  });

  it('tells in a sentence when none is left that could wake another', async () => {
    const guest = boot(await assembleText('_start: cli; hlt'), { cpus: 2 });
    expect(runToEnd(guest.machine)).toEqual({
      kind: 'halted',
      sentence: 'The guest executed HLT before RIP 0x100002, and interrupts are off (IF=0): nothing can wake it.',
    });
  });

  it('stops at a breakpoint in an application processor before its first instruction, and steps it', async () => {
    const guest = boot(await assembleText(COUNTING), { cpus: 3 });
    const { machine } = guest;
    write32(guest, 'others', 2);
    machine.setBreakpoints([linear(0x7_0000n)]);
    expect(runToEnd(machine)).toEqual({ kind: 'breakpoint' });
    const first = machine.currentVcpu;
    expect(first).toBeGreaterThan(0);
    expect(machine.selectedVcpu).toBe(first);
    expect([machine.readRegister('cs'), machine.readRegister('rip'), machine.codeBits()]).toEqual([0x7000n, 0n, 16]);
    machine.selectVcpu(0);
    expect(machine.codeBits()).toBe(64);
    expect(machine.run(1, { ignoreBreakpointAtStart: true })).toEqual({ kind: 'budget' });
    expect([machine.currentVcpu, machine.selectedVcpu, machine.readRegister('rip')]).toEqual([first, first, 1n]);
    expect(runToEnd(machine)).toEqual({ kind: 'breakpoint' });
    expect([first, machine.currentVcpu].sort()).toEqual([1, 2]);
  });

  it('runs until a vCPU has its turn', async () => {
    const guest = boot(await assembleText(BUSY), { cpus: 4 });
    const { machine } = guest;
    advance(machine, 60_000);
    for (const vcpu of [3, 1, 0, 2]) {
      expect(machine.run(1_000_000, { untilVcpu: vcpu })).toEqual({ kind: 'budget' });
      expect(machine.currentVcpu).toBe(vcpu);
      const { steps } = machine;
      expect(machine.run(1_000_000, { untilVcpu: vcpu })).toEqual({ kind: 'budget' });
      expect(machine.steps).toBe(steps);
    }
  });

  it('says that a local APIC cannot lie over RAM', async () => {
    const guest = boot(await assembleText('_start: movl $0x1b, %ecx; movl $0x200900, %eax; xorl %edx, %edx; wrmsr'));
    expect(runToEnd(guest.machine)).toMatchObject({
      kind: 'unsupported',
      sentence: expect.stringMatching(/^The guest moves its local APIC to 0x200000, over RAM/),
    });
  });

  it('refuses to select a vCPU that does not exist', async () => {
    const guest = boot(await assembleText(COUNTING), { cpus: 2 });
    expect(() => guest.machine.selectVcpu(2)).toThrow('vCPU 2: the machine has 2, from number 0.');
  });
});

describe.each([2, 5])('%i busy vCPUs', (cpus) => {
  const steps = 400_000;
  const fresh = async () => boot(await assembleText(BUSY), { cpus });

  it('do what they should', async () => {
    const guest = await fresh();
    advance(guest.machine, steps);
    const ticks = read32(guest.machine, guest.at('ticks'));
    expect(ticks).toBeGreaterThan(50);
    for (let vcpu = 1; vcpu < cpus; vcpu++) {
      const calls = read32(guest.machine, guest.at('calls') + BigInt(vcpu * 4));
      expect(calls).toBeGreaterThan(10);
      expect(calls).toBeLessThanOrEqual(ticks);
    }
  });

  it('end the same in random slices, with and without stops and selections', async () => {
    const whole = await fresh();
    advance(whole.machine, steps);
    const wanted = everything(whole.machine);
    for (let seed = 0; seed < 4; seed++) {
      const below = random(seed);
      const guest = await fresh();
      const { machine } = guest;
      const slice = () => {
        if (seed > 1 && below(4) === 0) {
          machine.setBreakpoints(Array.from({ length: 6 }, () => linear(0x10_0000n + BigInt(below(0x300)))));
        }
        if (below(3) === 0) machine.selectVcpu(below(cpus));
        return [1, 3, 50, 700, 9000, 60_000][below(6)]!;
      };
      advance(machine, steps, slice);
      expect(everything(machine), `seed ${seed}`).toEqual(wanted);
    }
  });

  it('run N, snapshot, run M, restore, run M is run N + M', async () => {
    for (let seed = 10; seed < 13; seed++) {
      const below = random(seed);
      const n = below(steps);
      const m = 1 + below(steps - n);
      const reference = await fresh();
      advance(reference.machine, n);
      const middle = everything(reference.machine);
      advance(reference.machine, m);
      const end = everything(reference.machine);
      const { machine } = await fresh();
      advance(machine, n, () => 1 + below(5000));
      const snapshot = machine.snapshot();
      for (let round = 0; round < 2; round++) {
        advance(machine, m, () => 1 + below(20_000));
        expect(everything(machine), `seed ${seed}, ${n} + ${m}`).toEqual(end);
        machine.restore(snapshot);
        expect(everything(machine), `seed ${seed}, back at ${n}`).toEqual(middle);
      }
    }
  });
});
