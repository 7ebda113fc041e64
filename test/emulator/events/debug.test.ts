/** Debug exceptions (SDM Vol. 3B ch. 17): single step, DR0–DR3, RF, DR6, general detect; through a real IDT. */
import { describe, expect, it } from 'vitest';
import type { Guest } from '../guest.ts';
import { read64, runToEnd } from '../guest.ts';
import { kernel, recordsOf } from './kernel.ts';

/** Notes DR6 of each #DB in a table, clears it, and sets RF so that an instruction breakpoint is not met again. */
const NOTE_DR6 = `
    cmpq $1, 16(%rsp)
    jne 1f
    movq %dr6, %rax
    movq sixes_next(%rip), %rdx
    movq %rax, (%rdx)
    addq $8, sixes_next(%rip)
    movl $0xffff0ff0, %eax
    movq %rax, %dr6
    orl $0x10000, 48(%rsp)
1:`;
const SIXES = '.data\nsixes_next: .quad sixes\nsixes: .skip 512\n.text';

async function trace(
  body: string,
  slice = 100_000,
): Promise<{ made: Guest; hits: { at: string; dr6: bigint; rf: boolean }[] }> {
  const made = await kernel(`${body}\n hlt`, NOTE_DR6, SIXES);
  for (let left = 200_000; ; left--) {
    const exit = made.machine.run(slice);
    if (exit.kind === 'halted') break;
    if (exit.kind !== 'budget' || left === 0) throw new Error(JSON.stringify(exit));
  }
  const names = new Map(made.image.symbols.map(({ name, address }) => [address, name]));
  const hits = recordsOf(made)
    .filter(({ vector }) => vector === 1)
    .map(({ rip, rflags }, i) => ({
      at: names.get(rip) ?? `0x${rip.toString(16)}`,
      dr6: read64(made.machine, made.at('sixes') + BigInt(i * 8)) & 0xffffn & ~0xff0n,
      rf: (rflags & 0x10000n) !== 0n,
    }));
  return { made, hits };
}

const at = (...places: string[]) => places.map((place) => ({ at: place, dr6: 0x4000n, rf: false }));
const SET_TF = 'pushfq\n orl $0x100, (%rsp)\n popfq\n';
const CLEAR_TF = 'pushfq\n andl $~0x100, (%rsp)\n';

