/** Faults through a real IDT: error codes, stacks by TSS and IST, ring 3 and back, double and triple faults. */
import { describe, expect, it } from 'vitest';
import { rip, runToEnd } from '../guest.ts';
import { kernel, recordsOf } from './kernel.ts';

/** Ends at the first event. */
const STOP = 'hlt';

async function firstEvent(body: string) {
  const made = await kernel(`${body}\n 9: hlt`, STOP);
  expect(runToEnd(made.machine).kind).toBe('halted');
  return { made, event: recordsOf(made)[0] };
}

const FAULTS: readonly (readonly [string, number, bigint])[] = [
  ['xorl %ecx, %ecx; here: divl %ecx', 0, -1n],
  ['movl $1, %ecx; movl $2, %edx; here: divl %ecx', 0, -1n],
  ['movl $0x80000000, %eax; cltd; movl $-1, %ecx; here: idivl %ecx', 0, -1n],
  ['here: ud2', 6, -1n],
  ['here: .byte 0x06', 6, -1n],
  ['here: lock; nop', 6, -1n],
  ['movw $0x28, %cx; here: movw %cx, %ds', 13, 0x28n],
  ['movw $0x40, %cx; here: movw %cx, %ds', 11, 0x40n],
  ['movw $0x40, %cx; here: movw %cx, %ss', 12, 0x40n],
  ['movw $0x48, %cx; here: movw %cx, %es', 13, 0x48n],
  ['movw $0x0c, %cx; here: movw %cx, %es', 13, 0x0cn],
  ['movw $0x10, %cx; here: ltr %cx', 13, 0x10n],
  ['movw $0x28, %cx; here: ltr %cx', 13, 0x28n],
  ['xorl %ecx, %ecx; here: movw %cx, %ss; nop; 8: int $0x2f', 47, -1n],
  ['here: int $0x40', 13, 0x202n],
  ['movl $0x12345, %ecx; here: rdmsr', 13, 0n],
  ['movq %cr4, %rcx; btsl $31, %ecx; here: movq %rcx, %cr4', 13, 0n],
  ['movq %cr0, %rcx; btrl $0, %ecx; here: movq %rcx, %cr0', 13, 0n],
  ['movq %cr0, %rcx; orl $8, %ecx; movq %rcx, %cr0; here: addps %xmm0, %xmm0', 7, -1n],
  ['leaq cell+1(%rip), %rcx; here: movaps (%rcx), %xmm0; cell: .skip 32', 13, 0n],
  ['pushq $0; pushq $0; pushq $2; pushq $0; pushq $0; here: iretq', 13, 0n],
  ['pushq $0x38; pushq $0; here: lretq', 13, 0x38n],
  ['movabsq $0x123400000000, %rcx; here: movl (%rcx), %eax', 14, 0n],
  ['movabsq $0x123400000000, %rcx; here: orl $1, (%rcx)', 14, 2n],
  ['movabsq $0x123400000000, %rcx; jmp *%rcx', 14, 16n],
];

describe('faults at CPL 0', () => {
  it.each(FAULTS)('%s', async (code, vector, error) => {
    const { made, event } = await firstEvent(code.replaceAll(';', '\n'));
    expect(event).toMatchObject({ vector, error, cs: 8 });
    const fetch = code.includes('jmp *');
    if (vector < 32) expect(event!.rip).toBe(fetch ? 0x1234_0000_0000n : made.at('here'));
    if (vector < 32) expect((event!.rflags >> 16n) & 1n, 'RF').toBe(1n);
    // Same stack, aligned to 16, five words and the error code below it.
    expect(event!.handlerRsp).toBe((event!.rsp & ~15n) - (error === -1n ? 48n : 40n) - (error === -1n ? 0n : 8n));
  });

  it('LLDT and LTR keep the type of what they load', async () => {
    const made = await kernel(
      'movb $0x82, gdt + 0x3d(%rip)\n movq $0, gdt + 0x40(%rip)\n movw $0x38, %cx\n lldt %cx\n hlt',
    );
    runToEnd(made.machine);
    expect(made.machine.readRegister('ldtr.attributes') & 0xffn).toBe(0x82n);
    expect(made.machine.readRegister('tr.attributes') & 0xffn).toBe(0x8bn);
  });

  it('IST switches the stack also without a change of rings', async () => {
    const { made, event } = await firstEvent('movb $1, idt + 6 * 16 + 4(%rip)\n movq %rsp, %rbp\n ud2');
    expect(event).toMatchObject({ vector: 6, rsp: made.machine.readRegister('rbp'), ss: 0x10 });
    expect(event!.handlerRsp).toBe(made.at('ist1_stack') - 48n);
  });
});

