/** Stores into code, by everything that can store: the next instruction is always the one in memory. */
import { describe, expect, it } from 'vitest';
import { linear } from '../../../emulator/addresses.ts';
import { type GuestOptions, guest, runToEnd } from '../guest.ts';
import { P, put64, RW, Tables, US } from '../tables.ts';

/** Runs to HLT; RBX counts what the changed code did. */
async function result(source: string, options: GuestOptions = {}, slice = 1_000_000): Promise<bigint> {
  const { machine, image } = await guest(source, options);
  machine.setBreakpoints(slice < 10 ? [linear(image.entry + 0x40n)] : []);
  for (let ignoreBreakpointAtStart = false, left = 100_000; left > 0; left--) {
    const exit = machine.run(slice, { ignoreBreakpointAtStart });
    ignoreBreakpointAtStart = exit.kind === 'breakpoint';
    if (exit.kind === 'halted') return machine.readRegister('rbx');
    if (exit.kind !== 'budget' && exit.kind !== 'breakpoint') throw new Error(JSON.stringify(exit));
  }
  throw new Error('no end');
}

/** 1: mov $imm, %bl; the immediate is at 1b+1. */
const CASES: readonly (readonly [string, string, bigint])[] = [
  ['the next instruction', 'movb $7, 1f+1(%rip); 1: movb $1, %bl; hlt', 7n],
  ['the next instruction, from behind', 'jmp 2f; 1: movb $1, %bl; hlt; 2: movb $7, 1b+1(%rip); jmp 1b', 7n],
  [
    'the end of an instruction that is in two lines',
    '.balign 64; .skip 60, 0x90; movl $2, %ecx; 1: movl $0x01000001, %ebx; movb $7, 1b+4(%rip); loop 1b; hlt',
    0x700_0001n,
  ],
  ['its own loop', 'xorl %ebx, %ebx; movl $5, %ecx; 1: addl $1, %ebx; incb 1b+2(%rip); loop 1b; hlt', 15n],
  [
    'its own loop, after the branch is linked',
    'xorl %ebx, %ebx; movl $300, %ecx; 1: addl $1, %ebx; cmpl $100, %ecx; jne 2f; movb $0, 1b+2(%rip); 2: loop 1b; hlt',
    201n,
  ],
  [
    'the opcode of the instruction that stores',
    'movl $2, %ecx; xorl %ebx, %ebx; 1: movb $0x43, 2f(%rip); 2: nop; loop 1b; hlt',
    0n,
  ],
  [
    'by REP MOVSB',
    'leaq 3f(%rip), %rsi; leaq 1f(%rip), %rdi; movl $2, %ecx; rep movsb; 1: movb $1, %bl; hlt; 3: movb $7, %bl',
    7n,
  ],
  [
    'by REP STOSB over the instruction itself and what follows',
    'xorl %ebx, %ebx; leaq 1f(%rip), %rdi; movb $0xf4, %al; movl $20, %ecx; 1: rep stosb; movb $9, %bl; hlt; .skip 20, 0xf4',
    0n,
  ],
  [
    'by MOVUPS',
    'movups 3f(%rip), %xmm0; movups %xmm0, 1f(%rip); 1: movb $1, %bl; hlt; .skip 16, 0x90; 3: movb $7, %bl; hlt; .skip 16, 0x90',
    7n,
  ],
  ['over a page border, first byte', '.org 0xffa; movb $0xb7, 1f(%rip); 1: movb $1, %bl; hlt', 0x100n],
  [
    'on the second page of an instruction',
    'jmp 2f; .org 0xffe; 1: movl $1, %ebx; decl %ecx; jz 3f; ret; 3: hlt; 2: movl $2, %ecx; call 1b; movl $0x77, 1b+1(%rip); call 1b',
    0x77n,
  ],
  [
    'on the first page of an instruction',
    'jmp 2f; .org 0xffe; 1: movl $1, %ebx; decl %ecx; jz 3f; ret; 3: hlt; 2: movl $2, %ecx; call 1b; movb $0x66, 1b+1(%rip); call 1b',
    0x66n,
  ],
  [
    'with a locked instruction that is split over lines',
    'jmp 2f; .balign 64; .skip 61, 0x90; 1: movl $1, %ebx; decl %ecx; jz 3f; ret; 3: hlt; 2: movl $2, %ecx; call 1b; lock orl $0x42, 1b+1(%rip); call 1b',
    0x43n,
  ],
];

