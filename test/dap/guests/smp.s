# Two processors: the first sends INIT and SIPI, the second starts in real-address mode and sets a flag.
    .equ DEBUG_EXIT, 0xf4
    .equ APIC, 0xfee00000
    .equ ICR_LOW, APIC + 0x300
    .equ ICR_HIGH, APIC + 0x310
    .equ AP_STACK, 0x7000
    __origin = 0x8000

    .text
    .code16
ap_start:
    movw $AP_STACK, %sp
    call announce
after_announce:
    int $0x21
after_int:
    hlt
    jmp after_int

announce:
    pushw %ax
    movb $1, flag
announced:
    popw %ax
    ret

dos:
    movb $2, flag
dos_done:
    iret

    .code64
    .globl _start
_start:
    movl $dos - ap_start, %eax          # the real-mode vector 0x21: 0800:dos
    orl $0x08000000, %eax
    movl %eax, 0x21 * 4
    movl $APIC + 0xf0, %edx
    movl $0x1ff, (%rdx)                 # software enable
    movl $ICR_HIGH, %edx
    movl $0x01000000, (%rdx)            # to APIC id 1
    movl $ICR_LOW, %edx
    movl $0x4500, (%rdx)                # INIT, assert
before_sipi:
    movl $0x4608, (%rdx)                # SIPI, vector 08h: 0800:0000
wait:
    pause
    cmpb $2, flag
    jne wait
woken:
    movl $5, %eax
    outl %eax, $DEBUG_EXIT
    hlt

    .data
flag:
    .byte 0
