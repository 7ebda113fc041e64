/** What a load of SS puts off or drops (SDM Vol. 3A §7.8.3), and single steps of instructions that are special. */
import { describe, expect, it } from 'vitest';
import { read64 } from '../guest.ts';
import { kernel, recordsOf } from './kernel.ts';

/** Notes DR6 of each event in a table and clears it. */
const NOTE_DR6 = `
    movq %dr6, %rax
    movq sixes_next(%rip), %rdx
    movq %rax, (%rdx)
    addq $8, sixes_next(%rip)
    movl $0xffff0ff0, %eax
    movq %rax, %dr6`;
const AFTER = '.data\nsixes_next: .quad sixes\nsixes: .skip 512\n.balign 8\ncell: .quad 0x10\n.text';
const SET_TF = 'pushfq\n orl $0x100, (%rsp)\n popfq\n';
const CLEAR_TF = 'pushfq\n andl $~0x100, (%rsp)\n';
/** Reads and writes of the 4 bytes at `cell`. */
const WATCH_CELL = 'leaq cell(%rip), %rax\n movq %rax, %dr1\n movl $0x00f0040a, %eax\n movq %rax, %dr7\n';
const BTF = 'movl $0x1d9, %ecx\n xorl %edx, %edx\n movl $2, %eax\n wrmsr\n';
const UNWATCH = 'movl $0x400, %eax\n movq %rax, %dr7\n';

async function events(body: string, slice = 100_000, resume = '') {
  const made = await kernel(`${body}\n done: hlt`, `${NOTE_DR6}\n${resume}`, AFTER);
  for (let left = 100_000; ; left--) {
    const exit = made.machine.run(slice);
    if (exit.kind === 'halted' && made.machine.instructionAddress() > made.at('done')) break;
    if (exit.kind !== 'budget' || left === 0) throw new Error(JSON.stringify(exit));
  }
  const names = new Map(made.image.symbols.map(({ name, address }) => [address, name]));
  return recordsOf(made).map(({ vector, rip, rflags }, i) => [
    vector,
    names.get(rip) ?? `0x${rip.toString(16)}`,
    Number(read64(made.machine, made.at('sixes') + BigInt(i * 8)) & 0xe00fn),
    Number((rflags >> 16n) & 1n),
  ]);
}

