/** Engine state that could show through: every guest here ends in the same state however its run is cut up. */
import { describe, expect, it } from 'vitest';
import { linear } from '../../../emulator/addresses.ts';
import type { Machine } from '../../../emulator/machine.ts';
import { assembleText, boot, type Guest, random, registersOf } from '../guest.ts';
import { P, RW, Tables, US } from '../tables.ts';
import { advance } from './drive.ts';

interface Case {
  readonly name: string;
  readonly source: string;
  readonly prepare?: (guest: Guest) => void;
  readonly steps: number;
}

/** 4-KiB pages at themselves, all for the user too. */
function smallPages({ machine }: Guest): void {
  const tables = new Tables(machine, 0x20_0000n);
  for (let page = 0n; page < 0x40_0000n; page += 0x1000n) tables.map(page, page, P | RW | US);
  // Other names for page 0, a MiB apart: all in one set of the TLB.
  for (let i = 1n; i < 16n; i++) tables.map(0x4000_0000n + i * 0x10_0000n, 0n, P | RW | US);
  for (let i = 1n; i < 16n; i++) tables.map(0x4000_1000n + i * 0x10_0000n, 0n, P | RW | US);
  machine.writeRegister('cr3', tables.root);
}

/** The loop gets a page that nothing but fetches reaches, so that jumps in it are found without a lookup. */
const LOOP = `
    movl $0x280000, %esp
    jmp loop
    .org 0x1000
loop:`;

const IDT = (vector: number, handler: string) => `
    leaq ${handler}(%rip), %rax
    movw %ax, idt+${vector * 16}(%rip)
    movw $8, idt+${vector * 16 + 2}(%rip)
    movw $0x8e00, idt+${vector * 16 + 4}(%rip)
    shrq $16, %rax
    movw %ax, idt+${vector * 16 + 6}(%rip)
    shrq $16, %rax
    movl %eax, idt+${vector * 16 + 8}(%rip)
    lidt idtr(%rip)`;
const TABLE = `
    .data
    .align 16
idt: .skip 512
idtr: .word 511
    .quad idt`;

const CASES: readonly Case[] = [
  {
    name: 'code pages that data pages push out of the TLB',
    prepare: smallPages,
    steps: 3000,
    source: `
_start:
1:  call other
    incq %rbx
    testq $3, %rbx
    jz 2f
    movl 0x40300000, %eax
    movl 0x40400000, %eax
    movl 0x40500000, %eax
2:  addq %rbx, %rdx
    jmp 1b
    .org 0x1000
other:
    movl 0x40200000, %eax
    movl 0x40100000, %eax
    movl 0x40201000, %eax
    testq $7, %rbx
    jnz 3f
    movl 0x40301000, %eax
    movl 0x40401000, %eax
3:  movl 0x40501000, %eax
    ret`,
  },
  {
    name: 'MOV SS and POP SS in a loop',
    steps: 300,
    source: `
_start:${LOOP}
    movl %ss, %ecx
1:  movl %ecx, %ss
    incl %eax
    movl %ecx, %ss
    incl %eax
    sti
    incl %eax
    cli
    jmp 1b`,
  },
  {
    name: 'IRET from faults, whose frames have RF set',
    steps: 500,
    source: `
_start:${IDT(6, 'undefined')}${LOOP}
1:  ud2
    incl %eax
    incl %ebx
    pushfq
    popq %rdx
    jmp 1b
undefined:
    addq $2, (%rsp)
    orq $0x10000, 16(%rsp)
    iretq
${TABLE}`,
  },
  {
    name: 'TF over every kind of instruction',
    steps: 600,
    source: `
_start:${IDT(1, 'trap')}${LOOP}
1:  pushfq
    orl $0x100, (%rsp)
    popfq
    incl %eax
    movl %ss, %ecx
    movl %ecx, %ss
    incl %eax
    leaq buffer(%rip), %rdi
    movl $5, %ecx
    rep stosb
    cpuid
    pushfq
    andl $~0x100, (%rsp)
    popfq
    jmp 1b
trap:
    incq %r15
    iretq
    .data
buffer: .skip 64
${TABLE}`,
  },
  {
    name: 'hardware breakpoints set and cleared in a loop',
    steps: 800,
    source: `
_start:${IDT(1, 'trap')}
    leaq watched(%rip), %rax
    movq %rax, %dr0
    leaq here(%rip), %rax
    movq %rax, %dr1${LOOP}
1:  movl $0x000d000a, %eax
    movq %rax, %dr7
    incl watched(%rip)
    incl %ebx
here:
    incl %ebx
    movl watched(%rip), %edx
    movl $0x400, %eax
    movq %rax, %dr7
    incl watched(%rip)
    jmp 1b
trap:
    incq %r15
    movq %dr6, %r14
    xorl %r13d, %r13d
    movq %r13, %dr6
    orl $0x10000, 16(%rsp)
    iretq
    .data
    .align 8
watched: .quad 0
${TABLE}`,
  },
  {
    name: 'lazy flags of every kind, left as they are',
    steps: 400,
    source: `
_start:${LOOP}
1:  addl $0x7fffffff, %eax
    adcq %rax, %rbx
    sbbb %al, %bl
    shll %cl, %edx
    rcrl $3, %edx
    incl %ecx
    mull %ecx
    bsfl %eax, %edx
    negw %bx
    sahf
    imull %edx, %ecx
    bts $5, %rax
    jmp 1b`,
  },
  {
    name: 'serial, TSC and port reads',
    steps: 400,
    source: `
_start:${LOOP}
1:  rdtsc
    addl %eax, %ebx
    movw $0x3f8, %dx
    outb %al, %dx
    movw $0x3fd, %dx
    inb %dx, %al
    xorl %eax, %ebx
    jmp 1b`,
  },
];

