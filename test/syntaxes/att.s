# SYNTAX TEST "source.x86asm" "AT&T syntax"

# A comment line
# <- comment.line.number-sign.x86asm punctuation.definition.comment.x86asm
main:   endbr64
# <---- entity.name.function.label.x86asm
#   ^ punctuation.separator.label.x86asm
#       ^^^^^^^ support.class.mnemonic.cet.x86asm
        mov $0x10, %rax         # sixteen
#       ^^^ keyword.mnemonic.x86asm
#           ^ keyword.operator.immediate.x86asm
#            ^^^^ constant.numeric.integer.hexadecimal.x86asm
#                ^ punctuation.separator.x86asm
#                  ^^^^ variable.other.register.general.x86asm
#                               ^^^^^^^^^ comment.line.number-sign.x86asm
        movq message(%rip), %r10
#       ^^^^ keyword.mnemonic.x86asm
#            ^^^^^^^ variable.other.symbol.x86asm
#                    ^^^^ variable.other.register.pointer.x86asm
        wrssq %rax, 8(%rbx,%rcx,4)
#       ^^^^^ support.class.mnemonic.cet.x86asm
#                   ^ constant.numeric.integer.decimal.x86asm
#                          ^^^^ variable.other.register.general.x86asm
        vmlaunch; rstorssp (%rdi) // both
#       ^^^^^^^^ support.function.mnemonic.vmx.x86asm
#                 ^^^^^^^^ support.class.mnemonic.cet.x86asm
#                                 ^^^^^^^ comment.line.double-slash.x86asm
        notrack jmp *%rax
#       ^^^^^^^ support.class.prefix.cet.x86asm
#               ^^^ keyword.control.mnemonic.branch.x86asm
#                   ^ keyword.operator.indirect.x86asm
        lock cmpxchgq %rcx, (%rdx)
#       ^^^^ storage.modifier.prefix.x86asm
#            ^^^^^^^^ keyword.mnemonic.x86asm
        rep; movsb
#       ^^^ storage.modifier.prefix.x86asm
#            ^^^^^ keyword.mnemonic.x86asm
1:      jne 1b
# <- entity.name.function.label.local.x86asm
#       ^^^ keyword.control.mnemonic.branch.x86asm
#           ^^ entity.name.function.label.local.x86asm
        call test
#       ^^^^ keyword.control.mnemonic.branch.x86asm
#            ^^^^ variable.other.symbol.x86asm
        mov %cr4, %rax
#           ^^^^ variable.other.register.control.x86asm
        orq $CR4_CET, %rax
#            ^^^^^^^ variable.other.symbol.x86asm
        movaps %xmm15, %xmm0
#       ^^^^^^ keyword.mnemonic.x86asm
#              ^^^^^^ variable.other.register.vector.x86asm
        vpaddd %zmm1, %zmm2, %zmm3{%k1}{z}
#       ^^^^^^ keyword.mnemonic.vector.x86asm
#                                  ^^^ variable.other.register.vector.x86asm
        fldl -8(%rbp)
#       ^^^^ keyword.mnemonic.x86asm
        mov %fs:0x28, %rax      /* canary */
#           ^^^ variable.other.register.segment.x86asm
#                               ^^^^^^^^^^^^ comment.block.x86asm
        .ascii "a\n"
#       ^^^^^^ keyword.control.directive.x86asm
#              ^^^^ string.quoted.double.x86asm
#                ^^ constant.character.escape.x86asm
        .quad main + 4, 0b101, 017, 1f - .
#       ^^^^^ keyword.control.directive.x86asm
#             ^^^^ variable.other.symbol.x86asm
#                       ^^^^^ constant.numeric.integer.binary.x86asm
#                              ^^^ constant.numeric.integer.octal.x86asm
#                                   ^^ entity.name.function.label.local.x86asm
        .equ COM1, 0x3f8
#       ^^^^ keyword.control.directive.x86asm
#            ^^^^ variable.other.symbol.x86asm
SIZE = 64
# <---- variable.other.constant.x86asm
#    ^ keyword.operator.assignment.x86asm
        .section .shstk, "aw", @nobits
#                ^^^^^^ variable.other.symbol.x86asm
#                              ^^^^^^^ constant.language.section.x86asm
        .macro push_all first:req, rest=7
#       ^^^^^^ keyword.control.directive.x86asm
#              ^^^^^^^^ entity.name.function.macro.x86asm
#                       ^^^^^ variable.parameter.macro.x86asm
#                            ^^^^ storage.modifier.macro.x86asm
#                                       ^ constant.numeric.integer.decimal.x86asm
        push \first
#       ^^^^ keyword.mnemonic.x86asm
#            ^^^^^^ variable.parameter.macro.x86asm
        .endm
#       ^^^^^ keyword.control.directive.x86asm
        push_all %rax
#       ^^^^^^^^ entity.name.function.macro.call.x86asm
#                ^^^^ variable.other.register.general.x86asm
        mov $'a', %al
#            ^^^ constant.character.x86asm
