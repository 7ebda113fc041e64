# hello: the smallest guest that says something and stops.
#
# The machine starts it in 64-bit mode ("start": "long64"): CPL 0, paging on, the first 4 GiB mapped to
# themselves, RSP on a valid stack, interrupts off. Only the serial port wants one setting.

    .equ COM1, 0x3f8            # The first serial port, a 16550.
    .equ LINE_CONTROL, COM1 + 3 # Its line control register,
    .equ LINE_STATUS, COM1 + 5  # and its line status register.
    .equ TRANSMIT_EMPTY, 0x20   # LSR bit 5: the transmitter can take a byte.
    .equ DEBUG_EXIT, 0xf4       # A write of n here ends the run with status 2n + 1.

    .text
    .globl _start
_start:
    movw $LINE_CONTROL, %dx
    movb $3, %al                # 8 data bits, no parity, one stop bit.
    outb %al, %dx

    leaq greeting(%rip), %rsi
    call print

# A write to the debug-exit port ends the run. The HLT is for a machine without that port.
exit:
    xorl %eax, %eax
    outl %eax, $DEBUG_EXIT
1:  hlt
    jmp 1b

# print: sends the zero-terminated string at RSI to the serial port.
# Changes RAX, RDX and RSI.
print:
.Lnext:
    movw $LINE_STATUS, %dx
.Lwait:
    inb %dx, %al
    testb $TRANSMIT_EMPTY, %al
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
greeting:
    .asciz "Hello from a guest in 64-bit mode.\n"
