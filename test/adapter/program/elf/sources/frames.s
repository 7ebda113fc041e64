# Call frame information that compilers rarely or never emit, and a line table made by as.
        .cfi_sections .eh_frame, .debug_frame
        .text
        .globl  _start, handler, saved
        .type   _start, @function
_start:
        .cfi_startproc
        .cfi_undefined rip
        call    saved
        call    handler
local:
        jmp     local
        .cfi_endproc
        .size   _start, . - _start

        .type   saved, @function
saved:
        .cfi_startproc
        .cfi_personality 0x1b, personality
        .cfi_lsda 0x1b, table
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbp, 0
        movq    %rsp, %rbp
        .cfi_def_cfa_register rbp
        pushq   %rbx
        .cfi_offset rbx, -24
        movq    %r12, %rax
        .cfi_register r12, rax
        testq   %rax, %rax
        je      1f
        .cfi_remember_state
        popq    %rbx
        .cfi_restore rbx
        leave
        .cfi_def_cfa rsp, 8
        .cfi_same_value rbp
        ret
        .cfi_restore_state
1:      .rept   3
        nop
        .cfi_adjust_cfa_offset 0
        .endr
        # DW_CFA_val_offset r13, 2; DW_CFA_val_offset_sf r14, -3; DW_CFA_offset_extended_sf r15, -4
        .cfi_escape 0x14, 13, 2, 0x15, 14, 0x7d, 0x11, 15, 0x7c
        popq    %rbx
        # DW_CFA_GNU_args_size 16; DW_CFA_expression rbx: breg7 -16; DW_CFA_val_expression r12: breg7 8
        .cfi_escape 0x2e, 16, 0x10, 3, 2, 0x77, 0x70, 0x16, 12, 2, 0x77, 8
        leave
        .cfi_def_cfa rsp, 8
        ret
        .cfi_endproc
        .size   saved, . - saved
        .skip   300, 0x90

        .type   handler, @function
handler:
        .cfi_startproc simple
        .cfi_signal_frame
        # CFA = *(rsp + 24), as after an interrupt: breg7 24, deref
        .cfi_escape 0x0f, 3, 0x77, 24, 0x06
        .cfi_offset rip, 0
        addq    $0, %rsp
        .skip   200, 0x90
        .cfi_escape 0x12, 7, 0x7c       # DW_CFA_def_cfa_sf rsp, -4 * -8
        nop
        .cfi_escape 0x13, 0x7b          # DW_CFA_def_cfa_offset_sf -5 * -8
        .skip   700, 0x90
        .cfi_escape 0x06, 16            # DW_CFA_restore_extended rip
        .cfi_def_cfa rsp, 40
        iretq
        .cfi_endproc
        .size   handler, . - handler
personality:
        ret
        .data
        .globl  marker
        .type   marker, @object
marker: .quad   _start
        .size   marker, . - marker
table:  .byte   0
        .set    magic, 0x1234
        .globl  magic
