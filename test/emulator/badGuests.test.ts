/** Guests that go wrong: each run ends on its step with an exit, and where it ends for good, with a sentence. */
import { describe, expect, it } from 'vitest';
import { linear } from '../../emulator/addresses.ts';
import type { Machine } from '../../emulator/machine.ts';
import { assembleText, boot, guest, read64, registersOf, rip } from './guest.ts';
import { A, D, NX, P, put64, RW, Tables, US } from './tables.ts';

/** Two slices that a guest which never ends must fill exactly. */
function fillsSlices(machine: Machine): void {
  for (const steps of [100_000, 1, 12_345]) {
    const before = machine.steps;
    expect(machine.run(steps)).toEqual({ kind: 'budget' });
    expect(machine.steps - before).toBe(steps);
  }
}

describe('guests that never end fill their slices', () => {
  it.each([
    ['jmp .', '_start: jmp .'],
    ['jmp to itself over a page', '.org 0xfff\n_start: jmp .'],
    ['REP STOSB over 4 GiB', '_start: movl $0x200000, %edi\n movq $-1, %rcx\n rep stosb'],
    [
      'REP MOVSQ over what is not RAM',
      '_start: movl $0x80000000, %esi\n movl $0x90000000, %edi\n movl $0x7ffffff, %ecx\n rep movsq',
    ],
    ['REP LODSB', '_start: movl $0x100000, %esi\n movq $-1, %rcx\n rep lodsb'],
    [
      'REPE CMPSB of nothing with nothing',
      '_start: movl $0x80000000, %esi\n movl $0x90000000, %edi\n movl $0x7ffffff, %ecx\n repe cmpsb',
    ],
    ['PUSH until the end of the world', '_start: pushq %rax\n movl $0x300000, %esp\n jmp _start'],
    ['CALL of itself through a register', '_start: leaq _start(%rip), %rax\n movl $0x300000, %esp\n call *%rax'],
  ])('%s', async (_name, source) => {
    const { machine } = await guest(source);
    fillsSlices(machine);
  });

  it('a #PF whose handler is not mapped either, and so on for ever', async () => {
    const { machine, at } = await guest(`_start: lidt idtr(%rip)
      movl $0x300000, %esp
      movb 0x123400000000, %al
      .balign 16
  idt: .skip 512
  idtr: .word 511
      .quad idt`);
    // Vector 14's handler lies on a page that is not there: each delivery works, its first fetch faults again.
    const handler = 0x7fff_0000_0000n;
    put64(
      machine,
      at('idt') + 14n * 16n,
      (handler & 0xffffn) | (8n << 16n) | (0x8e00n << 32n) | (((handler >> 16n) & 0xffffn) << 48n),
    );
    put64(machine, at('idt') + 14n * 16n + 8n, handler >> 32n);
    const tables = new Tables(machine, 0x20_0000n);
    for (let page = 0n; page < 0x20_0000n; page += 0x1000n) tables.map(page, page, P | RW | US);
    // One page of stack under every name that the pushes reach.
    for (let page = 1n; page < 0x100n; page++) tables.map(0x30_0000n - page * 0x1000n, 0x3f_0000n, P | RW | NX);
    machine.writeRegister('cr3', tables.root);
    expect(machine.run(10_000)).toEqual({ kind: 'budget' });
    expect(machine.steps).toBe(10_000);
    expect(machine.readRegister('cr2')).toBe(handler);
  });
});

