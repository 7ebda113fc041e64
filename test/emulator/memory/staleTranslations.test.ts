/** The architectural TLB (SDM Vol. 3A §4.10): what a guest that forgets to invalidate sees, every time. */
import { describe, expect, it } from 'vitest';
import { linear } from '../../../emulator/addresses.ts';
import { type Guest, guest } from '../guest.ts';
import { A, D, G, P, put64, RW, Tables, US } from '../tables.ts';

const DATA = 0x7000_0000n;
const OLD = 0x10_8000n;
const NEW = 0x10_9000n;
const HUGE = 0x40_0000_0000n;

interface Setup {
  readonly flags?: bigint;
  readonly size?: 0x1000n | 0x20_0000n | 0x4000_0000n;
  readonly frames?: readonly [bigint, bigint];
  readonly linear?: bigint;
}

/**
 * Reads the place into R8, changes its entry from the old frame to the new one, does `between`, reads it into R9. The
 * frames hold 1 and 2.
 */
async function remapped(between: string, setup: Setup = {}): Promise<Guest & { tables: Tables }> {
  const { flags = P | RW, size = 0x1000n, frames = [OLD, NEW] } = setup;
  const at = setup.linear ?? DATA;
  const made = await guest(`_start:
      movq $${at}, %rbx
      movq (%rbx), %r8
      movq %rdx, (%rcx)
      ${between}
      movq (%rbx), %r9
      hlt`);
  const { machine } = made;
  const tables = new Tables(machine, 0x20_0000n);
  for (let page = 0n; page < 0x40_0000n; page += 0x1000n) tables.map(page, page, P | RW | US);
  tables.map(at, frames[0], flags, size);
  put64(machine, frames[0], 1n);
  put64(machine, frames[1], 2n);
  const entry = tables.entry(at, size === 0x1000n ? 1 : size === 0x20_0000n ? 2 : 3);
  machine.writeRegister('rcx', entry);
  machine.writeRegister('rdx', frames[1] | flags | A | D | (size === 0x1000n ? 0n : 0x80n));
  machine.writeRegister('cr4', 0x6a0n);
  machine.writeRegister('cr3', tables.root);
  return { ...made, tables };
}

type Way = (guest: Guest) => void;
const WAYS: readonly (readonly [string, Way])[] = [
  ['in one slice', ({ machine }) => machine.run(1000)],
  [
    'in single steps',
    ({ machine }) => {
      while (machine.run(1).kind === 'budget');
    },
  ],
  [
    'with snapshots and restores',
    ({ machine }) => {
      for (;;) {
        const snapshot = machine.snapshot();
        const first = machine.run(2);
        machine.restore(snapshot);
        if (machine.run(2).kind !== 'budget' || first.kind !== 'budget') return;
      }
    },
  ],
  [
    'with breakpoints everywhere and a debugger that reads',
    ({ machine }) => {
      machine.setBreakpoints(Array.from({ length: 0x60 }, (_, i) => linear(0x10_0000n + BigInt(i))));
      while (machine.run(1000, { ignoreBreakpointAtStart: true }).kind === 'breakpoint') {
        machine.readLinear(linear(DATA), 8);
        machine.translate(linear(DATA));
      }
    },
  ],
];

const CR3 = 'movq %cr3, %rax\n movq %rax, %cr3';
const TOGGLE_PGE = 'movq %cr4, %rax\n xorb $0x80, %al\n movq %rax, %cr4\n xorb $0x80, %al\n movq %rax, %cr4';

describe.each(WAYS)('a translation that changed, %s', (_name, run) => {
  it.each([
    ['stays without INVLPG', '', {}, 1n],
    ['goes with INVLPG', 'invlpg (%rbx)', {}, 2n],
    ['goes with INVLPG of another byte of the page', 'invlpg 0xfff(%rbx)', {}, 2n],
    ['stays with INVLPG of the next page', 'invlpg 0x1000(%rbx)', {}, 1n],
    ['goes with MOV CR3', CR3, {}, 2n],
    ['that is global stays with MOV CR3', CR3, { flags: P | RW | G }, 1n],
    ['that is global goes with INVLPG', 'invlpg (%rbx)', { flags: P | RW | G }, 2n],
    ['that is global goes when CR4.PGE changes', TOGGLE_PGE, { flags: P | RW | G }, 2n],
    ['goes when CR4.PGE changes', TOGGLE_PGE, {}, 2n],
    ['stays when a write sets D and walks to the same entry', 'movq %r8, %r8', {}, 1n],
  ] as const)('%s', async (_case, between, setup, seen) => {
    const made = await remapped(between, setup);
    run(made);
    expect(made.machine.readRegister('r8')).toBe(1n);
    expect(made.machine.readRegister('r9')).toBe(seen);
  });

  it('of 2 MiB stays, and goes with INVLPG anywhere in it', async () => {
    const large = { size: 0x20_0000n, frames: [0x40_0000n, 0x60_0000n] } as const;
    for (const [between, seen] of [
      ['', 1n],
      ['invlpg 0x1ff000(%rbx)', 2n],
      ['invlpg 0x200000(%rbx)', 1n],
    ] as const) {
      const made = await remappedLarge(between, large);
      run(made);
      expect(made.machine.readRegister('r9'), between).toBe(seen);
    }
  });

  it('whose page is gone is still read, until it is written through a clean entry', async () => {
    const made = await remapped('movl $0, (%rcx)\n movq (%rbx), %r10\n movq %r10, (%rbx)');
    made.machine.setExceptionStops(0);
    run(made);
    expect(made.machine.readRegister('r10')).toBe(1n);
    // The store needed D, walked, and found nothing: no IDT, so the guest is down.
    expect(made.machine.run(1).kind).toBe('tripleFault');
  });
});

async function remappedLarge(between: string, setup: Setup): Promise<Guest> {
  const made = await guest(
    `_start:
      movq $${HUGE}, %rbx
      movq (%rbx), %r8
      movq %rdx, (%rcx)
      ${between}
      movq (%rbx), %r9
      hlt`,
    { memoryBytes: 8 << 20 },
  );
  const { machine } = made;
  const tables = new Tables(machine, 0x20_0000n);
  for (let page = 0n; page < 0x40_0000n; page += 0x1000n) tables.map(page, page, P | RW | US);
  tables.map(HUGE, setup.frames![0], P | RW, setup.size);
  tables.map(HUGE + 0x20_0000n, 0n, P | RW, setup.size);
  put64(machine, setup.frames![0], 1n);
  put64(machine, setup.frames![1], 2n);
  machine.writeRegister('rcx', tables.entry(HUGE, 2));
  machine.writeRegister('rdx', setup.frames![1] | P | RW | A | D | 0x80n);
  machine.writeRegister('cr3', tables.root);
  return made;
}