describe.each([100_000, 1])('debug exceptions, in slices of %i', (slice) => {
  it('TF traps after the instruction that follows POPF, and after the POPF that clears it', async () => {
    const { hits } = await trace(`${SET_TF} a: nop\n b: nop\n c: ${CLEAR_TF} d: popfq\n e: nop\n`, slice);
    // PUSHF and ANDL of CLEAR_TF have no labels.
    expect(hits.map((hit) => hit.dr6)).toEqual([0x4000n, 0x4000n, 0x4000n, 0x4000n, 0x4000n]);
    expect([hits[0], hits[1], hits[3], hits[4]]).toEqual(at('b', 'c', 'd', 'e'));
  });

  it('MOV SS puts the trap off by one instruction', async () => {
    const { hits } = await trace(`movl %ss, %ecx\n ${SET_TF} movl %ecx, %ss\n a: nop\n b: ${CLEAR_TF} popfq\n`, slice);
    expect(hits[0]).toEqual(at('b')[0]);
  });

  it('TF over REP traps after each iteration, with RF set in between', async () => {
    const { hits } = await trace(
      `leaq sixes+256(%rip), %rdi\n movl $3, %ecx\n ${SET_TF} a: rep stosb\n b: ${CLEAR_TF} popfq\n`,
      slice,
    );
    expect(hits.slice(0, 3)).toEqual([
      { at: 'a', dr6: 0x4000n, rf: true },
      { at: 'a', dr6: 0x4000n, rf: true },
      { at: 'b', dr6: 0x4000n, rf: false },
    ]);
  });

  it('IRET that sets TF traps after the next instruction', async () => {
    const { hits } = await trace(
      `movq %rsp, %rcx\n pushq $0x10\n pushq %rcx\n pushq $0x102\n pushq $8\n leaq a(%rip), %rax\n pushq %rax\n iretq\n a: nop\n b: ${CLEAR_TF} popfq\n`,
      slice,
    );
    expect(hits[0]).toEqual(at('b')[0]);
  });

  it('an instruction breakpoint is a fault, once, and RF lets it pass', async () => {
    const { hits } = await trace(
      `leaq a(%rip), %rax\n movq %rax, %dr0\n leaq b(%rip), %rax\n movq %rax, %dr3\n movl $0x82, %eax\n movq %rax, %dr7\n
       movl $2, %ecx\n a: nop\n b: nop\n loop a\n xorl %eax, %eax\n movq %rax, %dr7`,
      slice,
    );
    expect(hits).toEqual([1n, 8n, 1n, 8n].map((dr6, i) => ({ at: i & 1 ? 'b' : 'a', dr6, rf: false })));
  });

  it('an instruction breakpoint on REP is met once for the whole instruction', async () => {
    const { hits } = await trace(
      `leaq a(%rip), %rax\n movq %rax, %dr0\n movl $2, %eax\n movq %rax, %dr7\n
       leaq sixes+256(%rip), %rdi\n movl $4, %ecx\n a: rep stosb\n xorl %eax, %eax\n movq %rax, %dr7`,
      slice,
    );
    expect(hits).toEqual([{ at: 'a', dr6: 1n, rf: false }]);
  });

  it('data breakpoints trap after the access, by kind, length and overlap', async () => {
    // DR0: writes of 4 at cell. DR1: reads and writes of 1 at cell+8. DR2: writes of 8 at cell+16. DR3: 2 at cell+26.
    const { hits } = await trace(
      `leaq cell(%rip), %rax\n movq %rax, %dr0\n addq $8, %rax\n movq %rax, %dr1\n addq $8, %rax\n movq %rax, %dr2\n addq $10, %rax\n movq %rax, %dr3
       movl $(1 << 16 | 3 << 18 | 3 << 20 | 0 << 22 | 1 << 24 | 2 << 26 | 1 << 28 | 1 << 30 | 0xaa), %eax\n movq %rax, %dr7
       movl cell(%rip), %ecx\n movb $1, cell+3(%rip)\n a: movb $1, cell+4(%rip)\n movb cell+8(%rip), %cl\n b: movb cell+9(%rip), %cl
       movq %rcx, cell+4(%rip)\n c: movl %ecx, cell+20(%rip)\n d: movw %cx, cell+24(%rip)\n movl %ecx, cell+24(%rip)\n e: movq %rcx, cell+20(%rip)\n f: addl $1, cell(%rip)\n g: pushq cell+16(%rip)\n xorl %eax, %eax\n movq %rax, %dr7\n jmp end\n
       .data\n .balign 32\n cell: .skip 64\n .text\n end:`,
      slice,
    );
    expect(hits.map(({ at, dr6 }) => [at, dr6])).toEqual([
      ['a', 1n],
      ['b', 2n],
      ['c', 2n],
      ['d', 4n],
      ['e', 8n],
      ['f', 12n],
      ['g', 1n],
    ]);
  });

  it('a data breakpoint inside REP MOVSB traps after its iteration', async () => {
    const { made, hits } = await trace(
      `leaq sixes+300(%rip), %rax\n movq %rax, %dr0\n movl $0x10002, %eax\n movq %rax, %dr7\n
       leaq sixes+290(%rip), %rdi\n leaq main(%rip), %rsi\n movl $30, %ecx\n a: rep movsb\n xorl %eax, %eax\n movq %rax, %dr7`,
      slice,
    );
    expect(hits).toEqual([{ at: 'a', dr6: 1n, rf: true }]);
    expect(made.machine.readRegister('rcx')).toBe(0n);
  });

  it('general detect, DR4 and DR5', async () => {
    const { made, hits } = await trace(
      `movl $0x2400, %eax\n movq %rax, %dr7\n a: movq %dr0, %rcx\n movq %dr7, %rbx\n movl $0x1234, %eax\n movq %rax, %dr0\n
       movq %dr4, %rsi\n movq %cr4, %rax\n orl $8, %eax\n movq %rax, %cr4\n .set b, .\n`,
      slice,
    );
    expect(hits).toEqual([{ at: 'a', dr6: 0x2000n, rf: true }]);
    expect(made.machine.readRegister('rbx')).toBe(0x400n);
    expect(made.machine.readRegister('rsi')).toBe(0xffff_0ff0n);
    const undefinedHere = await kernel(
      'movq %cr4, %rax\n orl $8, %eax\n movq %rax, %cr4\n a: movq %dr4, %rcx\n hlt',
      'hlt',
    );
    runToEnd(undefinedHere.machine);
    expect(recordsOf(undefinedHere)).toMatchObject([{ vector: 6, rip: undefinedHere.at('a') }]);
  });

  it('INT3, INT1 and INT n push the address after them', async () => {
    const made = await kernel('int3\n a: .byte 0xf1\n b: int $0x21\n c: hlt');
    while (made.machine.run(slice).kind === 'budget');
    expect(recordsOf(made).map(({ vector, rip }) => [vector, rip])).toEqual([
      [3, made.at('a')],
      [1, made.at('b')],
      [33, made.at('c')],
    ]);
  });

  it('I/O breakpoints with CR4.DE trap after IN and OUT of the port', async () => {
    const { hits } = await trace(
      `movq %cr4, %rax\n orl $8, %eax\n movq %rax, %cr4\n movl $0x3fa, %eax\n movq %rax, %dr1\n movl $0x200008, %eax\n movq %rax, %dr7
       movw $0x3fb, %dx\n inb %dx, %al\n movw $0x3fa, %dx\n inb %dx, %al\n a: movw $0x3f9, %dx\n inw %dx, %ax\n b: xorl %eax, %eax\n movq %rax, %dr7`,
      slice,
    );
    expect(hits).toEqual([
      { at: 'a', dr6: 2n, rf: false },
      { at: 'b', dr6: 2n, rf: false },
    ]);
  });
});
