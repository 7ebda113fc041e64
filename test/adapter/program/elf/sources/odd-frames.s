# Unwind tables written by hand: every CIE version and pointer format that readelf can follow, and rare instructions.
        .text
        .globl  _start
        .type   _start, @function
_start:
        .skip   0x10, 0x90
        .irp    name, absolute, udata4, sdata8, pcrel4, pcrel8, version1, version3, version4, wide
        .globl  \name
        .type   \name, @function
\name:  .skip   0x200, 0x90
        .size   \name, . - \name
        .endr

        # An entry: its CIE's label, then the two fields of its range, then instructions until `done`.
        .macro  cie name, encoding
        .balign 8
\name:  .4byte  \name\()_end - \name - 4
        .4byte  0
        .byte   1
        .asciz  "zR"
        .uleb128 1
        .sleb128 -8
        .byte   16
        .uleb128 1
        .byte   \encoding
        .byte   0x0c, 7, 8, 0x90, 1     # def_cfa rsp, 8; offset rip, 1
        .balign 8
\name\()_end:
        .endm
        .macro  fde name, cie
        .balign 8
fde_\name:
        .4byte  fde_\name\()_end - fde_\name - 4
        .4byte  . - \cie
        .endm
        .macro  done name
        .balign 8
fde_\name\()_end:
        .endm

        .section .eh_frame, "a", @progbits
        cie     cie_absolute, 0x00
        fde     absolute, cie_absolute
        .8byte  absolute, 0x200
        .uleb128 0
        .byte   0x01                    # set_loc
        .8byte  absolute + 0x30
        .byte   0x0e, 16, 0x2f, 3, 2    # def_cfa_offset 16; GNU_negative_offset_extended rbx, 2
        .byte   0x1d                    # MIPS_advance_loc8
        .8byte  0x21
        .byte   0x08, 3, 0x07, 6        # same_value rbx; undefined rbp
        done    absolute

        cie     cie_udata4, 0x03
        fde     udata4, cie_udata4
        .4byte  udata4, 0x200
        .uleb128 3                      # augmentation data that no letter names
        .byte   1, 2, 3
        .byte   0x04                    # advance_loc4
        .4byte  0x100
        .byte   0x0a, 0x0c, 6, 16, 0x83, 3      # remember_state; def_cfa rbp, 16; offset rbx, 3
        .byte   0x03                    # advance_loc2
        .2byte  0x80
        .byte   0x0a, 0x0d, 3, 0x05, 12, 4      # again; def_cfa_register rbx; offset_extended r12, 4
        .byte   0x41, 0x0b              # advance_loc 1; restore_state
        .byte   0x41, 0x0b
        done    udata4

        cie     cie_sdata8, 0x0c
        fde     sdata8, cie_sdata8
        .8byte  sdata8, 0x200
        .uleb128 0
        .byte   0x41, 0x0f, 2, 0x77, 0  # def_cfa_expression breg7
        .byte   0x02, 0x80, 0x0c, 6, 32 # advance_loc1; def_cfa rbp, 32
        .byte   0x41, 0x09, 13, 12      # register r13, r12
        done    sdata8

        cie     cie_pcrel4, 0x1b
        fde     pcrel4, cie_pcrel4
        .4byte  pcrel4 - ., 0x200
        .uleb128 0
        .byte   0x01
        .4byte  pcrel4 + 8 - .
        .byte   0x12, 6, 0x7d           # def_cfa_sf rbp, -3
        done    pcrel4

        cie     cie_pcrel8, 0x1c
        fde     pcrel8, cie_pcrel8
        .8byte  pcrel8 - ., 0x200
        .uleb128 0
        .byte   0x42, 0x13, 0x7c        # def_cfa_offset_sf -4
        done    pcrel8
        .4byte  0

        .section .debug_frame, "", @progbits
        .macro  plain name, version, extra:vararg
cie_\name:
        .4byte  cie_\name\()_end - cie_\name - 4
        .4byte  0xffffffff
        .byte   \version, 0
        \extra
        .uleb128 2
        .sleb128 -4
        .byte   16
        .byte   0x0c, 7, 8, 0x90, 2
        .balign 8
cie_\name\()_end:
        .4byte  fde_\name - . - 4
        .4byte  cie_\name - .debug_frame
        .8byte  \name, 0x200
        .byte   0x44, 0x0e, 24, 0x46, 0x14, 6, 8        # code factor 2: 8 bytes on; 12 more; val_offset rbp, 8
        .balign 8
fde_\name:
        .endm
        plain   version1, 1
        plain   version3, 3
        plain   version4, 4, .byte 8, 0
# The 64-bit format.
wide_cie:
        .4byte  0xffffffff
        .8byte  wide_cie_end - . - 8
        .8byte  0xffffffffffffffff
        .byte   3, 0
        .uleb128 1
        .sleb128 -8
        .uleb128 16
        .byte   0x0c, 7, 8, 0x90, 1
        .balign 8
wide_cie_end:
        .4byte  0xffffffff
        .8byte  wide_fde_end - . - 8
        .8byte  wide_cie - .debug_frame
        .8byte  wide, 0x200
        .byte   0x7f, 0x0e, 64, 0x7f, 0xc0 | 16         # advance_loc 63; def_cfa_offset 64; advance; restore rip
        .balign 8
wide_fde_end:
