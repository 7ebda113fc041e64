/** Instruction fetch: rights at the border of rings, page-crossing instructions, lengths, and breakpoints on them. */
import { describe, expect, it } from 'vitest';
import { hostPhysical, linear } from '../../../emulator/addresses.ts';
import { type Guest, guest, rip } from '../guest.ts';
import { G, NX, P, RW, Tables, US } from '../tables.ts';

const CODE = 0x18_0000n;

/** Identity in 4-KiB pages, and `bytes` so that they end up at `address`, mapped from `CODE`. */
async function at(
  address: bigint,
  bytes: readonly number[],
  flags: readonly bigint[] = [P, P],
): Promise<Guest & { tables: Tables }> {
  const made = await guest('_start: nop');
  const { machine } = made;
  const tables = new Tables(machine);
  for (let page = 0n; page < 0x20_0000n; page += 0x1000n) tables.map(page, page, P | RW | US);
  const page = address & ~0xfffn;
  flags.forEach((flag, i) => {
    tables.map(page + BigInt(i) * 0x1000n, CODE + BigInt(i) * 0x1000n, flag);
  });
  machine.writeRegister('cr3', tables.root);
  machine.writePhysical(hostPhysical(Number(CODE + (address & 0xfffn))), Uint8Array.from(bytes));
  machine.writeRegister('rip', address);
  machine.setExceptionStops(-1);
  return { ...made, tables };
}

/** mov $0x11223344, %eax */
const MOV = [0xb8, 0x44, 0x33, 0x22, 0x11];
const BORDER = 0x7000_1000n;

describe('an instruction over a page border', () => {
  it('runs, and a fault on its second page has that page in CR2', async () => {
    const good = await at(BORDER - 2n, MOV);
    expect(good.machine.run(1)).toEqual({ kind: 'budget' });
    expect(good.machine.readRegister('eax')).toBe(0x1122_3344n);
    const absent = await at(BORDER - 2n, MOV, [P]);
    expect(absent.machine.run(1)).toMatchObject({
      kind: 'exception',
      event: { vector: 14, errorCode: 16, cr2: BORDER },
    });
    expect(rip(absent.machine)).toBe(BORDER - 2n);
    const noExecute = await at(BORDER - 2n, MOV, [P, P | NX]);
    expect(noExecute.machine.run(1)).toMatchObject({
      kind: 'exception',
      event: { vector: 14, errorCode: 17, cr2: BORDER },
    });
  });

  it('does not touch the second page when it ends on the first', async () => {
    const { machine } = await at(BORDER - 5n, MOV, [P]);
    expect(machine.run(1)).toEqual({ kind: 'budget' });
    expect(machine.run(1)).toMatchObject({ kind: 'exception', event: { vector: 14, errorCode: 16, cr2: BORDER } });
    expect(rip(machine)).toBe(BORDER);
  });

  it('is seen anew when either page changes', async () => {
    const { machine } = await at(BORDER - 2n, [...MOV, 0xeb, 0xf9]);
    for (const [offset, value, expected] of [
      [0, 0xb8, 0x1122_3344n],
      [4, 0x99, 0x9922_3344n],
      [1, 0x55, 0x9922_3355n],
    ] as const) {
      machine.writeLinear(linear(BORDER - 2n + BigInt(offset)), Uint8Array.of(value));
      expect(machine.run(2)).toEqual({ kind: 'budget' });
      expect(machine.readRegister('eax')).toBe(expected);
    }
  });

  it('raises #GP when its end is not canonical', async () => {
    const { machine } = await at(0x7fff_ffff_fffen, MOV, [P]);
    expect(machine.run(1)).toMatchObject({ kind: 'exception', event: { vector: 13, errorCode: 0 } });
  });

  it('that reaches out of RAM ends the run with a sentence', async () => {
    const { machine, tables } = await at(BORDER - 2n, MOV, [P]);
    tables.map(BORDER, 0x8000_0000n, P);
    expect(machine.run(1)).toMatchObject({ kind: 'unsupported', sentence: expect.stringContaining('outside RAM') });
  });

  it('stops at a breakpoint on it, each time', async () => {
    const { machine } = await at(BORDER - 2n, [...MOV, 0xeb, 0xf9]);
    machine.setBreakpoints([linear(BORDER - 2n)]);
    let ignoreBreakpointAtStart = true;
    for (let round = 0; round < 3; round++) {
      expect(machine.run(100, { ignoreBreakpointAtStart })).toEqual({ kind: 'breakpoint' });
      expect(rip(machine)).toBe(BORDER - 2n);
      expect(machine.steps).toBe(round * 2 + 2);
      ignoreBreakpointAtStart = true;
    }
    machine.setBreakpoints([]);
    expect(machine.run(100)).toEqual({ kind: 'budget' });
    machine.setBreakpoints([linear(BORDER - 2n)]);
    expect(machine.run(100).kind).toBe('breakpoint');
  });
});

