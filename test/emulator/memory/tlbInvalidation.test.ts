/**
 * Each operation that invalidates TLBs and paging-structure caches (SDM Vol. 3A §4.10.4.1), in both tiers: what it must
 * drop is gone, and what it need not drop is still there.
 */
import { describe, expect, it } from 'vitest';
import { linear } from '../../../emulator/addresses.ts';
import { BlockCache } from '../../../emulator/cpu/engine/blockCache.ts';
import type { Machine } from '../../../emulator/machine.ts';
import { assembleText, boot } from '../guest.ts';
import { A, D, G, P, put64, RW, Tables, US } from '../tables.ts';

const DATA = 0x7000_0000n;
const OLD = 0x10_8000n;
const NEW = 0x10_9000n;
const PCIDE = 1n << 17n;
const CR4 = 0x6a0n;
const OTHER_TABLE = 0x2f_0000n;
/** Somewhere else, mapped. */
const ELSEWHERE = 0x10_5000n;

interface Case {
  readonly name: string;
  /** Between the change of the tables and the second read. */
  readonly code: string;
  /** What the second read finds: the old page or the new one. */
  readonly seen: 'old' | 'new';
  readonly flags?: bigint;
  readonly cr4?: bigint;
  /** The PDE is changed, and a page of it read that the TLB does not have. */
  readonly structure?: boolean;
}

/** R10 and R11 hold CR3 with PCID 1 and 2, R12 and R13 the same with bit 63. RDI is a descriptor for INVPCID. */
const [THIS, OTHER, THIS_KEEP, OTHER_KEEP] = ['%r10', '%r11', '%r12', '%r13'].map((r) => `movq ${r}, %cr3`) as [
  string,
  string,
  string,
  string,
];
const invpcid = (type: number, pcid: number, address = '%rbx') =>
  `movq $${pcid}, (%rdi)
   movq ${address}, 8(%rdi)
   movq $${type}, %rax
   invpcid (%rdi), %rax`;
const toggle = (bits: bigint) =>
  `movq %cr4, %rax
   xorq $${bits}, %rax
   movq %rax, %cr4
   xorq $${bits}, %rax
   movq %rax, %cr4`;
const setCr4 = (bits: bigint) => `movq %cr4, %rax\n orq $${bits}, %rax\n movq %rax, %cr4`;
const clearCr4 = (bits: bigint) => `movq %cr4, %rax\n andq $~${bits}, %rax\n movq %rax, %cr4`;
const SMEP = 1n << 20n;
const SMAP = 1n << 21n;
const pcids = { cr4: CR4 | PCIDE };
const global = { flags: P | RW | G };
const structure = { structure: true };

