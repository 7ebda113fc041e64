# An exception without an IDT.
    .globl _start
_start:
    lidt nothing(%rip)
    ud2

    .data
nothing:
    .word 0
    .quad 0