const ENTER = `
    pushq $0x1b
    leaq ring3_stack(%rip), %rax
    pushq %rax
    pushq $0x202
    pushq $0x23
    leaq user(%rip), %rax
    pushq %rax
    iretq
user:`;
/** Pages of this kernel are supervisor pages: ring 3 needs them opened, in all levels. */
const OPEN = `
    movq %cr3, %rcx
    orq $4, (%rcx)
    movq (%rcx), %rcx
    andq $-4096, %rcx
    orq $4, (%rcx)
    movq (%rcx), %rcx
    andq $-4096, %rcx
    orq $4, (%rcx)
    movq %cr3, %rcx
    movq %rcx, %cr3`;

describe('ring 3', () => {
  it('IRET makes inner segments null and keeps their bases', async () => {
    const { made } = await firstEvent(
      `${OPEN}\n movl $0x10, %ecx\n movl %ecx, %gs\n movl $0xc0000101, %ecx\n movl $0x12345678, %eax\n movl $0x7f, %edx\n wrmsr\n ${ENTER} int $0x20`,
    );
    expect(made.machine.readRegister('gs')).toBe(0n);
    expect(made.machine.readRegister('gs.base')).toBe(0x7f_1234_5678n);
  });

  it.each([
    ['hlt', 13, 0n],
    ['cli', 13, 0n],
    ['movq %cr0, %rax', 13, 0n],
    ['inb $0x60, %al', 13, 0n],
    ['int $0x10', 13, 0x82n],
    ['lgdt gdtr(%rip)', 13, 0n],
    ['ud2', 6, -1n],
    ['movl 0x40000000, %eax', 14, 5n],
    ['movl %eax, 0x40000000', 14, 7n],
    ['pushq $0x40000000; ret', 14, 0x15n],
    ['movw $0x10, %cx; movw %cx, %ds', 13, 0x10n],
    ['int3', 3, -1n],
    ['int $0x20', 32, -1n],
  ])('%s', async (code, vector, error) => {
    const { made, event } = await firstEvent(`${OPEN}${ENTER} ${code.replaceAll(';', '\n')}`);
    expect(event).toMatchObject({ vector, error, cs: 0x23, ss: 0x1b });
    expect(event!.handlerRsp).toBe(made.at('ring0_stack') - 48n);
    expect(made.machine.readRegister('cpl')).toBe(0n);
    expect(made.machine.readRegister('ss')).toBe(0n);
  });

  it('INT and IRET go there and back a thousand times', async () => {
    const made = await kernel(
      `${OPEN}${ENTER} movl $50, %ecx\n 1: int $0x21\n loop 1b\n int $0x22`,
      'cmpq $0x22, 16(%rsp)\n jne 1f\n hlt\n 1:',
    );
    expect(runToEnd(made.machine).kind).toBe('halted');
    const events = recordsOf(made);
    expect(events.length).toBe(51);
    expect(new Set(events.map(({ rsp }) => rsp))).toEqual(new Set([made.at('ring3_stack')]));
    expect(new Set(events.map(({ handlerRsp }) => handlerRsp))).toEqual(new Set([made.at('ring0_stack') - 48n]));
  });

  it('SYSCALL and SYSRET keep RIP, RFLAGS and the rings', async () => {
    const made = await kernel(
      `${OPEN}
      movl $0xc0000081, %ecx\n xorl %eax, %eax\n movl $0x00130008, %edx\n wrmsr
      movl $0xc0000082, %ecx\n leaq entry(%rip), %rax\n xorl %edx, %edx\n wrmsr
      movl $0xc0000084, %ecx\n movl $0x200, %eax\n wrmsr
      ${ENTER}
      xorl %ebx, %ebx\n stc\n syscall\n back: jc 1f\n int $0x2e\n 1: int $0x22\n
      entry: incl %ebx\n movq %rcx, %rsi\n movq %r11, %rdi\n movl %cs, %r8d\n movl %ss, %r9d\n pushfq\n popq %r10\n sysretq`,
      STOP,
    );
    // SYSRET's SS is STAR[63:48] + 8, its CS + 16: 0x1b and 0x23.
    expect(runToEnd(made.machine).kind).toBe('halted');
    expect(recordsOf(made)).toMatchObject([{ vector: 0x22, cs: 0x23, ss: 0x1b }]);
    const read = (name: string) => made.machine.readRegister(name);
    expect([read('rbx'), read('rsi'), read('r8'), read('r9')]).toEqual([1n, made.at('back'), 8n, 0x10n]);
    expect(read('rdi') & 0x201n).toBe(0x201n);
    expect(read('r10') & 0x201n).toBe(1n);
  });
});