function state(guest: Guest) {
  return { hash: guest.machine.stateHash(), registers: registersOf(guest.machine), serial: guest.serial() };
}

describe('hidden state', () => {
  it.each(CASES)('$name', async ({ source, prepare, steps }) => {
    const image = await assembleText(source);
    const fresh = () => {
      const guest = boot(image);
      prepare?.(guest);
      return guest;
    };
    const start = image.entry;
    const whole = fresh();
    const single = fresh();
    advance(single.machine, steps - 12, () => 1);
    // At every place of the loop; a run in one slice each time.
    for (let total = steps - 12; total < steps; total++) {
      const once = fresh();
      advance(once.machine, total);
      expect(state(single), `${total} steps`).toEqual(state(once));
      advance(single.machine, 1);
    }
    advance(whole.machine, steps);
    const wanted = state(whole);
    expect(state(single)).toEqual(wanted);
    for (let seed = 0; seed < 6; seed++) {
      const below = random(seed);
      const guest = fresh();
      const stops = (machine: Machine) => {
        machine.setBreakpoints(Array.from({ length: 20 }, () => linear(start + BigInt(below(0x80)))));
        machine.setExceptionStops(-below(2));
      };
      const slice = () => {
        if (below(9) === 0) stops(guest.machine);
        if (below(9) === 0) guest.machine.snapshot();
        return [1, 2, 5, 30, 200][below(5)]!;
      };
      advance(guest.machine, steps, slice);
      expect(state(guest), `seed ${seed}`).toEqual(wanted);
    }
    // Half way, away and back again.
    const guest = fresh();
    advance(guest.machine, steps >> 1);
    const half = guest.machine.stateHash();
    const snapshot = guest.machine.snapshot();
    for (let round = 0; round < 2; round++) {
      advance(guest.machine, steps - (steps >> 1), () => 17 + round);
      expect(guest.machine.stateHash()).toBe(wanted.hash);
      guest.machine.restore(snapshot);
      expect(guest.machine.stateHash()).toBe(half);
    }
  });

  it.each(CASES)('$name: a stop at a breakpoint shows the state that a budget shows', async ({ source, prepare }) => {
    const image = await assembleText(source);
    const fresh = () => {
      const made = boot(image);
      prepare?.(made);
      return made;
    };
    const stopping = fresh();
    const below = random(99);
    stopping.machine.setBreakpoints(
      Array.from({ length: 60 }, () => linear(image.entry + BigInt(below(2) * 0x1000 + below(0x60)))),
    );
    for (let stop = 0; stop < 12; stop++) {
      const exit = stopping.machine.run(2000, { ignoreBreakpointAtStart: true });
      const budget = fresh();
      advance(budget.machine, stopping.machine.steps);
      expect(state(stopping), `${exit.kind} after ${stopping.machine.steps} steps`).toEqual(state(budget));
      // Writing what is there already changes nothing.
      for (const name of ['rflags', 'rip', 'rax', 'cs']) {
        stopping.machine.writeRegister(name, stopping.machine.readRegister(name));
      }
      expect(state(stopping)).toEqual(state(budget));
      if (exit.kind !== 'breakpoint') break;
    }
  });
});
