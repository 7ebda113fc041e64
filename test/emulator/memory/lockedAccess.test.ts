/** Locked accesses that cross a 64-byte line: counted once each, wherever they come from. */
import { describe, expect, it } from 'vitest';
import { hostPhysical } from '../../../emulator/addresses.ts';
import { BlockCache } from '../../../emulator/cpu/engine/blockCache.ts';
import type { Machine } from '../../../emulator/machine.ts';
import { type Guest, guest } from '../guest.ts';
import { P, RW, Tables } from '../tables.ts';

const DATA = 0x18_0000n;
const LINE_END = DATA + 0x40n;

/** RBX is `below` bytes below the end of a line; one instruction. */
async function standing(code: string, below: bigint): Promise<Guest> {
  const made = await guest(`_start: ${code}; nop; nop`);
  made.machine.writeRegister('rbx', LINE_END - below);
  for (const name of ['rax', 'rcx', 'rdx']) made.machine.writeRegister(name, 5n);
  return made;
}

const SPLITS: readonly (readonly [code: string, bytes: bigint])[] = [
  ...['add', 'adc', 'and', 'or', 'sbb', 'sub', 'xor', 'xadd', 'cmpxchg', 'bts', 'btr', 'btc'].map(
    (name) => [`lock ${name}q %rcx, (%rbx)`, 8n] as const,
  ),
  ...['inc', 'dec', 'neg', 'not'].map((name) => [`lock ${name}l (%rbx)`, 4n] as const),
  ['lock addw $3, (%rbx)', 2n],
  ['lock orl $1, (%rbx)', 4n],
  ['lock btsl $3, (%rbx)', 4n],
  ['lock btrw %cx, (%rbx)', 2n],
  ['lock cmpxchg8b (%rbx)', 8n],
  ['lock cmpxchgw %cx, (%rbx)', 2n],
  ['xchgq %rax, (%rbx)', 8n],
  ['xchgw %ax, (%rbx)', 2n],
  ['lock xchgl %eax, (%rbx)', 4n],
];

const UNLOCKED = [
  'addq %rcx, (%rbx)',
  'xaddq %rcx, (%rbx)',
  'cmpxchgq %rcx, (%rbx)',
  'cmpxchg8b (%rbx)',
  'incl (%rbx)',
  'btsq %rcx, (%rbx)',
  'movq %rcx, (%rbx)',
  'shlq $1, (%rbx)',
  'movups %xmm0, (%rbx)',
  'pushq (%rbx)',
  'movq %rbx, %rdi; rep stosq',
  'movq %rbx, %rdi; movq %rbx, %rsi; rep movsq',
];

function runInBlock(machine: Machine): void {
  const exit = machine.runBlock(1, new BlockCache());
  expect(exit).toEqual({ kind: 'budget' });
}

describe('a locked instruction', () => {
  it.each(SPLITS)('%s counts over a line and not within one', async (code, bytes) => {
    for (const run of [(m: Machine) => void m.run(1), runInBlock]) {
      const over = (await standing(code, 1n)).machine;
      run(over);
      expect(over.lockedSplits).toBe(1);
      const last = (await standing(code, bytes - 1n)).machine;
      run(last);
      expect(last.lockedSplits).toBe(1);
      for (const below of [bytes, 0n]) {
        const within = (await standing(code, below)).machine;
        run(within);
        expect(within.lockedSplits).toBe(0);
      }
    }
  });

  it.each(UNLOCKED)('%s does not count', async (code) => {
    const { machine } = await standing(code, 1n);
    expect(machine.run(8)).toEqual({ kind: 'budget' });
    expect(machine.lockedSplits).toBe(0);
  });

  it('of one byte never splits', async () => {
    const { machine } = await standing('lock incb (%rbx); xchgb %al, (%rbx)', 1n);
    machine.run(2);
    expect(machine.lockedSplits).toBe(0);
  });

  it('counts where its bit offset leads it', async () => {
    const { machine } = await standing('movl $0x1e0, %ecx; lock btsl %ecx, (%rbx)', 0x3dn);
    machine.run(2);
    // 60 bytes further on: one byte below the line's end.
    expect(machine.lockedSplits).toBe(1);
  });

  it('counts in a CMPXCHG that fails, and at each execution', async () => {
    const { machine } = await standing('movl $3, %edx; 1: lock cmpxchgq %rcx, (%rbx); decl %edx; jnz 1b', 3n);
    expect(machine.run(10)).toEqual({ kind: 'budget' });
    expect(machine.lockedSplits).toBe(3);
  });

  it('counts over a page border', async () => {
    const { machine } = await standing('lock incq (%rbx)', -0xfbdn);
    machine.run(1);
    expect(machine.readRegister('rbx') & 0xfffn).toBe(0xffdn);
    expect(machine.lockedSplits).toBe(1);
  });

  describe.each([
    ['the step tier', (m: Machine) => m.run(1)],
    ['the block tier', (m: Machine) => m.runBlock(1, new BlockCache())],
  ])('that faults in %s', (_tier, run) => {
    const PAGE_END = 0x18_1000n;
    const FAULTING = ['lock incq (%rbx)', 'xchgq %rax, (%rbx)', 'lock cmpxchg8b (%rbx)', 'lock btsq %rcx, (%rbx)'];

    /** RBX is `below` bytes below the end of a page; the pages before and after it are mapped with these flags. */
    async function paged(code: string, below: bigint, before: bigint, after: bigint): Promise<Machine> {
      const { machine } = await standing(code, LINE_END - PAGE_END + below);
      const tables = new Tables(machine);
      for (let page = 0n; page < 0x20_0000n; page += 0x1000n)
        tables.map(page, page, page === PAGE_END ? after : page === PAGE_END - 0x1000n ? before : P | RW);
      machine.writeRegister('cr3', tables.root);
      machine.writeRegister('cr0', machine.readRegister('cr0') | 0x1_0000n);
      machine.setExceptionStops(-1);
      return machine;
    }

    it.each(FAULTING)('%s does not count where a line or the second page refuses it', async (code) => {
      for (const [below, before, after, errorCode] of [
        [0x41n, P, P, 3],
        [1n, P, P | RW, 3],
        [1n, P | RW, P, 3],
        [1n, P | RW, 0n, 2],
      ] as const) {
        const machine = await paged(code, below, before, after);
        expect(run(machine)).toMatchObject({ kind: 'exception', event: { vector: 14, errorCode } });
        expect(machine.lockedSplits).toBe(0);
      }
    });
  });

  it('that reaches a device counts once, though it begins twice', async () => {
    // 3E is the task-priority register's neighbourhood: reserved, four bytes over a line.
    const { machine } = await guest('_start: movl $0xfee0003e, %ebx; lock incl (%rbx); nop');
    expect(machine.run(3)).toEqual({ kind: 'budget' });
    expect(machine.lockedSplits).toBe(1);
  });

  it('of 16 bytes faults when it is not aligned', async () => {
    const { machine } = await standing('lock cmpxchg16b (%rbx)', 8n);
    machine.setExceptionStops(-1);
    expect(machine.run(1)).toMatchObject({ kind: 'exception', event: { vector: 13 } });
    expect(machine.lockedSplits).toBe(0);
  });

  it('with a register destination is #UD', async () => {
    const { machine } = await standing('.byte 0xf0, 0x01, 0xc8', 1n);
    machine.setExceptionStops(-1);
    expect(machine.run(1)).toMatchObject({ kind: 'exception', event: { vector: 6 } });
  });
});

