/** #AC in ring 3 (SDM Vol. 3A §7.15, vector 17). What is asked here an AMD EPYC answers alike, but for MOVUPS and SGDT. */
import { describe, expect, it } from 'vitest';
import { runToEnd } from '../guest.ts';
import { kernel, recordsOf } from './kernel.ts';

const CHECKED: readonly (readonly [instruction: string, alignment: number])[] = [
  ['movw (%rbx), %ax', 2],
  ['movl (%rbx), %eax', 4],
  ['movq (%rbx), %rax', 8],
  ['movb (%rbx), %al', 1],
  ['addq $1, (%rbx)', 8],
  ['xchgl %eax, (%rbx)', 4],
  ['btl $0, (%rbx)', 4],
  ['cmpxchg8b (%rbx)', 8],
  ['movnti %eax, (%rbx)', 4],
  ['movq %rbx, %rsp; pushq %rax', 8],
  ['movq %rbx, %rsp; pushw %ax', 2],
  ['movq %rbx, %rsp; call 1f; 1:', 8],
  ['movq %rbx, %rsi; lodsq', 8],
  ['movq %rbx, %rdi; stosl', 4],
  ['movss (%rbx), %xmm0', 4],
  ['movsd (%rbx), %xmm0', 8],
  ['movq (%rbx), %xmm0', 8],
  ['movhps (%rbx), %xmm0', 8],
  ['cvtps2pd (%rbx), %xmm0', 8],
  // May or may not be checked for less than 8 bytes, says the SDM; the AMD wants 16.
  ['movups (%rbx), %xmm0', 8],
  ['stmxcsr (%rbx)', 4],
  ['paddb (%rbx), %mm0', 8],
  ['movd (%rbx), %mm0', 4],
  ['movq %mm0, (%rbx)', 8],
  ['movntq %mm0, (%rbx)', 8],
  ['cvtpi2pd (%rbx), %xmm0', 8],
  ['punpcklbw (%rbx), %mm0', 4],
  ['pinsrw $1, (%rbx), %mm0', 2],
  // The AMD does not check it.
  ['sgdt (%rbx)', 4],
  ['prefetcht0 (%rbx)', 1],
  ['clflush (%rbx)', 1],
];

const OPEN = `movq %cr3, %rcx\n orq $4, (%rcx)\n movq (%rcx), %rcx\n andq $-4096, %rcx\n orq $4, (%rcx)\n movq (%rcx), %rcx
  andq $-4096, %rcx\n orq $4, (%rcx)\n movq %cr3, %rcx\n movq %rcx, %cr3`;
const AM = 'movq %cr0, %rcx\n orl $0x40000, %ecx\n movq %rcx, %cr0';
const enter = (flags: string) =>
  `pushq $0x1b\n leaq ring3_stack(%rip), %rax\n pushq %rax\n pushq $${flags}\n pushq $0x23\n leaq user(%rip), %rax\n pushq %rax\n iretq\n user:`;

async function vectorOf(instruction: string, offset: number, prepare = AM, flags = '0x40002'): Promise<number> {
  const made = await kernel(
    `${OPEN}\n ${prepare}\n leaq cell+${offset}(%rip), %rbx\n ${enter(flags)}\n ${instruction.replaceAll(';', '\n')}\n int $0x20\n .data\n .balign 64\n .skip 64\n cell: .skip 64\n .text`,
    'hlt',
  );
  runToEnd(made.machine);
  const { vector, error } = recordsOf(made)[0]!;
  if (vector === 17) expect(error).toBe(0n);
  return vector;
}

describe('alignment checks in ring 3', () => {
  it.each(CHECKED)('%s to %i', async (instruction, alignment) => {
    for (const offset of [1, 2, 4, 8]) {
      expect(await vectorOf(instruction, offset), `at ${offset}`).toBe(offset % alignment === 0 ? 32 : 17);
    }
  });

  it('only with CR0.AM and RFLAGS.AC', async () => {
    expect(await vectorOf('movl 1(%rbx), %eax', 0, '')).toBe(32);
    expect(await vectorOf('movl 1(%rbx), %eax', 0, AM, '2')).toBe(32);
  });
});