describe.each([100_000, 1])('in slices of %i', (slice) => {
  it('a data breakpoint on MOV SS waits for the next instruction', async () => {
    const seen = await events(`${WATCH_CELL} movw cell(%rip), %ss\n a: nop\n b: ${UNWATCH}`, slice);
    expect(seen).toEqual([[1, 'b', 2, 0]]);
  });

  it('an instruction that faults after MOV SS: its fault first, then the breakpoint at the handler', async () => {
    const seen = await events(
      `${WATCH_CELL} movw cell(%rip), %ss\n a: ud2\n b: ${UNWATCH}`,
      slice,
      'cmpq $6, 16(%rsp)\n jne 1f\n addq $2, 32(%rsp)\n 1:',
    );
    expect(seen).toEqual([
      [1, 'stub6', 2, 0],
      [6, 'a', 0, 1],
    ]);
  });

  it('INT n and INT3 after MOV SS: the breakpoint at the first instruction of the handler', async () => {
    const seen = await events(
      `${WATCH_CELL} movw cell(%rip), %ss\n int $0x20\n a: movw cell(%rip), %ss\n int3\n b: ${UNWATCH}`,
      slice,
    );
    expect(seen).toEqual([
      [1, 'stub32', 2, 0],
      [32, 'a', 0, 0],
      [1, 'stub3', 2, 0],
      [3, 'b', 0, 0],
    ]);
  });

  it('INT 1 after MOV SS: two events; INT1 takes the breakpoint along', async () => {
    const seen = await events(
      `${WATCH_CELL} movw cell(%rip), %ss\n int $1\n a: movw cell(%rip), %ss\n .byte 0xf1\n b: ${UNWATCH}`,
      slice,
    );
    expect(seen).toEqual([
      [1, 'stub1', 2, 0],
      [1, 'a', 0, 0],
      [1, 'b', 2, 0],
    ]);
  });

  it('the single-step trap of MOV SS is dropped, also before INT1', async () => {
    const seen = await events(`movl %ss, %ecx\n ${SET_TF} movl %ecx, %ss\n .byte 0xf1\n a: ${CLEAR_TF} popfq`, slice);
    expect([seen[0], seen.at(-1)]).toEqual([
      [1, 'a', 0, 0],
      [1, 'done', 0x4000, 0],
    ]);
  });

  it('an instruction breakpoint after MOV SS is not met', async () => {
    const seen = await events(
      `leaq a(%rip), %rax\n movq %rax, %dr0\n movl $0x402, %eax\n movq %rax, %dr7\n movl %ss, %ecx\n movl %ecx, %ss\n a: nop\n ${UNWATCH}`,
      slice,
    );
    expect(seen).toEqual([]);
  });

  it('the second of two loads of SS casts no shadow', async () => {
    const seen = await events(
      `movl %ss, %ecx\n ${SET_TF} movl %ecx, %ss\n movl %ecx, %ss\n a: ${CLEAR_TF} popfq`,
      slice,
    );
    expect(seen[0]).toEqual([1, 'a', 0x4000, 0]);
  });

  it('STI does not put the single-step trap off, and HLT ends with it', async () => {
    const seen = await events(`${SET_TF} sti\n a: hlt\n b: ${CLEAR_TF} popfq\n cli`, slice);
    expect(seen.slice(0, 2)).toEqual([
      [1, 'a', 0x4000, 0],
      [1, 'b', 0x4000, 0],
    ]);
  });

  it('INT n with TF set: no trap on the way in, one after the instruction that IRET returns to', async () => {
    const seen = await events(`${SET_TF} int $0x20\n a: nop\n b: ${CLEAR_TF} popfq`, slice);
    expect(seen.slice(0, 2)).toEqual([
      [32, 'a', 0, 0],
      [1, 'b', 0x4000, 0],
    ]);
  });

  it('a software interrupt pushes RF clear although IRET had set it; a fault pushes it set', async () => {
    const iret = (target: string) =>
      `movq %rsp, %rcx\n pushq $0x10\n pushq %rcx\n pushq $0x10002\n pushq $8\n leaq ${target}(%rip), %rax\n pushq %rax\n iretq\n`;
    const seen = await events(`${iret('a')} a: int $0x20\n b: nop`, slice);
    expect(seen).toEqual([[32, 'b', 0, 0]]);
  });

  it('DEBUGCTL.BTF steps from branch to branch and is cleared by #DB', async () => {
    const seen = await events(
      `${BTF} ${SET_TF} nop\n cmpl %eax, %eax\n jne b\n nop\n je b\n nop\n b: nop\n c: ${CLEAR_TF} popfq\n rdmsr`,
      slice,
    );
    expect(seen.slice(0, 2)).toEqual([
      [1, 'b', 0x4000, 0],
      [1, 'c', 0x4000, 0],
    ]);
  });

  it('BTF counts a branch to the next instruction, and a repeated instruction as none', async () => {
    const seen = await events(
      `${BTF} leaq sixes+256(%rip), %rdi\n ${SET_TF} movl $3, %ecx\n rep stosb\n jmp b\n b: ${CLEAR_TF} popfq`,
      slice,
    );
    expect(seen[0]).toEqual([1, 'b', 0x4000, 0]);
  });

  it('an instruction that faults has not hit its data breakpoint', async () => {
    const seen = await events(
      `leaq cell(%rip), %rsi\n ${WATCH_CELL} movabsq $0x123400000000, %rdi\n a: movsq\n b: ${UNWATCH}`,
      slice,
      'cmpq $14, 16(%rsp)\n jne 1f\n addq $2, 32(%rsp)\n 1:',
    );
    expect(seen).toEqual([[14, 'a', 0, 1]]);
  });
});
