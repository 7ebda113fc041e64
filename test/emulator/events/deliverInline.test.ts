/** Faults and INT n are delivered within a slice: it must be the same as one step at a time, at every step. */
import { describe, expect, it } from 'vitest';
import type { Machine } from '../../../emulator/machine.ts';
import { type Guest, guest } from '../guest.ts';
import { P, put64, RW, Tables } from '../tables.ts';

/** Gates of the vectors that have a label `on<vector>`, after `begin`. */
const IDT = 0x18_0000n;
const PAGE = 0x19_0000n;

async function made(source: string, gates: Readonly<Record<number, string>>): Promise<Guest> {
  const one = await guest(source, { memoryBytes: 4 << 20 });
  const { machine } = one;
  for (const [vector, label] of Object.entries(gates)) {
    const target = one.at(label);
    const at = IDT + BigInt(vector) * 16n;
    put64(machine, at, (target & 0xffffn) | (8n << 16n) | (0x8en << 40n) | ((target >> 16n) << 48n));
    put64(machine, at + 8n, target >> 32n);
  }
  machine.writeRegister('idtr.base', IDT);
  machine.writeRegister('idtr.limit', 0xfffn);
  machine.writeRegister('cs', 8n);
  return one;
}

/** Pages of 4 KiB, the one at `PAGE` not present; R12 is where its entry is, R13 what makes it present. */
function withPages(machine: Machine): void {
  const tables = new Tables(machine);
  for (let page = 0n; page < 0x40_0000n; page += 0x1000n) tables.map(page, page, page === PAGE ? 0n : P | RW);
  machine.writeRegister('cr3', tables.root);
  machine.writeRegister('r12', tables.entry(PAGE, 1));
  machine.writeRegister('r13', PAGE | P | RW);
}

const HANDLER = 'step: addq $2, (%rsp); iretq';
const MAPS = 'maps: movq %r13, (%r12); addq $8, %rsp; iretq';
const END = 'end: jmp end';

interface Case {
  readonly source: string;
  readonly gates: Readonly<Record<number, string>>;
  readonly pages?: boolean;
  readonly counts: readonly (readonly [vector: number, count: number])[];
  readonly interrupts?: readonly (readonly [vector: number, count: number])[];
}

const CASES: Readonly<Record<string, Case>> = {
  '#UD, again and again': {
    source: `_start: movl $3, %ecx; 1: ud2; decl %ecx; jnz 1b; ${END}; ${HANDLER}`,
    gates: { 6: 'step' },
    counts: [[6, 3]],
  },
  'INT n of any vector': {
    source: `_start: int $0x80; int $3; int $31; int $1; int $14; ${END}; back: iretq`,
    gates: { 128: 'back', 3: 'back', 31: 'back', 1: 'back', 14: 'back' },
    counts: [[3, 1]],
    interrupts: [1, 14, 31, 128].map((vector) => [vector, 1]),
  },
  'a page fault in the middle of REP MOVS': {
    source: `_start: movl $${PAGE - 0x14n}, %edi; movl $0x100000, %esi; movl $6, %ecx; rep movsq; ${END}; ${MAPS}`,
    gates: { 14: 'maps' },
    pages: true,
    counts: [[14, 1]],
  },
  'a page fault, then RFLAGS as they are': {
    source: `_start: movl $${PAGE}, %ebx; 1: pushfq; popq %rax; movq (%rbx), %rdx; pushfq; popq %rax; ${END}; ${MAPS}`,
    gates: { 14: 'maps' },
    pages: true,
    counts: [[14, 1]],
  },
  'a fault after a fault, by the instruction that IRET goes back to': {
    source: `_start: movl $${PAGE}, %ebx; xorl %ecx, %ecx; divl (%rbx); ${END}; ${MAPS}; ${HANDLER}`,
    gates: { 14: 'maps', 0: 'step' },
    pages: true,
    counts: [
      [0, 1],
      [14, 1],
    ],
  },
  'an instruction in TypeScript under RF': {
    source: `_start: movl $${PAGE}, %ebx; fxsave (%rbx); cpuid; ${END}; ${MAPS}`,
    gates: { 14: 'maps' },
    pages: true,
    counts: [[14, 1]],
  },
  'STI before a fault': {
    source: `_start: sti; ud2; cli; ${END}; ${HANDLER}`,
    gates: { 6: 'step' },
    counts: [[6, 1]],
  },
  'a fault whose gate is absent': {
    source: `_start: movl $3, %ecx; 1: ud2; decl %ecx; jnz 1b; ${END}; gate: addq $8, %rsp; addq $2, (%rsp); iretq`,
    gates: { 13: 'gate' },
    counts: [[13, 3]],
  },
  'a double fault': {
    source: `_start: movl $${PAGE}, %ebx; movq (%rbx), %rax; ${END}; double: movl $5, %eax; jmp end`,
    gates: { 8: 'double' },
    pages: true,
    counts: [[8, 1]],
  },
};

const STEPS = 48;

describe.each(Object.entries(CASES))('%s', (_name, { source, gates, pages, counts, interrupts = [] }) => {
  async function start(): Promise<Machine> {
    const { machine } = await made(source, gates);
    if (pages) withPages(machine);
    return machine;
  }

  it('is the same in slices of any length', async () => {
    const stepped = await start();
    const whole = await start();
    const beginning = whole.snapshot();
    for (let steps = 1; steps <= STEPS; steps++) {
      stepped.run(1);
      whole.restore(beginning);
      whole.run(steps);
      expect(whole.steps).toBe(stepped.steps);
      expect(whole.readRegister('rip')).toBe(stepped.readRegister('rip'));
      expect(whole.readRegister('rflags')).toBe(stepped.readRegister('rflags'));
      expect(whole.stateHash()).toBe(stepped.stateHash());
    }
    for (const machine of [stepped, whole]) {
      expect([...machine.exceptions]).toEqual(counts);
      expect([...machine.interrupts]).toEqual(interrupts);
    }
  });

  it('stops before its delivery where a stop was asked for', async () => {
    const [one, other] = [await start(), await start()];
    const seen = (machine: Machine, slice: number) => {
      machine.setExceptionStops(-1);
      const stops: unknown[] = [];
      while (machine.steps < STEPS) {
        const exit = machine.run(Math.min(slice, STEPS - machine.steps));
        if (exit.kind === 'exception') stops.push([machine.steps, exit.event, machine.readRegister('rflags')]);
      }
      return stops;
    };
    const stops = seen(one, STEPS);
    expect(stops.length).toBeGreaterThan(0);
    expect(stops).toEqual(seen(other, 1));
  });
});