describe('lengths', () => {
  it.each([
    ['15 bytes run', [...Array(14).fill(0x66), 0x90], undefined],
    ['16 bytes are #GP(0)', [...Array(15).fill(0x66), 0x90], 13],
    ['prefixes without end are #GP(0)', Array(40).fill(0x2e), 13],
  ])('%s', async (_name, bytes, vector) => {
    for (const address of [0x7000_0100n, BORDER - 7n]) {
      const { machine } = await at(address, bytes);
      const exit = machine.run(1);
      if (vector === undefined) expect(exit).toEqual({ kind: 'budget' });
      else expect(exit).toMatchObject({ kind: 'exception', event: { vector, errorCode: 0 } });
    }
  });
});

describe('fetch rights', () => {
  /** IRETQ, with what it returns to on the same page. */
  async function iretTo(flags: bigint, selector: bigint): Promise<Guest> {
    const made = await at(0x7000_0000n, [0x48, 0xcf, 0x90, 0x90], [flags]);
    const { machine } = made;
    machine.writePhysical(hostPhysical(0x1000), new Uint8Array(0x100));
    const view = new DataView(new ArrayBuffer(48));
    [0n, 0x00af_9b00_0000_ffffn, 0x00cf_9300_0000_ffffn, 0x00cf_f300_0000_ffffn, 0x00af_fb00_0000_ffffn].forEach(
      (d, i) => {
        view.setBigUint64(i * 8, d, true);
      },
    );
    machine.writePhysical(hostPhysical(0x1000), new Uint8Array(view.buffer));
    machine.writeRegister('gdtr.base', 0x1000n);
    machine.writeRegister('gdtr.limit', 0x2fn);
    const frame = new DataView(new ArrayBuffer(40));
    [0x7000_0002n, selector, 2n, 0x8000n, selector & 3n ? 0x1bn : 0x10n].forEach((value, i) => {
      frame.setBigUint64(i * 8, value, true);
    });
    machine.writePhysical(hostPhysical(0x9000), new Uint8Array(frame.buffer));
    machine.writeRegister('rsp', 0x9000n);
    return made;
  }

  it('ring 3 may not go on in the supervisor page that IRET stood on', async () => {
    const { machine } = await iretTo(P, 0x23n);
    expect(machine.run(1)).toEqual({ kind: 'budget' });
    expect(machine.readRegister('cpl')).toBe(3n);
    expect(machine.run(1)).toMatchObject({
      kind: 'exception',
      event: { vector: 14, errorCode: 1 | 4 | 16, cr2: 0x7000_0002n },
    });
  });

  it('ring 3 goes on in a user page', async () => {
    const { machine } = await iretTo(P | US, 0x23n);
    expect(machine.run(3)).toEqual({ kind: 'budget' });
    expect(rip(machine)).toBe(0x7000_0004n);
  });

  it('a stale translation is fetched through until INVLPG', async () => {
    // jmp to the next page and back, three times.
    const { machine, tables } = await at(0x7000_0ffen, [0x90, 0x90, 0x90, 0xeb, 0xfb], [P, P | G]);
    expect(machine.run(4)).toEqual({ kind: 'budget' });
    tables.map(BORDER, CODE + 0x1000n, P | NX);
    expect(machine.run(40)).toEqual({ kind: 'budget' });
    machine.snapshot();
    machine.setBreakpoints([linear(BORDER)]);
    expect(machine.run(40)).toEqual({ kind: 'breakpoint' });
    expect(machine.run(40, { ignoreBreakpointAtStart: true })).toEqual({ kind: 'breakpoint' });
    machine.setBreakpoints([]);
    expect(machine.run(40)).toEqual({ kind: 'budget' });
  });
});
