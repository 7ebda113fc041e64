# user-ibt: a program in ring 3 under shadow stacks and indirect-branch tracking (IBT) jumps where it must not.
#
# IBT makes an indirect CALL or JMP set the tracker to WAIT_FOR_ENDBRANCH. The next instruction must then be ENDBR64,
# which sets it back to IDLE; any other one raises the control-protection exception, #CP(ENDBRANCH).
#
# The guest is a kernel of one page and a program of one page. The kernel makes page tables, GDT, TSS and IDT, turns on
# CET for both rings and enters the program by IRETQ. The program prints through INT 80h and then goes wrong.

    .equ PTE_P, 1 << 0              # Page-table entries: present,
    .equ PTE_RW, 1 << 1             # writable,
    .equ PTE_US, 1 << 2             # for user mode,
    .equ PTE_D, 1 << 6              # dirty,
    .equ PTE_PS, 1 << 7             # a 2-MiB page.
    .equ CR4_CET, 1 << 23
    .equ IA32_U_CET, 0x6a0          # CET for CPL 3.
    .equ IA32_S_CET, 0x6a2          # CET for CPL 0, 1 and 2.
    .equ IA32_PL0_SSP, 0x6a4        # SSP when an event enters CPL 0.
    .equ IA32_PL3_SSP, 0x6a7        # SSP when CPL 3 is entered.
    .equ SH_STK_EN, 1 << 0          # IA32_x_CET: shadow stacks on,
    .equ ENDBR_EN, 1 << 2           # indirect-branch tracking on,
    .equ TRACKER, 1 << 11           # the tracker: 1 is WAIT_FOR_ENDBRANCH.
    .equ CPUID_CET_SS, 1 << 7       # CPUID.(7,0):ECX.
    .equ CPUID_CET_IBT, 1 << 20     # CPUID.(7,0):EDX.

    .equ KERNEL_CODE, 0x08          # Selectors of the GDT below.
    .equ KERNEL_DATA, 0x10
    .equ USER_DATA, 0x18 + 3        # RPL 3.
    .equ USER_CODE, 0x20 + 3
    .equ TASK_STATE, 0x28

    .equ CP_VECTOR, 21
    .equ SERVICE_VECTOR, 0x80
    .equ SERVICE_PRINT, 0           # INT 80h with this in EAX: print the string at RSI.
    .equ SERVICE_EXIT, 1            # And with this: end the run as a failure.

    .equ COM1, 0x3f8
    .equ DEBUG_EXIT, 0xf4

    .text
    .globl _start
_start:
    leaq kernel_stack_top(%rip), %rsp

    # 8 data bits, no parity, one stop bit: the line control register of the serial port.
    movw $COM1 + 3, %dx
    movb $3, %al
    outb %al, %dx

    # Are both halves of CET here? Leaf 7 must exist before it is asked.
    xorl %eax, %eax
    cpuid
    cmpl $7, %eax
    jb no_shadow_stacks
    movl $7, %eax
    xorl %ecx, %ecx
    cpuid
    testl $CPUID_CET_SS, %ecx
    jz no_shadow_stacks
    testl $CPUID_CET_IBT, %edx
    jz no_tracking

    # The kernel's shadow stack is empty but for its supervisor token: its own address, busy bit 0.
    leaq token(%rip), %rax
    movq %rax, (%rax)

    call map_memory
    call load_tables

# CR4.CET first, then the MSRs: IA32_S_CET and IA32_U_CET take effect only with CR4.CET = 1.
enable_cet:
    movq %cr4, %rax
    orq $CR4_CET, %rax
    movq %rax, %cr4

    xorl %edx, %edx                 # The high half of everything we write is 0.
    movl $IA32_PL0_SSP, %ecx
    leaq token(%rip), %rax
    wrmsr
    movl $IA32_PL3_SSP, %ecx
    leaq user_shadow_stack_top(%rip), %rax
    wrmsr
    movl $IA32_U_CET, %ecx
    movl $SH_STK_EN | ENDBR_EN, %eax
    wrmsr
    movl $IA32_S_CET, %ecx
    movl $SH_STK_EN, %eax
    wrmsr
    setssbsy                        # SSP = IA32_PL0_SSP; the token is busy now.

