/*
 * Entry of a freestanding C guest, in the `long64` state or, for a 32-bit one, `protected32`: main() on a stack of our
 * own, then its result to the exit port.
 */
        .section .text.start, "ax", @progbits
        .globl  _start
        .type   _start, @function
_start:
        .cfi_startproc
#ifdef __x86_64__
        .cfi_undefined rip
        endbr64
        xorl    %ebp, %ebp
        leaq    stack_top(%rip), %rsp
        call    main
        movl    %eax, %edi
        call    exit
#else
        .cfi_undefined eip
        endbr32
        xorl    %ebp, %ebp
        movl    $stack_top - 12, %esp           /* 16-byte alignment at the call of exit, too */
        call    main
        pushl   %eax
        call    exit
#endif
        .cfi_endproc
        .size   _start, . - _start

        .bss
        .balign 16
stack:  .skip   0x40000
        .globl  stack_top
stack_top:
        .section .note.GNU-stack, "", @progbits