describe('self-modifying code', () => {
  it.each(CASES)('%s', async (_name, code, expected) => {
    const source = `_start: ${code.replaceAll(';', '\n')}`;
    expect(await result(source)).toBe(expected);
    expect(await result(source, {}, 1)).toBe(expected);
    expect(await result(source, {}, 3)).toBe(expected);
  });

  it('in 32-bit code', async () => {
    const source = '_start: xorl %ebx, %ebx\n movl $5, %ecx\n 1: addl $1, %ebx\n incb 1b+2\n loop 1b\n hlt';
    expect(await result(source, { start: 'protected32' })).toBe(15n);
    expect(await result(source, { start: 'protected32' }, 1)).toBe(15n);
  });

  it('through another name of the page', async () => {
    const { machine } = await guest(`_start:
      movl $5, %ecx
      xorl %ebx, %ebx
  1:  addl $1, %ebx
      incb 0x70000000 + (1b + 2 - 0x100000)
      loop 1b
      hlt`);
    const tables = new Tables(machine);
    for (let page = 0n; page < 0x20_0000n; page += 0x1000n) tables.map(page, page, P | RW | US);
    tables.map(0x7000_0000n, 0x10_0000n, P | RW);
    machine.writeRegister('cr3', tables.root);
    expect(runToEnd(machine).kind).toBe('halted');
    expect(machine.readRegister('rbx')).toBe(15n);
  });

  it("by the debugger's writes, at a breakpoint, inside a linked loop", async () => {
    const { machine, at } = await guest(
      '_start: xorl %ebx, %ebx\nagain: addl $1, %ebx\ncheck: cmpl $40, %ebx\n jb again\n hlt',
    );
    machine.setBreakpoints([linear(at('check'))]);
    for (let i = 0; i < 5; i++) machine.run(1000, { ignoreBreakpointAtStart: true });
    expect(machine.readRegister('ebx')).toBe(5n);
    expect(machine.writeLinear(linear(at('again') + 2n), Uint8Array.of(10))).toBeUndefined();
    expect(machine.run(1000, { ignoreBreakpointAtStart: true }).kind).toBe('breakpoint');
    expect(machine.readRegister('ebx')).toBe(15n);
    // The instruction under the breakpoint itself: cmpl $40 becomes cmpl $15.
    machine.writeLinear(linear(at('check') + 2n), Uint8Array.of(15));
    expect(machine.run(1000, { ignoreBreakpointAtStart: true }).kind).toBe('halted');
    expect(machine.readRegister('ebx')).toBe(15n);
  });

  it("by the page walker's accessed bit", async () => {
    const { machine } = await guest(`_start:
      movl $0x180800, %eax
      call 0x18000f - 8
      movl %ebx, %edx
      movb 0x70001000, %cl
      call 0x18000f - 8
      hlt`);
    const tables = new Tables(machine);
    for (let page = 0n; page < 0x20_0000n; page += 0x1000n) tables.map(page, page, P | RW | US);
    const entry = tables.entry(0x7000_1000n, 1);
    tables.map(0x18_0000n, entry & ~0xfffn, P | RW);
    machine.writeRegister('cr3', tables.root);
    // bb imm32: mov $entry's low half, %ebx; 00 00: add %al, (%rax); 90: nop; 40 c2 00 00: ret $0. The entry's bits
    // 62:52 are ignored, and its neighbours are not present.
    put64(machine, entry - 8n, 0xbb90_9090_9090_9090n);
    put64(machine, entry, 0x4090_0000_0010_0003n);
    put64(machine, entry + 8n, 0xc2n);
    expect(runToEnd(machine).kind).toBe('halted');
    expect(machine.readRegister('rdx')).toBe(0x10_0003n);
    expect(machine.readRegister('rbx')).toBe(0x10_0023n);
  });
});
