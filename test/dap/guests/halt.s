# HLT with interrupts off.
    .globl _start
_start:
    cli
    hlt
