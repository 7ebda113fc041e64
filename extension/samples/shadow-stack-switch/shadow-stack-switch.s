# shadow-stack-switch: two coroutines, each with a shadow stack of its own.
#
# Who switches stacks must switch shadow stacks with them, or the next RET compares with somebody else's calls. RSTORSSP
# moves to a shadow stack that holds a restore token; SAVEPREVSSP leaves a restore token on the one that was left. No
# instruction writes SSP directly: without a valid token there is no way to a shadow stack.
#
# This sample is in Intel syntax.

    .intel_syntax noprefix

    .equ PTE_P, 1 << 0              # Page-table entries: present,
    .equ PTE_RW, 1 << 1             # writable,
    .equ PTE_D, 1 << 6              # dirty,
    .equ PTE_PS, 1 << 7             # a 2-MiB page.
    .equ CR4_CET, 1 << 23
    .equ IA32_S_CET, 0x6a2          # CET for CPL 0, 1 and 2.
    .equ IA32_PL0_SSP, 0x6a4        # Where the shadow stack of CPL 0 begins.
    .equ SH_STK_EN, 1 << 0          # IA32_S_CET: shadow stacks on,
    .equ WR_SHSTK_EN, 1 << 1        # WRSS may write to them.
    .equ CPUID_CET_SS, 1 << 7       # CPUID.(7,0):ECX.
    .equ TOKEN_64, 1                # Bit 0 of a restore token: it was made in 64-bit mode.

    .equ SAVED_RSP, 0               # A coroutine at rest: its RSP,
    .equ SAVED_TOKEN, 8             # and where its restore token is.

    .equ ROUNDS, 3
    .equ COM1, 0x3f8
    .equ DEBUG_EXIT, 0xf4

    .text
    .globl _start
_start:
    lea rsp, [rip + main_stack_top]

    # 8 data bits, no parity, one stop bit: the line control register of the serial port.
    mov dx, COM1 + 3
    mov al, 3
    out dx, al

    # Does this processor have shadow stacks? Leaf 7 must exist before it is asked.
    xor eax, eax
    cpuid
    cmp eax, 7
    jb no_shadow_stacks
    mov eax, 7
    xor ecx, ecx
    cpuid
    test ecx, CPUID_CET_SS
    jz no_shadow_stacks

    # The token at the base of the first shadow stack, written while its page is still an ordinary one.
    lea rax, [rip + main_token]
    mov [rax], rax

    call map_memory

# CR4.CET first, IA32_S_CET after it. Between that WRMSR and SETSSBSY there is no valid SSP, so no CALL.
enable_cet:
    mov rax, cr4
    or rax, CR4_CET
    mov cr4, rax
    xor edx, edx
    mov ecx, IA32_PL0_SSP
    lea rax, [rip + main_token]
    wrmsr
    mov ecx, IA32_S_CET
    mov eax, SH_STK_EN | WR_SHSTK_EN
    wrmsr
    setssbsy

# The second shadow stack is made with WRSS, the only store that may write to a shadow-stack page. It gets the return
# address that the first RET of the worker will pop, and below that a restore token: the address right above the token,
# with bit 0 set for 64-bit mode.
make_worker:
    lea rbx, [rip + worker_shadow_stack_top]
    lea rax, [rip + worker]
    wrssq [rbx - 8], rax
    lea rax, [rbx - 8 + TOKEN_64]
    wrssq [rbx - 16], rax
    lea rax, [rbx - 16]
    mov [rip + worker_state + SAVED_TOKEN], rax

    # Its ordinary stack holds what switch_to pops: RBX, RBP and the same return address.
    lea rbx, [rip + worker_stack_top]
    lea rax, [rip + worker]
    mov [rbx - 8], rax
    lea rax, [rbx - 24]
    mov [rip + worker_state + SAVED_RSP], rax

main:
    mov ebx, ROUNDS
main_round:
    lea rsi, [rip + main_text]
    call print
    lea rdi, [rip + main_state]
    lea rsi, [rip + worker_state]
    call switch_to
back_in_main:
    dec ebx
    jnz main_round

    lea rsi, [rip + finished]
    call print
    xor eax, eax

# exit: ends the run. EAX = 0 for success; the status is 2 * EAX + 1.
exit:
    out DEBUG_EXIT, eax
1:  hlt
    jmp 1b

# The other coroutine. It is entered by the RET of switch_to, not by a CALL, and never returns.
worker:
    lea rsi, [rip + worker_text]
    call print
    lea rdi, [rip + worker_state]
    lea rsi, [rip + main_state]
    call switch_to
back_in_worker:
    jmp worker

# switch_to: puts the running coroutine to rest in the state at RDI and continues the one at RSI.
switch_to:
    push rbp
    push rbx

    # SAVEPREVSSP will put our restore token 8 bytes below the SSP of now (which is 8-byte aligned, as 64-bit code
    # keeps it).
    rdsspq rax
    sub rax, 8
    mov [rdi + SAVED_TOKEN], rax
    mov [rdi + SAVED_RSP], rsp

    mov rsp, [rsi + SAVED_RSP]
    mov rax, [rsi + SAVED_TOKEN]

# RSTORSSP checks the token at RAX, sets SSP to that address and puts a previous-SSP token there: the SSP of before, with
# bit 1 set. A token that is not valid raises #CP(RSTORSSP).
restore:
    rstorssp qword ptr [rax]

# SAVEPREVSSP pops that token and writes a restore token to the stack that it names. Now both stacks are as they were,
# but for who runs.
save_previous:
    saveprevssp
switched:
    pop rbx
    pop rbp
    ret

no_shadow_stacks:
    lea rsi, [rip + lacking]
    call print
    mov eax, 2
    jmp exit

# map_memory: page tables of our own. The first GiB is mapped to itself: the lowest 2 MiB in 4-KiB pages, because
# two of them become shadow-stack pages, the rest in 2-MiB pages.
map_memory:
    lea rax, [rip + page_directory_pointers]
    or rax, PTE_P | PTE_RW
    mov [rip + pml4], rax
    lea rax, [rip + page_directory]
    or rax, PTE_P | PTE_RW
    mov [rip + page_directory_pointers], rax

    lea rdi, [rip + page_directory]
    mov eax, PTE_P | PTE_RW | PTE_PS
    mov ecx, 512
1:  mov [rdi], rax
    add rax, 0x200000
    add rdi, 8
    dec ecx
    jnz 1b

    lea rax, [rip + page_table]
    or rax, PTE_P | PTE_RW
    mov [rip + page_directory], rax
    lea rdi, [rip + page_table]
    mov eax, PTE_P | PTE_RW
    mov ecx, 512
1:  mov [rdi], rax
    add rax, 0x1000
    add rdi, 8
    dec ecx
    jnz 1b

    lea rdi, [rip + main_shadow_stack]
    call make_shadow_stack_page
    lea rdi, [rip + worker_shadow_stack]
    call make_shadow_stack_page

    lea rax, [rip + pml4]
    mov cr3, rax
    ret

# make_shadow_stack_page: R/W = 0 with D = 1 for the page at RDI (SDM Vol. 3A, "Access Rights"). Changes RAX and RDI.
make_shadow_stack_page:
    shr rdi, 12
    lea rax, [rip + page_table]
    and qword ptr [rax + rdi * 8], ~PTE_RW
    or qword ptr [rax + rdi * 8], PTE_D
    ret

# print: sends the zero-terminated string at RSI to the serial port. Changes RAX, RDX and RSI.
print:
.Lnext:
    mov dx, COM1 + 5                # Line status register; bit 5: the transmitter can take a byte.
.Lwait:
    in al, dx
    test al, 0x20
    jz .Lwait
    lodsb
    test al, al
    jz .Ldone
    mov dx, COM1
    out dx, al
    jmp .Lnext
.Ldone:
    ret

    .section .rodata
main_text:   .asciz "main\n"
worker_text: .asciz "  worker\n"
finished:    .asciz "Three rounds on two shadow stacks: every RET found its address.\n"
lacking:     .asciz "This processor has no shadow stacks: CPUID.(7,0):ECX[7] CET_SS is 0.\n"

    .bss
    .balign 4096
pml4:                    .skip 4096
page_directory_pointers: .skip 4096
page_directory:          .skip 4096
page_table:              .skip 4096

main_shadow_stack:       .skip 4096 - 8
main_token:              .skip 8
worker_shadow_stack:     .skip 4096
worker_shadow_stack_top:

main_stack:              .skip 4096
main_stack_top:
worker_stack:            .skip 4096
worker_stack_top:

main_state:              .skip 16
worker_state:            .skip 16
