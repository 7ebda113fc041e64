// SYNTAX TEST "source.x86asm" "Intel syntax with the C preprocessor"
#include <asm/msr.h>
// <-------- meta.preprocessor.x86asm keyword.control.preprocessor.x86asm
//       ^^^^^^^^^^^ meta.preprocessor.x86asm string.quoted.other.include.x86asm
#define RETURN(value) mov eax, value; ret
// <------- keyword.control.preprocessor.x86asm
//      ^^^^^^ entity.name.function.preprocessor.x86asm
//            ^^^^^^^ variable.parameter.preprocessor.x86asm
//                    ^^^ keyword.mnemonic.x86asm
//                        ^^^ variable.other.register.general.x86asm
//                                    ^^^ keyword.control.mnemonic.branch.x86asm
#  ifdef CET
// <---------- meta.preprocessor.x86asm
#  endif
// <-------- meta.preprocessor.x86asm
# if this is a comment, it has words after it
// <-------------------------------------------- comment.line.number-sign.x86asm
# define is a word in a comment only when no name follows, so this one is a directive
// <-------- meta.preprocessor.x86asm
        .intel_syntax noprefix
//      ^^^^^^^^^^^^^ keyword.control.directive.x86asm
start:  mov rax, qword ptr [rbx + rcx*8 - 0x10]
//      ^^^ keyword.mnemonic.x86asm
//          ^^^ variable.other.register.general.x86asm
//               ^^^^^^^^^ storage.type.size.x86asm
//                         ^ punctuation.section.brackets.x86asm
//                          ^^^ variable.other.register.general.x86asm
//                              ^ keyword.operator.arithmetic.x86asm
//                                   ^ keyword.operator.arithmetic.x86asm
//                                        ^^^^ constant.numeric.integer.hexadecimal.x86asm
        lea rsi, [rip + greeting]
//                ^^^ variable.other.register.pointer.x86asm
//                      ^^^^^^^^ variable.other.symbol.x86asm
        mov edi, offset greeting
//               ^^^^^^ storage.type.size.x86asm
        mov ax, 0ffh
//              ^^^^ constant.numeric.integer.hexadecimal.x86asm
        rdsspq rax
//      ^^^^^^ support.class.mnemonic.cet.x86asm
        VMPTRLD [rdi]
//      ^^^^^^^ support.function.mnemonic.vmx.x86asm
        xor eax, eax ; jmp short done
//      ^^^ keyword.mnemonic.x86asm
//                     ^^^ keyword.control.mnemonic.branch.x86asm
//                         ^^^^^ storage.type.size.x86asm
//                               ^^^^ variable.other.symbol.x86asm
        movzx eax, byte ptr fs:[rsi]
//                 ^^^^^^^^ storage.type.size.x86asm
//                          ^^ variable.other.register.segment.x86asm
        fld st(1)
//      ^^^ keyword.mnemonic.x86asm
//          ^^^^^ variable.other.register.vector.x86asm
k1:     inc dword ptr [k1]
// <-- entity.name.function.label.x86asm
//                     ^^ variable.other.symbol.x86asm
.Lretry: loop .Lretry
// <------- entity.name.function.label.x86asm
//       ^^^^ keyword.control.mnemonic.branch.x86asm
//            ^^^^^^^ variable.other.symbol.x86asm
