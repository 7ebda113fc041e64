# supervisor-shadow-stack: a kernel turns on its shadow stack, and a smashed return address is caught.
#
# With shadow stacks on, CALL pushes the return address twice: on the ordinary stack, and on the shadow stack, which
# ordinary stores cannot reach. RET pops both and compares. When they differ, the processor raises the
# control-protection exception, #CP, before the RET takes effect (SDM Vol. 1, "Control-flow Enforcement Technology").
#
# The guest starts in 64-bit mode at CPL 0 and makes its own page tables, GDT and IDT.

    .equ PTE_P, 1 << 0              # Page-table entries: present,
    .equ PTE_RW, 1 << 1             # writable,
    .equ PTE_D, 1 << 6              # dirty,
    .equ PTE_PS, 1 << 7             # a 2-MiB page.
    .equ CR4_CET, 1 << 23
    .equ IA32_S_CET, 0x6a2          # CET for CPL 0, 1 and 2.
    .equ IA32_PL0_SSP, 0x6a4        # Where the shadow stack of CPL 0 begins.
    .equ SH_STK_EN, 1 << 0          # IA32_S_CET: shadow stacks on.
    .equ CPUID_CET_SS, 1 << 7       # CPUID.(7,0):ECX.
    .equ CP_VECTOR, 21
    .equ COM1, 0x3f8
    .equ DEBUG_EXIT, 0xf4

    .text
    .globl _start
_start:
    leaq stack_top(%rip), %rsp

    # 8 data bits, no parity, one stop bit: the line control register of the serial port.
    movw $COM1 + 3, %dx
    movb $3, %al
    outb %al, %dx

    # Does this processor have shadow stacks? Leaf 7 must exist before it is asked.
    xorl %eax, %eax
    cpuid
    cmpl $7, %eax
    jb no_shadow_stacks
    movl $7, %eax
    xorl %ecx, %ecx
    cpuid
    testl $CPUID_CET_SS, %ecx
    jz no_shadow_stacks

    # A supervisor shadow-stack token at the base of the stack: 8 bytes that hold their own address, busy bit 0.
    # It is written now, while its page is still an ordinary writable one.
    leaq token(%rip), %rax
    movq %rax, (%rax)

    call map_memory
    call load_gdt_and_idt

# CR4.CET comes first: it switches on the whole feature. MOV to CR4 demands CR0.WP = 1, which it is.
enable_cet:
    movq %cr4, %rax
    orq $CR4_CET, %rax
    movq %rax, %cr4

    # Where SETSSBSY will find the token.
    movl $IA32_PL0_SSP, %ecx
    leaq token(%rip), %rax
    xorl %edx, %edx
    wrmsr

    # IA32_S_CET only after CR4.CET. From this WRMSR on every CALL uses SSP, and SSP is still 0: do not CALL here.
    movl $IA32_S_CET, %ecx
    movl $SH_STK_EN, %eax
    xorl %edx, %edx
    wrmsr

# SETSSBSY checks the token at IA32_PL0_SSP, sets its busy bit and loads SSP. A bad token is #CP(SETSSBSY).
switch_on:
    setssbsy

# Honest calls: each RET finds the same address on both stacks.
shadow_stack_on:
    call outer
    leaq honest(%rip), %rsi
    call print

# And one that is not. It never comes back here.
dishonest:
    call victim
not_reached:
    leaq survived(%rip), %rsi
    call print
    movl $1, %eax
    jmp exit

outer:
    call inner
    ret
inner:
    ret

# victim overwrites its own return address, as a buffer overflow would. The shadow stack still holds not_reached.
victim:
    leaq attacker(%rip), %rax
    movq %rax, (%rsp)
smashed_return:
    ret

# Where the attacker wants to go.
attacker:
    leaq survived(%rip), %rsi
    call print
    movl $1, %eax
    jmp exit

# The #CP handler. At entry the ordinary stack holds, from RSP up: error code, RIP, CS, RFLAGS, RSP, SS.
# An event without a change of CPL stays on the same shadow stack and pushes CS, LIP and the old SSP there.
control_protection:
    movq (%rsp), %rbx               # Error code: 1 is NEAR-RET.
    movq 8(%rsp), %r12              # RIP of the RET itself: #CP is a fault.
    rdsspq %rax
    movq (%rax), %rax               # The old SSP lies on top of the three.
    movq (%rax), %r13               # What the shadow stack expected.
    movq 32(%rsp), %rax             # RSP as it was at the RET,
    movq (%rax), %r14               # and what the ordinary stack held.

    leaq code_text(%rip), %rsi
    movq %rbx, %rdi
    call print_value
    leaq rip_text(%rip), %rsi
    movq %r12, %rdi
    call print_value
    leaq expected_text(%rip), %rsi
    movq %r13, %rdi
    call print_value
    leaq actual_text(%rip), %rsi
    movq %r14, %rdi
    call print_value
    xorl %eax, %eax

# exit: ends the run. EAX = 0 for success; the status is 2 * EAX + 1.
exit:
    outl %eax, $DEBUG_EXIT