# To ring 3. IRETQ loads SSP from IA32_PL3_SSP and clears the busy bit of the token at the old SSP. That is why no CALL
# may be open here: SSP has to be the token's own address, or the next event from ring 3 finds the token still busy.
enter_user:
    pushq $USER_DATA                # SS
    leaq user_stack_top(%rip), %rax
    pushq %rax                      # RSP
    pushq $2                        # RFLAGS: only the bit that is always 1
    pushq $USER_CODE                # CS
    leaq user_start(%rip), %rax
    pushq %rax                      # RIP
    iretq

# INT 80h from ring 3. The processor has loaded RSP from the TSS and SSP from IA32_PL0_SSP, and set the token busy.
service:
    cmpl $SERVICE_PRINT, %eax
    jne service_exit
    call print
service_return:
    iretq
service_exit:
    movl $1, %eax
    jmp exit

# The #CP handler. At entry the stack holds, from RSP up: error code, RIP, CS, RFLAGS, RSP, SS.
# For ENDBRANCH the RIP is the target: the jump is done, and the instruction at its end is refused.
control_protection:
    movq (%rsp), %rbx               # Error code: 3 is ENDBRANCH.
    movq 8(%rsp), %r12
    movl $IA32_U_CET, %ecx
    rdmsr                           # The program's tracker is still waiting: #CP does not reset it.
    movl %eax, %r13d

    leaq code_text(%rip), %rsi
    movq %rbx, %rdi
    call print_value
    leaq rip_text(%rip), %rsi
    movq %r12, %rdi
    call print_value
    leaq expected_text(%rip), %rsi
    leaq no_landing_pad(%rip), %rdi
    call print_value
    leaq u_cet_text(%rip), %rsi
    movq %r13, %rdi
    call print_value
    leaq idle_text(%rip), %rsi
    testl $TRACKER, %r13d
    jz 1f
    leaq waiting_text(%rip), %rsi
1:  call print
    xorl %eax, %eax

# exit: ends the run. EAX = 0 for success; the status is 2 * EAX + 1.
exit:
    outl %eax, $DEBUG_EXIT
1:  hlt
    jmp 1b

no_shadow_stacks:
    leaq lacking_shadow_stacks(%rip), %rsi
    jmp 1f
no_tracking:
    leaq lacking_tracking(%rip), %rsi
1:  call print
    movl $2, %eax
    jmp exit

# map_memory: page tables of our own. The first GiB is mapped to itself: the lowest 2 MiB in 4-KiB pages, because
# four of them need rights of their own, the rest in 2-MiB pages. A page is for ring 3 only if U/S is 1 on every level.
map_memory:
    leaq page_directory_pointers(%rip), %rax
    orq $PTE_P | PTE_RW | PTE_US, %rax
    movq %rax, pml4(%rip)
    leaq page_directory(%rip), %rax
    orq $PTE_P | PTE_RW | PTE_US, %rax
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
    orq $PTE_P | PTE_RW | PTE_US, %rax
    movq %rax, page_directory(%rip)
    leaq page_table(%rip), %rdi
    movl $PTE_P | PTE_RW, %eax
    movl $512, %ecx
1:  movq %rax, (%rdi)
    addq $0x1000, %rax
    addq $8, %rdi
    decl %ecx
    jnz 1b

    # R/W = 0 with D = 1 makes a shadow-stack page; U/S says whose it is.
    leaq user_code(%rip), %rdi
    movl $PTE_P | PTE_US, %esi
    call map_page
    leaq user_stack(%rip), %rdi
    movl $PTE_P | PTE_US | PTE_RW, %esi
    call map_page
    leaq user_shadow_stack(%rip), %rdi
    movl $PTE_P | PTE_US | PTE_D, %esi
    call map_page
    leaq kernel_shadow_stack(%rip), %rdi
    movl $PTE_P | PTE_D, %esi
    call map_page

    leaq pml4(%rip), %rax
    movq %rax, %cr3
    ret

# map_page: gives the page at RDI the page-table bits in RSI. Changes RAX, RDX and RSI.
map_page:
    orq %rdi, %rsi
    movq %rdi, %rax
    shrq $12, %rax
    leaq page_table(%rip), %rdx
    movq %rsi, (%rdx,%rax,8)
    ret

