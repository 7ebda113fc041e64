/* A guest in Intel syntax
   with the C preprocessor. */
#include "msr.h"
#define SAVE(reg) push reg; \
                  push rbp
#ifdef CET
# include <cet.h>
#endif

    .intel_syntax noprefix
    .text
switch_to:
    SAVE(rbx)
    mov [rdi + 8], rsp
    mov rsp, qword ptr [rsi + rcx*8 - 0x10]
    rstorssp [rsi]
    saveprevssp
    lea rax, [rip + done]
    mov edi, offset message
    movzx eax, byte ptr fs:[rax]
    vaddps ymm0, ymm1, ymmword ptr [rax]
    xacquire lock xadd [rdx], eax
    vmlaunch
    fld st(1)
    jmp short done
done:
    ret