const CASES: readonly Case[] = [
  { name: 'nothing', code: '', seen: 'old' },
  { name: 'nothing: a structure entry', code: '', seen: 'old', ...structure },
  { name: 'an ordinary serialising instruction', code: 'cpuid', seen: 'old' },

  { name: 'INVLPG', code: 'invlpg (%rbx)', seen: 'new' },
  { name: 'INVLPG of a global page', code: 'invlpg (%rbx)', seen: 'new', ...global },
  { name: 'INVLPG of another page', code: `invlpg ${ELSEWHERE}`, seen: 'old' },
  { name: 'INVLPG of any page: structure entries', code: `invlpg ${ELSEWHERE}`, seen: 'new', ...structure },
  { name: 'INVLPG of what is not canonical', code: 'btcq $62, %rbx\n invlpg (%rbx)\n btcq $62, %rbx', seen: 'old' },
  { name: 'INVLPG in another PCID', code: `${OTHER_KEEP}\n invlpg (%rbx)\n ${THIS_KEEP}`, seen: 'old', ...pcids },
  {
    name: 'INVLPG in another PCID of a global page',
    code: `${OTHER_KEEP}\n invlpg (%rbx)\n ${THIS_KEEP}`,
    seen: 'new',
    ...pcids,
    ...global,
  },

  { name: 'MOV to CR3', code: THIS, seen: 'new', cr4: CR4 },
  { name: 'MOV to CR3: a structure entry', code: 'movq %cr3, %rax\n movq %rax, %cr3', seen: 'new', ...structure },
  { name: 'MOV to CR3: a global page', code: 'movq %cr3, %rax\n movq %rax, %cr3', seen: 'old', ...global },
  { name: 'MOV to CR3 with PCIDs', code: THIS, seen: 'new', ...pcids },
  { name: 'MOV to CR3 with PCIDs: a structure entry', code: THIS, seen: 'new', ...pcids, ...structure },
  { name: 'MOV to CR3 with bit 63', code: THIS_KEEP, seen: 'old', ...pcids },
  { name: 'MOV to CR3 with bit 63: a structure entry', code: THIS_KEEP, seen: 'old', ...pcids, ...structure },
  { name: 'to another PCID and back with bit 63', code: `${OTHER}\n ${THIS_KEEP}`, seen: 'old', ...pcids },
  { name: 'to another PCID and back without', code: `${OTHER_KEEP}\n ${THIS}`, seen: 'new', ...pcids },
  { name: 'what another PCID uses', code: OTHER_KEEP, seen: 'new', ...pcids },
  { name: 'what another PCID uses: a structure entry', code: OTHER_KEEP, seen: 'new', ...pcids, ...structure },
  { name: 'what another PCID uses: a global page', code: OTHER_KEEP, seen: 'old', ...pcids, ...global },
  { name: 'what another PCID uses, flushed: a global page', code: OTHER, seen: 'old', ...pcids, ...global },

  { name: 'CR4.PGE', code: toggle(0x80n), seen: 'new', ...global },
  { name: 'CR4.PGE: a structure entry', code: toggle(0x80n), seen: 'new', ...structure },
  {
    name: "CR4.PGE: another PCID's",
    code: `${OTHER_KEEP}\n ${toggle(0x80n)}\n ${THIS_KEEP}`,
    seen: 'new',
    ...pcids,
  },
  {
    name: 'CR4.PCIDE from 1 to 0: PCID 1 is gone when it comes back',
    code: `${clearCr4(PCIDE)}\n movq %r10, %rax\n xorb %al, %al\n movq %rax, %cr3\n ${setCr4(PCIDE)}\n ${THIS_KEEP}`,
    seen: 'new',
    ...pcids,
  },
  {
    name: 'CR4.PCIDE from 1 to 0: global pages',
    code: clearCr4(PCIDE),
    seen: 'new',
    ...pcids,
    ...global,
  },
  { name: 'CR4.PCIDE from 0 to 1', code: setCr4(PCIDE), seen: 'old', cr4: CR4 },
  { name: 'CR4.SMEP from 0 to 1', code: setCr4(SMEP), seen: 'new' },
  { name: 'CR4.SMEP from 0 to 1: a structure entry', code: setCr4(SMEP), seen: 'new', ...structure },
  { name: 'CR4.SMEP from 1 to 0', code: clearCr4(SMEP), seen: 'old', cr4: CR4 | SMEP },
  { name: 'CR4.SMAP', code: toggle(SMAP), seen: 'old' },
  { name: 'CR4.PSE and CR4.DE', code: toggle(0x18n), seen: 'old' },
  { name: 'CR4.PKE', code: toggle(1n << 22n), seen: 'old' },
  { name: 'CR0.WP', code: 'movq %cr0, %rax\n btcq $16, %rax\n movq %rax, %cr0', seen: 'old' },
  { name: 'CR0.CD', code: 'movq %cr0, %rax\n btcq $30, %rax\n movq %rax, %cr0', seen: 'old' },
  {
    name: 'EFER.NXE',
    code: 'movq %rcx, %r14\n movl $0xc0000080, %ecx\n rdmsr\n xorl $0x800, %eax\n wrmsr\n movq %r14, %rcx',
    seen: 'old',
  },

  { name: 'INVPCID 0', code: invpcid(0, 1), seen: 'new', ...pcids },
  { name: 'INVPCID 0 without PCIDs', code: invpcid(0, 0), seen: 'new', cr4: CR4 },
  { name: 'INVPCID 0: a global page', code: invpcid(0, 1), seen: 'old', ...pcids, ...global },
  { name: 'INVPCID 0 of another PCID', code: invpcid(0, 2), seen: 'old', ...pcids },
  { name: 'INVPCID 0 of another page', code: invpcid(0, 1, `$${ELSEWHERE}`), seen: 'old', ...pcids },
  {
    name: 'INVPCID 0 of another page: structure entries',
    code: invpcid(0, 1, `$${ELSEWHERE}`),
    seen: 'new',
    ...pcids,
    ...structure,
  },
  {
    name: 'INVPCID 0 from another PCID',
    code: `${OTHER_KEEP}\n ${invpcid(0, 1)}\n ${THIS_KEEP}`,
    seen: 'new',
    ...pcids,
  },
  {
    name: 'INVPCID 0 from another PCID: a structure entry',
    code: `${OTHER_KEEP}\n ${invpcid(0, 1)}\n ${THIS_KEEP}`,
    seen: 'new',
    ...pcids,
    ...structure,
  },
  { name: 'INVPCID 1', code: invpcid(1, 1), seen: 'new', ...pcids },
  { name: 'INVPCID 1: a structure entry', code: invpcid(1, 1), seen: 'new', ...pcids, ...structure },
  { name: 'INVPCID 1: a global page', code: invpcid(1, 1), seen: 'old', ...pcids, ...global },
  { name: 'INVPCID 1 of another PCID', code: invpcid(1, 2), seen: 'old', ...pcids },
  {
    name: 'INVPCID 1 from another PCID',
    code: `${OTHER_KEEP}\n ${invpcid(1, 1)}\n ${THIS_KEEP}`,
    seen: 'new',
    ...pcids,
  },
  { name: 'INVPCID 2', code: invpcid(2, 0), seen: 'new', ...pcids },
  { name: 'INVPCID 2: a global page', code: invpcid(2, 0), seen: 'new', ...pcids, ...global },
  {
    name: "INVPCID 2: another PCID's",
    code: `${OTHER_KEEP}\n ${invpcid(2, 0)}\n ${THIS_KEEP}`,
    seen: 'new',
    ...pcids,
  },
  { name: 'INVPCID 3', code: invpcid(3, 0), seen: 'new', ...pcids },
  { name: 'INVPCID 3: a structure entry', code: invpcid(3, 0), seen: 'new', ...pcids, ...structure },
  { name: 'INVPCID 3: a global page', code: invpcid(3, 0), seen: 'old', ...pcids, ...global },
  {
    name: "INVPCID 3: another PCID's",
    code: `${OTHER_KEEP}\n ${invpcid(3, 0)}\n ${THIS_KEEP}`,
    seen: 'new',
    ...pcids,
  },
];

