/** Which event comes first on a boundary, what NMI blocking and SMAP let through (SDM Vol. 3A §7.9, §7.7.1, §4.6). */
import { describe, expect, it } from 'vitest';
import { runToEnd } from '../guest.ts';
import { kernel, recordsOf } from './kernel.ts';

const names = (made: Awaited<ReturnType<typeof kernel>>) => {
  const known = new Map(made.image.symbols.map(({ name, address }) => [address, name]));
  return recordsOf(made).map(({ vector, rip }) => [vector, known.get(rip) ?? `0x${rip.toString(16)}`]);
};

const SET_TF = 'pushfq\n orl $0x100, (%rsp)\n popfq\n';
/** The x2APIC; RAX, RCX and RDX are changed. */
const X2APIC =
  'movl $0x1b, %ecx\n rdmsr\n orl $0x800, %eax\n wrmsr\n orl $0x400, %eax\n wrmsr\n movl $0x80f, %ecx\n movl $0x1ff, %eax\n xorl %edx, %edx\n wrmsr\n';
const SEND_NMI = 'movl $0x830, %ecx\n movl $0x4400, %eax\n xorl %edx, %edx\n wrmsr\n';

describe('priorities', () => {
  it('a single-step trap comes before the instruction breakpoint on the next instruction', async () => {
    const made = await kernel(
      `leaq b(%rip), %rax\n movq %rax, %dr0\n movl $0x402, %eax\n movq %rax, %dr7\n ${SET_TF} nop\n b: nop\n hlt`,
      // The second #DB ends the test.
      'cmpq $1, 16(%rsp)\n jne 1f\n andl $~0x100, 48(%rsp)\n movq %dr6, %rax\n testl $1, %eax\n jz 1f\n hlt\n 1:',
    );
    runToEnd(made.machine);
    expect(names(made)).toEqual([
      [1, 'b'],
      [1, 'b'],
    ]);
    expect(made.machine.readRegister('dr6') & 0xe00fn).toBe(0x4001n);
  });

  it('an instruction breakpoint comes before the page fault of the fetch', async () => {
    const made = await kernel(
      'movabsq $0x123400000000, %rbx\n movq %rbx, %dr0\n movl $0x402, %eax\n movq %rax, %dr7\n jmp *%rbx',
      'cmpq $14, 16(%rsp)\n jne 1f\n hlt\n 1: orl $0x10000, 48(%rsp)',
    );
    runToEnd(made.machine);
    expect(recordsOf(made).map(({ vector }) => vector)).toEqual([1, 14]);
  });

  it('a single-step trap comes before an NMI, and the NMI before the instruction after it', async () => {
    const made = await kernel(
      `${X2APIC} movl $0x830, %ecx\n movl $0x4400, %eax\n xorl %edx, %edx\n ${SET_TF} wrmsr\n a: nop\n hlt`,
      'andl $~0x100, 48(%rsp)',
    );
    runToEnd(made.machine);
    // Records are written by the handlers: the NMI interrupts the one of #DB at its first instruction.
    expect(names(made)).toEqual([
      [2, 'stub1'],
      [1, 'a'],
    ]);
  });

  it.each([
    ['sti\n nop\n a: nop', 'STI puts an interrupt off by one instruction'],
    ['sti\n movl %ebx, %ss\n nop\n a: nop', 'and MOV SS by one more'],
    ['pushq $0x202\n popfq\n a: nop', 'POPF does not'],
    ['sti\n sti\n a: nop', 'a second STI casts no shadow'],
    ['sti\n cli\n nop\n sti\n hlt\n a: nop', 'STI and CLI let none in; HLT ends'],
  ])('%s: %s', async (code) => {
    const made = await kernel(
      `${X2APIC} movl %ss, %ebx\n movl $0x83f, %ecx\n movl $0x21, %eax\n xorl %edx, %edx\n wrmsr\n ${code}\n nop\n hlt`,
      'hlt',
    );
    runToEnd(made.machine);
    expect(names(made)[0]).toEqual([33, 'a']);
  });
});

describe('NMI blocking', () => {
  const nested = (end: string) =>
    kernel(
      `${X2APIC} ${SEND_NMI} after: nop\n hlt`,
      `cmpq $2, 16(%rsp)\n jne 2f\n incl nmis(%rip)\n cmpl $1, nmis(%rip)\n jne 1f\n pushq %rcx\n ${SEND_NMI} popq %rcx\n nop\n inside: nop\n ${end}\n 1: jmp 3f\n 2: cmpq $13, 16(%rsp)\n jne 3f\n hlt\n 3:`,
      '.data\n nmis: .long 0\n .text',
    );

  it('lasts until IRET', async () => {
    const made = await nested('');
    runToEnd(made.machine);
    // The second comes when the first has returned: at the same place.
    expect(names(made)).toEqual([
      [2, 'after'],
      [2, 'after'],
    ]);
  });

  it('ends also with an IRET that faults', async () => {
    const made = await nested('pushq $0\n pushq $0\n pushq $2\n pushq $0\n pushq $0\n iretq');
    runToEnd(made.machine);
    expect(names(made).slice(0, 2)).toEqual([
      [2, 'after'],
      [2, 'stub13'],
    ]);
  });
});

describe('SMAP and what delivery pushes', () => {
  /** The 2 MiB at 0x200000 are a user page; #PF comes on IST 1. */
  const SETUP = `movb $1, idt + 14 * 16 + 4(%rip)
    movq %cr3, %rcx\n orq $4, (%rcx)\n movq (%rcx), %rcx\n andq $-4096, %rcx\n orq $4, (%rcx)\n movq (%rcx), %rcx
    andq $-4096, %rcx\n orq $4, 8(%rcx)\n movq %cr3, %rcx\n movq %rcx, %cr3
    movl $0x20cd, 0x200000\n movq %cr4, %rcx\n btsl $21, %ecx\n`;
  const ON = 'movq %rcx, %cr4\n';

  it('AC in ring 0 lets them reach a user page', async () => {
    const made = await kernel(`${SETUP} pushq $0x40002\n popfq\n ${ON} movl $0x300000, %esp\n int $0x20\n hlt`, 'hlt');
    runToEnd(made.machine);
    expect(recordsOf(made)).toMatchObject([{ vector: 32, rsp: 0x300000n }]);
  });

  it('without AC they fault', async () => {
    const made = await kernel(`${SETUP} ${ON} movl $0x300000, %esp\n a: int $0x20\n hlt`, 'hlt');
    runToEnd(made.machine);
    expect(recordsOf(made)).toMatchObject([{ vector: 14, error: 3n, rip: made.at('a') }]);
    expect(made.machine.readRegister('cr2')).toBe(0x2ffff8n);
  });

  it('AC of ring 3 counts for nothing', async () => {
    const made = await kernel(
      `${SETUP} movq $0x300000, rsp0(%rip)\n ${ON} pushq $0x1b\n pushq $0x280000\n pushq $0x40002\n pushq $0x23\n pushq $0x200000\n iretq`,
      'hlt',
    );
    runToEnd(made.machine);
    expect(recordsOf(made)).toMatchObject([{ vector: 14, error: 3n, rip: 0x200000n, cs: 0x23 }]);
  });
});