describe('double and triple faults', () => {
  it('#GP in the delivery of #GP is #DF, on its IST', async () => {
    const { made, event } = await firstEvent(
      'movb $1, idt + 8 * 16 + 4(%rip)\n movb $0, idt + 13 * 16 + 5(%rip)\n movl $0x12345, %ecx\n here: rdmsr',
    );
    expect(event).toMatchObject({ vector: 8, error: 0n, rip: made.at('here') });
    expect(event!.handlerRsp).toBe(made.at('ist1_stack') - 48n);
  });

  it('#NP in the delivery of #UD is delivered for itself', async () => {
    const { made, event } = await firstEvent('movb $0x0e, idt + 6 * 16 + 5(%rip)\n here: ud2');
    expect(event).toMatchObject({ vector: 11, error: 6n * 8n + 2n + 1n, rip: made.at('here') });
  });

  it('a stack that is not there is #DF', async () => {
    const { made, event } = await firstEvent(
      'movb $1, idt + 8 * 16 + 4(%rip)\n movabsq $0x123400000000, %rsp\n here: ud2',
    );
    // #UD, then #PF in its delivery (delivered serially), then #PF in that one's delivery.
    expect(event).toMatchObject({ vector: 8, rip: made.at('here'), rsp: 0x1234_0000_0000n });
    expect(made.machine.readRegister('cr2')).toBe(0x1234_0000_0000n - 8n);
  });

  it('an IST that is not canonical is #SS', async () => {
    const { event } = await firstEvent('movb $2, idt + 6 * 16 + 4(%rip)\n ud2');
    expect(event).toMatchObject({ vector: 12, error: 1n });
  });

  it('an empty IDT is a triple fault, told as a chain; the machine stays down', async () => {
    const made = await kernel('lidt none(%rip)\n here: ud2\n none: .word 0\n .quad 0');
    const { machine } = made;
    const exit = runToEnd(machine);
    expect(exit).toMatchObject({ kind: 'tripleFault' });
    const sentence = 'sentence' in exit ? exit.sentence : '';
    expect(sentence).toContain(`RIP 0x${made.at('here').toString(16)}: #UD`);
    expect(sentence).toContain('#GP(0x33)');
    expect(sentence).toContain('#DF');
    const { steps } = machine;
    expect(machine.run(100).kind).toBe('tripleFault');
    expect(machine.steps).toBe(steps);
  });

  it('HLT says why nothing wakes it', async () => {
    const off = await kernel('cli\n hlt');
    expect(runToEnd(off.machine)).toMatchObject({ kind: 'halted', sentence: expect.stringContaining('IF=0') });
    const on = await kernel('sti\n hlt\n after:');
    expect(runToEnd(on.machine)).toMatchObject({ kind: 'halted', sentence: expect.stringContaining('no device') });
    expect(rip(on.machine)).toBe(on.at('after'));
    const { steps } = on.machine;
    expect(on.machine.run(5).kind).toBe('halted');
    expect(on.machine.steps).toBe(steps);
  });
});
