# Line tables written by hand with what the standard allows and compilers do not use.
        .text
        .globl  _start, second, third
        .type   _start, @function
_start: .skip   0x100, 0x90
        .size   _start, . - _start
        .type   second, @function
second: .skip   0x40, 0x90
        .size   second, . - second
        .type   third, @function
third:  .skip   0x80, 0x90
        .size   third, . - third

        .macro  set_address where
        .byte   0, 9, 2
        .8byte  \where
        .endm
        .macro  end_sequence
        .byte   0, 1, 1
        .endm

        .section .debug_line, "", @progbits
# Version 4: no statements by default, three opcodes unknown to readers, a file defined on the way.
        .4byte  end4 - start4
start4: .2byte  4
        .4byte  program4 - header4
header4:
        .byte   1, 1, 0, -5, 14, 16
        .byte   0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 2, 0, 1
        .asciz  "sub"
        .byte   0
        .asciz  "a.c"
        .uleb128 1
        .uleb128 0x12345678
        .uleb128 99999
        .byte   0
program4:
        set_address _start
        .byte   3                       # advance_line
        .sleb128 99
        .byte   1                       # copy
        .byte   6, 8, 1                 # negate_stmt, const_add_pc, copy
        .byte   9                       # fixed_advance_pc
        .2byte  3
        .byte   10, 11, 12, 5, 7, 1     # prologue_end, epilogue_begin, isa 5, basic_block, copy
        .byte   13, 0x80, 1, 0xff, 0x7f # unknown, two operands
        .byte   14, 15, 7               # unknown, none and one operand
        .byte   0, 5, 0x80, 1, 2, 3, 4  # an extended opcode of a vendor
        .byte   0, 2, 4, 9              # set_discriminator
        .byte   0, 6, 3                 # define_file, of the unit's directory
        .asciz  "b"
        .byte   0, 0, 0
        .byte   4, 2                    # set_file
        .byte   3
        .sleb128 -50
        .byte   5, 0x81, 1              # set_column 129
        .byte   16 + 9 * 14 + 5 + 3     # special: 9 addresses, 3 lines
        .byte   2                       # advance_pc 300 - what was used
        .uleb128 200
        .byte   0xff                    # special, the highest
        .byte   2
        .uleb128 1
        end_sequence
end4:
# Version 5: paths in each form, checksums and sizes between them.
        .4byte  end5 - start5
start5: .2byte  5
        .byte   8, 0
        .4byte  program5 - header5
header5:
        .byte   1, 1, 1, -3, 12, 13
        .byte   0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1
        .byte   1, 1, 8                 # directories: path as string
        .byte   3
        .asciz  "/guest/odd"
        .asciz  "sub"
        .asciz  "/elsewhere"
        .byte   5                       # files: path, size, MD5, time, directory
        .byte   1, 0x1f, 4, 0x0f, 5, 0x1e, 3, 9, 2, 5
        .byte   3
        .macro  file name, directory
        .4byte  \name
        .uleb128 70000
        .8byte  0x0123456789abcdef, 0xfedcba9876543210
        .byte   2, 1, 2
        .2byte  \directory
        .endm
        file    name0, 0
        file    name1, 1
        file    name2, 2
program5:
        set_address second
        .byte   1, 4, 0, 13 + 12 * 2 + 3 + 1
        .byte   4, 2, 13 + 12 * 3 + 3 + 2
        .byte   2, 0x20
        end_sequence
end5:
# Version 4 with four operations in an instruction of 16 bytes, in the 64-bit format.
        .4byte  0xffffffff
        .8byte  endv - startv
startv: .2byte  4
        .8byte  programv - headerv
headerv:
        .byte   16, 4, 1, -3, 12, 13
        .byte   0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1
        .byte   0
        .asciz  "v.c"
        .byte   0, 0, 0, 0
programv:
        set_address third
        .byte   1
        .byte   13 + 12 * 3 + 3 + 1     # three operations: still the first instruction
        .byte   13 + 12 * 2 + 3 + 1     # two more: the second
        .byte   2, 9                    # nine more
        .byte   1
        .byte   2, 4
        end_sequence
endv:
        .section .debug_line_str, "MS", @progbits, 1
name0:  .asciz  "zero.c"
name1:  .asciz  "one.c"
name2:  .asciz  "two.c"