1:  hlt
    jmp 1b

no_shadow_stacks:
    leaq lacking(%rip), %rsi
    call print
    movl $2, %eax
    jmp exit

# map_memory: page tables of our own. The first GiB is mapped to itself: the lowest 2 MiB in 4-KiB pages, because
# one of them becomes a shadow-stack page, the rest in 2-MiB pages.
map_memory:
    leaq page_directory_pointers(%rip), %rax
    orq $PTE_P | PTE_RW, %rax
    movq %rax, pml4(%rip)
    leaq page_directory(%rip), %rax
    orq $PTE_P | PTE_RW, %rax
    movq %rax, page_directory_pointers(%rip)

    leaq page_directory(%rip), %rdi
    movl $PTE_P | PTE_RW | PTE_PS, %eax
    movl $512, %ecx
1:  movq %rax, (%rdi)
    addq $0x200000, %rax
    addq $8, %rdi
    decl %ecx
    jnz 1b

    leaq page_table(%rip), %rax
    orq $PTE_P | PTE_RW, %rax
    movq %rax, page_directory(%rip)
    leaq page_table(%rip), %rdi
    movl $PTE_P | PTE_RW, %eax
    movl $512, %ecx
1:  movq %rax, (%rdi)
    addq $0x1000, %rax
    addq $8, %rdi
    decl %ecx
    jnz 1b

    # R/W = 0 with D = 1 is what makes a shadow-stack page (SDM Vol. 3A, "Access Rights"). No processor with CET
    # sets D in a read-only entry by itself, so an ordinary read-only page is never one by accident.
    leaq shadow_stack(%rip), %rax
    shrq $12, %rax
    leaq page_table(%rip), %rdi
    andq $~PTE_RW, (%rdi,%rax,8)
    orq $PTE_D, (%rdi,%rax,8)

    leaq pml4(%rip), %rax
    movq %rax, %cr3
    ret

# load_gdt_and_idt: flat segments with the selectors we already run on, and one interrupt gate, for #CP.
load_gdt_and_idt:
    lgdt gdt_pointer(%rip)
    leaq control_protection(%rip), %rax
    leaq idt + 16 * CP_VECTOR(%rip), %rdi
    movw %ax, (%rdi)                # Offset 15:0
    movw $0x08, 2(%rdi)             # Code segment
    movw $0x8e00, 4(%rdi)           # Present, DPL 0, 64-bit interrupt gate, no IST
    shrq $16, %rax
    movw %ax, 6(%rdi)               # Offset 31:16
    shrq $16, %rax
    movl %eax, 8(%rdi)              # Offset 63:32
    lidt idt_pointer(%rip)
    ret

# print_value: prints the string at RSI, then RDI in hexadecimal, then a new line. Changes RAX, RCX, RDX, RSI.
print_value:
    call print
    leaq digits_end(%rip), %rsi
    movl $16, %ecx
1:  movl %edi, %eax
    andl $15, %eax
    addb $'0', %al
    cmpb $'9', %al
    jbe 2f
    addb $'a' - '9' - 1, %al
2:  decq %rsi
    movb %al, (%rsi)
    shrq $4, %rdi
    decl %ecx
    jnz 1b
    leaq number(%rip), %rsi
    # Falls into print.

# print: sends the zero-terminated string at RSI to the serial port. Changes RAX, RDX and RSI.
print:
.Lnext:
    movw $COM1 + 5, %dx             # Line status register; bit 5: the transmitter can take a byte.
.Lwait:
    inb %dx, %al
    testb $0x20, %al
    jz .Lwait
    lodsb
    testb %al, %al
    jz .Ldone
    movw $COM1, %dx
    outb %al, %dx
    jmp .Lnext
.Ldone:
    ret

    .section .rodata
honest:        .asciz "Nested calls returned: both stacks agreed.\n"
survived:      .asciz "The smashed return was not caught.\n"
lacking:       .asciz "This processor has no shadow stacks: CPUID.(7,0):ECX[7] CET_SS is 0.\n"
code_text:     .asciz "#CP, error code "
rip_text:      .asciz "  RIP of the RET  "
expected_text: .asciz "  shadow stack    "
actual_text:   .asciz "  ordinary stack  "

    .data
number:     .ascii "0x"
digits:     .ascii "0000000000000000"
digits_end: .asciz "\n"

    .balign 8
gdt:
    .quad 0
    .quad 0x00af9b000000ffff        # 0x08: 64-bit code, DPL 0
    .quad 0x00cf93000000ffff        # 0x10: data, DPL 0
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .quad gdt
idt_pointer:
    .word idt_end - idt - 1
    .quad idt

    .bss
    .balign 4096
pml4:                    .skip 4096
page_directory_pointers: .skip 4096
page_directory:          .skip 4096
page_table:              .skip 4096

# One page of shadow stack. It grows down like any other stack; the token is its last 8 bytes.
shadow_stack:            .skip 4096 - 8
token:                   .skip 8

stack:                   .skip 4096
stack_top:
idt:                     .skip 16 * (CP_VECTOR + 1)
idt_end:
