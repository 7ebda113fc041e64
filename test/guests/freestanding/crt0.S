/* Entry of a freestanding C guest: `long64` state, then main() on a stack of our own, then its result to the exit port. */
        .section .text.start, "ax", @progbits
        .globl  _start
        .type   _start, @function
_start:
        .cfi_startproc
        .cfi_undefined rip
        endbr64
        xorl    %ebp, %ebp
        leaq    stack_top(%rip), %rsp
        call    main
        movl    %eax, %edi
        call    exit
        .cfi_endproc
        .size   _start, . - _start

        .bss
        .balign 16
stack:  .skip   0x40000
        .globl  stack_top
stack_top:
        .section .note.GNU-stack, "", @progbits