describe('the count', () => {
  it('goes back with a snapshot and to zero with a reset', async () => {
    const { machine } = await standing('1: lock incq (%rbx); jmp 1b', 1n);
    machine.run(5);
    const snapshot = machine.snapshot();
    expect(machine.lockedSplits).toBe(3);
    machine.run(10);
    expect(machine.lockedSplits).toBe(8);
    machine.restore(snapshot);
    expect(machine.lockedSplits).toBe(3);
    machine.run(10);
    expect(machine.lockedSplits).toBe(8);
    machine.reset();
    expect(machine.lockedSplits).toBe(0);
  });

  it('is that of all vCPUs', async () => {
    const { machine } = await guest('_start: lock incq (%rbx); nop', { cpus: 2 });
    machine.writeRegister('rbx', LINE_END - 1n);
    machine.run(1);
    machine.selectVcpu(1);
    expect(machine.lockedSplits).toBe(1);
  });
});

describe('a descriptor', () => {
  const GDT = 0x19_0000n;
  const DATA_SEGMENT = 0x00cf_9200_0000_ffffn;

  /** A GDT whose descriptor at selector 8 begins `below` bytes below the end of a line. */
  async function withTable(code: string, descriptors: readonly bigint[], below: bigint): Promise<Machine> {
    const { machine } = await guest(`_start: ${code}; nop; nop`);
    const base = GDT + 0x40n - below - 8n;
    const table = new BigUint64Array([0n, ...descriptors]);
    machine.writePhysical(hostPhysical(Number(base)), new Uint8Array(table.buffer));
    machine.writeRegister('gdtr.base', base);
    machine.writeRegister('gdtr.limit', 0x7fn);
    machine.writeRegister('rax', 8n);
    machine.setExceptionStops(-1);
    return machine;
  }

  it.each([
    [7n, 1],
    [1n, 1],
    [8n, 0],
    [0n, 0],
  ])('that begins %i bytes below a line and gets its accessed bit counts %i times', async (below, count) => {
    const machine = await withTable('movw %ax, %es; movw %ax, %ds', [DATA_SEGMENT], below);
    expect(machine.run(2)).toEqual({ kind: 'budget' });
    // The second load finds the bit set and writes nothing.
    expect(machine.lockedSplits).toBe(count);
  });

  it('of a TSS that LTR marks busy counts', async () => {
    const machine = await withTable('ltr %ax', [0x0000_8900_0000_0067n, 0n], 4n);
    expect(machine.run(1)).toEqual({ kind: 'budget' });
    expect(machine.lockedSplits).toBe(1);
  });

  it('that is refused does not count', async () => {
    const machine = await withTable('movw %ax, %es', [DATA_SEGMENT & ~(1n << 47n)], 4n);
    expect(machine.run(1)).toMatchObject({ kind: 'exception', event: { vector: 11 } });
    expect(machine.lockedSplits).toBe(0);
  });
});
