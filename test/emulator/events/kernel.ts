/**
 * A small kernel for tests of events: GDT with both rings, a TSS, an IDT whose gates all lead to one handler that
 * writes a record of each event and goes on as the test says.
 *
 * A record is 8 quadwords: vector, error code (or -1), RIP, CS, RFLAGS, RSP, SS, RSP inside the handler.
 */
import { type Guest, guest, read64 } from '../guest.ts';

export interface EventRecord {
  readonly vector: number;
  readonly error: bigint;
  readonly rip: bigint;
  readonly cs: number;
  readonly rflags: bigint;
  readonly rsp: bigint;
  readonly ss: number;
  readonly handlerRsp: bigint;
}

const WITH_ERROR = new Set([8, 10, 11, 12, 13, 14, 17, 21]);
export const SELECTORS = { code0: 0x08n, data0: 0x10n, data3: 0x1bn, code3: 0x23n } as const;

const stubs = Array.from({ length: 48 }, (_, vector) =>
  [`stub${vector}:`, WITH_ERROR.has(vector) ? '' : 'pushq $-1', `pushq $${vector}`, 'jmp common'].join('\n'),
).join('\n');

/**
 * @param body starts at `main`, CPL 0; ends by HLT
 * @param resume code at each event's end: RAX and RDX are free, 8(%rsp) … is the frame with its error code on top
 */
export async function kernel(body: string, resume = '', after = ''): Promise<Guest> {
  const gates = Array.from(
    { length: 48 },
    (_, v) => `gate ${v}, stub${v}, ${v >= 32 || v === 3 || v === 4 ? 0xee : 0x8e}`,
  );
  return guest(`
    .macro gate vector, handler, type
    leaq \\handler(%rip), %rax
    movw %ax, idt + \\vector * 16(%rip)
    movw $8, idt + \\vector * 16 + 2(%rip)
    movb $\\type, idt + \\vector * 16 + 5(%rip)
    shrq $16, %rax
    movw %ax, idt + \\vector * 16 + 6(%rip)
    .endm
_start:
    leaq records(%rip), %rax
    movq %rax, next(%rip)
    ${gates.join('\n    ')}
    leaq tss(%rip), %rax
    movw %ax, gdt + 0x2a(%rip)
    shrq $16, %rax
    movb %al, gdt + 0x2c(%rip)
    lgdt gdtr(%rip)
    lidt idtr(%rip)
    movw $0x28, %ax
    ltr %ax
    xorl %eax, %eax
    xorl %edx, %edx
    jmp main
${stubs}
common:
    pushq %rax
    pushq %rdx
    movq next(%rip), %rdx
    ${[16, 24, 32, 40, 48, 56, 64].map((from, i) => `movq ${from}(%rsp), %rax\n movq %rax, ${i * 8}(%rdx)`).join('\n    ')}
    leaq 24(%rsp), %rax
    movq %rax, 56(%rdx)
    addq $64, next(%rip)
    ${resume}
    popq %rdx
    popq %rax
    addq $16, %rsp
    iretq
main:
    ${body}
${after}
    .data
    .align 16
gdt: .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff
    .quad 0x0000890000000067, 0, 0x00cffb000000ffff, 0x00cf13000000ffff
gdtr: .word 71
    .quad gdt
    .align 16
idt: .skip 768
idtr: .word 767
    .quad idt
    .align 16
tss: .long 0
rsp0: .quad ring0_stack, 0, 0, 0
ist1: .quad ist1_stack, 0x800000000000, 0x300000000000, 0, 0, 0, 0, 0
    .word 0, 0x68
    .align 16
    .skip 1024
ring0_stack:
    .skip 1024
ist1_stack:
    .skip 1024
ring3_stack:
next: .quad 0
records: .skip 64 * 64
`);
}

export function recordsOf({ machine, at }: Guest): EventRecord[] {
  const base = at('records');
  const count = Number((read64(machine, at('next')) - base) / 64n);
  return Array.from({ length: count }, (_, i) => {
    const word = (n: number) => read64(machine, base + BigInt(i * 64 + n * 8));
    return {
      vector: Number(word(0)),
      error: BigInt.asIntN(64, word(1)),
      rip: word(2),
      cs: Number(word(3)),
      rflags: word(4),
      rsp: word(5),
      ss: Number(word(6)),
      handlerRsp: word(7),
    };
  });
}