describe('guests that cannot go on', () => {
  it.each([
    ['jumps to a page that is not mapped', 'movabsq $0x123400000000, %rax\n jmp *%rax', 'tripleFault', '#PF'],
    ['jumps to where there is no RAM', 'movl $0x90000000, %eax\n jmp *%rax', 'unsupported', 'outside RAM'],
    ['jumps to an address that is not canonical', 'movq $0x800000000000, %rax\n jmp *%rax', 'tripleFault', '#GP'],
    ['has no IDT', 'lidt none(%rip)\n ud2\n none: .word 0\n .quad 0', 'tripleFault', '#UD'],
    ['has no stack', 'movabsq $0x123400000000, %rsp\n call 1f\n 1:', 'tripleFault', '#PF'],
    ['runs on page tables outside RAM', 'movl $0x90000000, %eax\n movq %rax, %cr3', 'tripleFault', '#PF'],
    ['runs on page tables of zeroes', 'movl $0x200000, %eax\n movq %rax, %cr3', 'tripleFault', '#PF'],
    [
      'runs into zeroes to the end of RAM',
      'movl $0x200800, %eax\n movl $0x3fff00, %ecx\n jmp *%rcx',
      'unsupported',
      'outside RAM',
    ],
    [
      'has an IDT where there is no RAM',
      'lidt none(%rip)\n ud2\n none: .word 0xfff\n .quad 0x90000000',
      'tripleFault',
      '#UD',
    ],
    [
      'has a GDT where there is no RAM',
      'lgdt none(%rip)\n movl $8, %eax\n ltr %ax\n none: .word 0xfff\n .quad 0x90000000',
      'tripleFault',
      '#',
    ],
    ['uses FMA', 'vfmadd213ps %ymm0, %ymm1, %ymm2', '', ''],
    ['uses AVX', 'vaddps %ymm0, %ymm1, %ymm2', '', ''],
    ['leaves protected mode', 'movl $0x10, %eax\n movq %rax, %cr0', 'tripleFault', '#GP'],
  ])('%s', async (_name, source, kind, words) => {
    const { machine } = await guest(`_start: ${source}`);
    const exit = machine.run(100_000);
    if (kind) expect(exit).toMatchObject({ kind, sentence: expect.stringContaining(words) });
    expect(exit.kind).not.toBe('budget');
    const { steps } = machine;
    const again = machine.run(1000);
    expect(again.kind).toBe(exit.kind);
    expect(machine.steps).toBe(steps);
  });

  it('a page table that points to itself is memory like any other', async () => {
    const { machine } = await guest(`_start:
      movq 0xfffffffffffffff8, %rax
      andq $-2, 0xfffffffffffffff8
      movq 0xfffffffffffffff8, %rbx
      invlpg 0xfffffffffffff000
      movq 0xfffffffffffffff8, %rcx`);
    const root = machine.readRegister('cr3');
    put64(machine, root + 511n * 8n, root | P | RW);
    // The walk itself set A and, on the way to the store, D in the one entry that is all four levels.
    expect(machine.run(4)).toEqual({ kind: 'budget' });
    expect(machine.readRegister('rax')).toBe(root | P | RW | A);
    expect(machine.readRegister('rbx')).toBe(root | RW | A | D);
    machine.setExceptionStops(-1);
    expect(machine.run(1)).toMatchObject({ kind: 'exception', event: { vector: 14, errorCode: 0 } });
  });
});

describe('32-bit protected mode', () => {
  const start = 'protected32' as const;
  /** Descriptor 0x18 of a GDT of the test's own. */
  const withSegment = (descriptor: string, body: string) => `_start:
      lgdt gdtr
      movl $0x18, %ecx
      ${body}
      hlt
      .data
      .balign 8
  gdt: .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, ${descriptor}
  gdtr: .word 31
      .long gdt`;
  const SMALL = '0x0040930000000fff'; // base 0, limit 0xfff, byte-granular, writable
  const READ_ONLY = '0x0040910000000fff';
  const DOWN = '0x0040970000000fff'; // expand-down: valid above 0xfff
  const CODE = '0x0040990000000fff'; // execute only

  it.each([
    ['the last byte', SMALL, 'movw %cx, %ds\n movb %ds:0xfff, %al', undefined],
    ['one past the limit', SMALL, 'movw %cx, %ds\n movb %ds:0x1000, %al', 13],
    ['half past the limit', SMALL, 'movw %cx, %ds\n movl %ds:0xffe, %eax', 13],
    ['past the limit through SS', SMALL, 'movw %cx, %ss\n movl %ss:0xffe, %eax', 12],
    ['a push past the limit', SMALL, 'movw %cx, %ss\n movl $0x1004, %esp\n pushl %eax', 12],
    ['PUSHA that ends past the limit of an expand-down stack', DOWN, 'movw %cx, %ss\n movl $0x1010, %esp\n pushal', 12],
    ['a write to read-only', READ_ONLY, 'movw %cx, %ds\n movb %al, %ds:0x10', 13],
    ['SS read-only', READ_ONLY, 'movw %cx, %ss', 13],
    ['below an expand-down segment', DOWN, 'movw %cx, %ds\n movb %ds:0xfff, %al', 13],
    ['in an expand-down segment', DOWN, 'movw %cx, %ds\n movb %ds:0x1000, %al', undefined],
    ['execute-only code as data', CODE, 'movw %cx, %ds', 13],
    ['a read through a null selector', SMALL, 'xorl %ecx, %ecx\n movw %cx, %es\n movb %es:0, %al', 13],
    ['INTO without overflow', SMALL, 'xorl %eax, %eax\n into', undefined],
    ['INTO', SMALL, 'movb $0x7f, %al\n addb $1, %al\n into', 4],
    ['BOUND', SMALL, 'movl $5, %eax\n leal gdt, %edx\n bound %eax, (%edx)', 5],
  ] as const)('%s', async (_name, descriptor, body, vector) => {
    const { machine } = await guest(withSegment(descriptor, body), { start });
    machine.setExceptionStops(-1);
    const exit = machine.run(100);
    if (vector === undefined) expect(exit.kind).toBe('halted');
    else expect(exit).toMatchObject({ kind: 'exception', event: { vector } });
  });

  it('PUSHA and POPA keep all but ESP', async () => {
    const { machine } = await guest(
      `_start: movl $1, %eax\n movl $2, %ecx\n movl $3, %edx\n movl $4, %ebx\n movl $6, %ebp\n movl $7, %esi\n movl $8, %edi
       movl %esp, saved\n pushal\n movl 12(%esp), %eax\n movl %eax, saved+4\n xorl %ecx, %ecx\n xorl %edi, %edi\n movl $0x55, 12(%esp)\n popal\n hlt\n .data\n .balign 8\n saved: .quad 0`,
      { start },
    );
    expect(machine.run(100).kind).toBe('halted');
    expect(['eax', 'ecx', 'edx', 'ebx', 'ebp', 'esi', 'edi'].map((name) => machine.readRegister(name))).toEqual([
      1n,
      2n,
      3n,
      4n,
      6n,
      7n,
      8n,
    ]);
    expect(machine.readRegister('esp')).toBe(0x8_0000n);
  });

  it('boots to 64-bit mode from the state of multiboot', async () => {
    const image = await assembleText(
      `.balign 4
       .long 0x1badb002, 0, -0x1badb002
   .globl _start
   _start:
       movl %ebx, %ebp
       movl $pml4, %eax
       movl %eax, %cr3
       movl $0x620, %eax
       movl %eax, %cr4
       movl $0xc0000080, %ecx
       rdmsr
       orl $0x100, %eax
       wrmsr
       movl %cr0, %eax
       orl $0x80000000, %eax
       movl %eax, %cr0
       lgdt gdtr
       ljmp $0x18, $long
       .code64
   long:
       movabsq $0x1122334455667788, %rax
       movw $0x10, %cx
       movw %cx, %ss
       pushq %rax
       popq %rdx
       hlt
       .data
       .balign 4096
   pml4: .quad pdpt + 3
       .skip 4088
   pdpt: .quad 0x83
       .skip 4088
   gdt: .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00af9b000000ffff
   gdtr: .word 31
       .long gdt`,
      'multiboot',
    );
    const { machine } = boot(image, { start: 'multiboot' });
    machine.writeRegister('rsp', 0x8_0000n);
    expect(machine.readRegister('eax')).toBe(0x2bad_b002n);
    expect(machine.run(1000).kind).toBe('halted');
    expect(machine.readRegister('rdx')).toBe(0x1122_3344_5566_7788n);
    expect(machine.codeBits()).toBe(64);
    expect(machine.readRegister('efer') & 0x500n).toBe(0x500n);
  });
});

