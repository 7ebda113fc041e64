# vectors: SSE and VEX-encoded instructions in real-address, virtual-8086 and protected mode of 16 and 32 bits.

    .include "harnessModes.inc"

    .equ DATA, 0x60100
    .equ REAL_BASE, 0x60000
    .equ CR4_VALUE, 0x40600         # OSXSAVE, OSXMMEXCPT, OSFXSR

.macro BEGIN
    movl $CR4_VALUE, %eax
    movl %eax, %cr4
    xorl %ecx, %ecx
    xorl %edx, %edx
    movl $7, %eax
    xsetbv
    movl $DATA, %ebx
    movups (%ebx), %xmm0
    movups 16(%ebx), %xmm1
    movups 32(%ebx), %xmm2
    xorl %ecx, %ecx
    xorl %eax, %eax
.endm
.macro PLAIN
.endm
# EAX to EDI: the low half of XMM0 and of XMM1, and one of memory.
.macro RESULT
    movd %xmm0, %eax
    pshufd $0x39, %xmm0, %xmm0
    movd %xmm0, %edx
    movd %xmm1, %esi
    movl 0x40(%ebx), %edi
.endm
.macro TRY mode, enter, base, name, instruction
TEST \mode\()_\name
    BEGIN
    \enter
    movl $DATA-\base, %ebx
    \instruction
    RESULT
DONE
.endm
.macro MODE mode, enter, base
    TRY \mode, "\enter", \base, addps, "addps %xmm1, %xmm0"
    TRY \mode, "\enter", \base, movaps, "movaps 8(%ebx), %xmm0"
    TRY \mode, "\enter", \base, paddb, "paddb 16(%ebx), %xmm0"
    TRY \mode, "\enter", \base, pextrd, "pextrd $1, %xmm1, 0x40(%ebx)"
    TRY \mode, "\enter", \base, haddps, "haddps %xmm1, %xmm0"
    TRY \mode, "\enter", \base, crc32, "crc32l (%ebx), %ecx"
    TRY \mode, "\enter", \base, xgetbv, "xgetbv"
    TRY \mode, "\enter", \base, vzeroupper, ".byte 0xc5, 0xf8, 0x77"
    # VADDPS XMM0, XMM1, XMM2: short, long, and with a fourth bit of vvvv that these modes ignore.
    TRY \mode, "\enter", \base, vaddps, ".byte 0xc5, 0xf0, 0x58, 0xc2"
    TRY \mode, "\enter", \base, vaddps_long, ".byte 0xc4, 0xe1, 0x70, 0x58, 0xc2"
    TRY \mode, "\enter", \base, vaddps_v, ".byte 0xc4, 0xe1, 0x30, 0x58, 0xc2"
    # The same with VEX.B clear, which is one with it set; VEX.R or X clear are LDS and LES.
    TRY \mode, "\enter", \base, vaddps_b, ".byte 0xc4, 0xc1, 0x70, 0x58, 0xc2"
    # VMOVD with W = 1, from ECX.
    TRY \mode, "\enter", \base, vmovd_w, "movl $0x12345678, %ecx; .byte 0xc4, 0xe1, 0xf9, 0x6e, 0xc1"
    # VPADDB YMM0, YMM1, [EBX] or [BP+DI], and with a prefix that VEX does not allow.
    TRY \mode, "\enter", \base, vpaddb, ".byte 0xc5, 0xf5, 0xfc, 0x03"
    TRY \mode, "\enter", \base, vpaddb_66, ".byte 0x66, 0xc5, 0xf5, 0xfc, 0x03"
    TRY \mode, "\enter", \base, vpaddb_lock, ".byte 0xf0, 0xc5, 0xf5, 0xfc, 0x03"
    TRY \mode, "\enter", \base, vex_l, ".byte 0xc5, 0xfd, 0x6e, 0xc1"
    # VBLENDVPS with a fourth register of number 11, which is 3 here.
    TRY \mode, "\enter", \base, vblendvps, ".byte 0xc4, 0xe3, 0x71, 0x4a, 0xc2, 0xb0"
.endm

first_test:
    MODE real, REAL, REAL_BASE
    MODE v86, "V86 0x3002, CR4_VALUE", REAL_BASE
    MODE protected16, PROTECTED16, 0
    MODE protected32, PLAIN, 0
    MODE user32, USER, 0
    jmp all_done