async function prepare(c: Case): Promise<Machine> {
  const image = await assembleText(`_start:
      movq (%rbx), %r8
      movq %rdx, (%rcx)
      ${c.code}
      movq (%rsi), %r9
      hlt`);
  const { machine } = boot(image);
  const tables = new Tables(machine, 0x20_0000n);
  for (let page = 0n; page < 0x40_0000n; page += 0x1000n) tables.map(page, page, P | RW | (page < OLD ? 0n : US));
  const flags = c.flags ?? P | RW;
  tables.map(DATA, OLD, flags);
  put64(machine, OLD, 1n);
  put64(machine, NEW, 2n);
  const registers: [string, bigint][] = [
    ['rbx', DATA],
    ['rsi', DATA],
    ['rcx', tables.entry(DATA, 1)],
    ['rdx', NEW | flags | A | D],
  ];
  if (c.structure) {
    // Another page of the same PDE, which the TLB does not have: the old table leads to OLD, the new one to NEW.
    tables.map(DATA + 0x1000n, OLD, flags);
    put64(machine, OTHER_TABLE, OLD | flags);
    put64(machine, OTHER_TABLE + 8n, NEW | flags);
    registers.push(['rsi', DATA + 0x1000n], ['rcx', tables.entry(DATA, 2)], ['rdx', OTHER_TABLE | P | RW | US | A]);
  }
  const cr4 = c.cr4 ?? CR4;
  const pcid = cr4 & PCIDE ? 1n : 0n;
  const keep = 1n << 63n;
  registers.push(
    ['cr4', cr4],
    ['cr3', tables.root | pcid],
    ['r10', tables.root | pcid],
    ['r11', tables.root | 2n],
    ['r12', tables.root | pcid | keep],
    ['r13', tables.root | 2n | keep],
    ['rdi', 0x10_4000n],
    ['rsp', 0x10_4000n],
  );
  for (const [name, value] of registers) expect(machine.writeRegister(name, value)).toBeUndefined();
  machine.setExceptionStops(-1);
  return machine;
}

const WAYS: readonly (readonly [string, (machine: Machine) => void])[] = [
  ['the step tier', (machine) => expect(machine.run(1000).kind).toBe('halted')],
  [
    'the block tier',
    (machine) => {
      const blocks = new BlockCache();
      let compiled = 0;
      for (let i = 0; i < 100; i++) {
        const exit = machine.runBlock(64, blocks);
        if (exit) compiled++;
        const after = exit ?? machine.run(2);
        if (after.kind === 'budget') continue;
        expect(after.kind).toBe('halted');
        expect(compiled).toBeGreaterThan(0);
        return;
      }
      throw new Error('no end');
    },
  ],
  [
    'single steps with snapshots and breakpoints',
    (machine) => {
      machine.setBreakpoints(Array.from({ length: 0x80 }, (_, i) => linear(0x10_0000n + BigInt(i))));
      for (let i = 0; i < 200; i++) {
        const snapshot = machine.snapshot();
        machine.run(3, { ignoreBreakpointAtStart: true });
        machine.restore(snapshot);
        if (machine.run(1, { ignoreBreakpointAtStart: true }).kind === 'halted') return;
      }
      throw new Error('no end');
    },
  ],
];

describe.each(WAYS)('invalidation in %s', (_way, run) => {
  it.each(CASES.map((c) => [`${c.name}: the ${c.seen} page`, c] as const))('%s', async (_name, c) => {
    const machine = await prepare(c);
    run(machine);
    expect(machine.readRegister('r8')).toBe(1n);
    expect(machine.readRegister('r9')).toBe(c.seen === 'old' ? 1n : 2n);
  });
});