describe('two machines', () => {
  it('do not influence each other', async () => {
    const source = (add: number) =>
      `_start: addq $${add}, %rax\n incb 1f+2(%rip)\n 1: addl $1, %ebx\n movq %rax, 0x300000\n movw $0x3f8, %dx\n outb %al, %dx\n jmp _start`;
    const [one, two] = [await assembleText(source(3)), await assembleText(source(5))];
    const alone = [boot(one), boot(two)];
    for (const { machine } of alone) machine.run(5000);
    const [a, b] = [boot(one), boot(two)];
    b.machine.setBreakpoints([linear(0x10_0004n)]);
    for (let left = 5000; left > 0; ) {
      a.machine.run(50);
      for (let steps = 50; steps > 0; ) {
        const before = b.machine.steps;
        b.machine.run(steps, { ignoreBreakpointAtStart: true });
        steps -= b.machine.steps - before;
      }
      if (left % 500 === 0) a.machine.restore(a.machine.snapshot());
      left -= 50;
    }
    for (const [i, together] of [a, b].entries()) {
      expect(together.machine.stateHash()).toBe(alone[i]!.machine.stateHash());
      expect(registersOf(together.machine)).toEqual(registersOf(alone[i]!.machine));
      expect(together.serial()).toBe(alone[i]!.serial());
    }
    expect(read64(a.machine, 0x30_0000n)).not.toBe(read64(b.machine, 0x30_0000n));
  });
});

describe('snapshots', () => {
  it('older and newer ones, restored in any order that is left', async () => {
    const { machine } = await guest(
      '_start: incl %eax\n movl %eax, 0x300000\n incb 1f+2(%rip)\n 1: addl $1, %ebx\n jmp _start',
    );
    const marks = Array.from({ length: 5 }, (_, i) => {
      machine.run(100 + i);
      return { snapshot: machine.snapshot(), hash: machine.stateHash() };
    });
    for (const index of [4, 4, 2, 2, 0, 0]) {
      machine.run(77);
      machine.restore(marks[index]!.snapshot);
      expect(machine.stateHash(), `snapshot ${index}`).toBe(marks[index]!.hash);
    }
    expect(() => machine.restore(marks[3]!.snapshot)).toThrow(/snapshot/);
    machine.run(101);
    expect(machine.stateHash()).toBe(marks[1]!.hash);
  });

  it('one taken at an exception stop goes on as the run would have', async () => {
    const { machine, at } = await guest('_start: nop\nhere: ud2');
    machine.setExceptionStops(1 << 6);
    expect(machine.run(10).kind).toBe('exception');
    const snapshot = machine.snapshot();
    expect(machine.run(10).kind).toBe('tripleFault');
    machine.restore(snapshot);
    expect(rip(machine)).toBe(at('here'));
    expect(machine.run(10).kind).toBe('tripleFault');
  });
});