# load_tables: GDT, TSS and IDT.
load_tables:
    # The base of the TSS is spread over its descriptor (SDM Vol. 3A, "TSS Descriptor").
    leaq task_state(%rip), %rax
    leaq tss_descriptor(%rip), %rdi
    movw %ax, 2(%rdi)               # Base 15:0
    shrq $16, %rax
    movb %al, 4(%rdi)               # Base 23:16
    movb %ah, 7(%rdi)               # Base 31:24
    shrq $16, %rax
    movl %eax, 8(%rdi)              # Base 63:32
    leaq kernel_stack_top(%rip), %rax
    movq %rax, task_state + 4(%rip) # RSP0: the stack of an event that comes from ring 3
    lgdt gdt_pointer(%rip)
    movl $TASK_STATE, %eax
    ltr %ax

    movl $CP_VECTOR, %edi
    leaq control_protection(%rip), %rax
    movl $0x8e00, %esi              # Present, DPL 0, 64-bit interrupt gate
    call set_gate
    movl $SERVICE_VECTOR, %edi
    leaq service(%rip), %rax
    movl $0xee00, %esi              # The same with DPL 3: ring 3 may use it with INT n
    call set_gate
    lidt idt_pointer(%rip)
    ret

# set_gate: makes the gate of vector RDI lead to RAX; ESI is its type word. Changes RAX and RDI.
set_gate:
    shlq $4, %rdi
    leaq idt(%rip), %rdx
    addq %rdx, %rdi
    movw %ax, (%rdi)                # Offset 15:0
    movw $KERNEL_CODE, 2(%rdi)
    movw %si, 4(%rdi)
    shrq $16, %rax
    movw %ax, 6(%rdi)               # Offset 31:16
    shrq $16, %rax
    movl %eax, 8(%rdi)              # Offset 63:32
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

# The program, alone in its page. Everything below runs in ring 3.
    .balign 4096, 0xcc
user_code:
user_start:
    leaq greet(%rip), %rax
good_call:
    call *%rax                      # Sets the tracker; greet begins with ENDBR64.
    leaq no_landing_pad(%rip), %rax
bad_jump:
    jmp *%rax                       # Sets the tracker too.
no_landing_pad:
    leaq not_caught(%rip), %rsi     # Not ENDBR64: #CP(ENDBRANCH) here, before it executes.
    movl $SERVICE_PRINT, %eax
    int $SERVICE_VECTOR
    movl $SERVICE_EXIT, %eax
    int $SERVICE_VECTOR

greet:
    endbr64
    leaq greeting(%rip), %rsi
    movl $SERVICE_PRINT, %eax
    int $SERVICE_VECTOR
    ret
    .balign 4096, 0xcc

    .section .rodata
greeting:              .asciz "Ring 3: called through a pointer, and landed on ENDBR64.\n"
not_caught:            .asciz "Ring 3: the jump past ENDBR64 was not caught.\n"
lacking_shadow_stacks: .asciz "This processor has no shadow stacks: CPUID.(7,0):ECX[7] CET_SS is 0.\n"
lacking_tracking:      .asciz "This processor has no indirect-branch tracking: CPUID.(7,0):EDX[20] CET_IBT is 0.\n"
code_text:             .asciz "#CP, error code   "
rip_text:              .asciz "  RIP             "
expected_text:         .asciz "  no_landing_pad  "
u_cet_text:            .asciz "  IA32_U_CET      "
waiting_text:          .asciz "  TRACKER: WAIT_FOR_ENDBRANCH\n"
idle_text:             .asciz "  TRACKER: IDLE\n"

    .data
number:     .ascii "0x"
digits:     .ascii "0000000000000000"
digits_end: .asciz "\n"

    .balign 8
gdt:
    .quad 0
    .quad 0x00af9b000000ffff        # KERNEL_CODE: 64-bit code, DPL 0
    .quad 0x00cf93000000ffff        # KERNEL_DATA: data, DPL 0
    .quad 0x00cff3000000ffff        # USER_DATA: data, DPL 3
    .quad 0x00affb000000ffff        # USER_CODE: 64-bit code, DPL 3
tss_descriptor:
    .quad 0x0000890000000067        # TASK_STATE: available 64-bit TSS, limit 67h; load_tables adds the base
    .quad 0
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

user_stack:              .skip 4096
user_stack_top:
user_shadow_stack:       .skip 4096
user_shadow_stack_top:
kernel_shadow_stack:     .skip 4096 - 8
token:                   .skip 8

kernel_stack:            .skip 4096
kernel_stack_top:
task_state:              .skip 104
    .balign 16
idt:                     .skip 16 * (SERVICE_VECTOR + 1)
idt_end:
