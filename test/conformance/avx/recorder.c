/*
 * Executes single VEX-encoded instructions with given registers and memory and writes what they left. Of one that faults:
 * the state that the signal's handler is shown, and the vector.
 * Input: u32 count, then cases; output: results in the same order. Layouts as in plan.ts.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

struct state {
    uint8_t ymm[6][32];
    uint8_t memory[64];
    uint64_t rax, rcx, rdx, flags;
    uint32_t mxcsr, vector;
};

static struct state *current;
static sigjmp_buf faulted;

/* The signal frame's image is that of XSAVE: its header at 512, the upper halves of YMM at 576. */
static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info;
    ucontext_t *c = context;
    const uint8_t *image = (const uint8_t *)c->uc_mcontext.fpregs;
    uint64_t present;
    memcpy(&present, image + 512, 8);
    memcpy(&current->mxcsr, image + 24, 4);
    for (int i = 0; i < 6; i++) {
        memset(current->ymm[i], 0, 32);
        if (present & 2) memcpy(current->ymm[i], image + 160 + 16 * i, 16);
        if (present & 4) memcpy(current->ymm[i] + 16, image + 576 + 16 * i, 16);
    }
    current->rax = c->uc_mcontext.gregs[REG_RAX];
    current->rcx = c->uc_mcontext.gregs[REG_RCX];
    current->rdx = c->uc_mcontext.gregs[REG_RDX];
    current->flags = c->uc_mcontext.gregs[REG_EFL];
    current->vector = c->uc_mcontext.gregs[REG_TRAPNO];
    siglongjmp(faulted, 1);
}

void run(struct state *state, void *code);
__asm__(
    ".globl run\n"
    "run:\n"
    "  push %rbx; push %rbp; push %r12; push %r13; push %r14\n"
    "  mov %rdi, %r12; mov %rsi, %r13\n"
    "  vzeroall\n"
    "  ldmxcsr 288(%r12)\n"
    "  vmovdqu (%r12), %ymm0; vmovdqu 32(%r12), %ymm1; vmovdqu 64(%r12), %ymm2\n"
    "  vmovdqu 96(%r12), %ymm3; vmovdqu 128(%r12), %ymm4; vmovdqu 160(%r12), %ymm5\n"
    "  lea 192(%r12), %rbx\n"
    "  mov 256(%r12), %rax; mov 264(%r12), %rcx; mov 272(%r12), %rdx\n"
    "  mov %rbx, %rdi\n"
    "  push $2; popf\n"
    "  call *%r13\n"
    "  pushf; pop %r14\n"
    "  mov %r14, 280(%r12)\n"
    "  vmovdqu %ymm0, (%r12); vmovdqu %ymm1, 32(%r12); vmovdqu %ymm2, 64(%r12)\n"
    "  vmovdqu %ymm3, 96(%r12); vmovdqu %ymm4, 128(%r12); vmovdqu %ymm5, 160(%r12)\n"
    "  mov %rax, 256(%r12); mov %rcx, 264(%r12); mov %rdx, 272(%r12)\n"
    "  stmxcsr 288(%r12)\n"
    "  movl $0x1f80, -8(%rsp); ldmxcsr -8(%rsp)\n"
    "  vzeroupper\n"
    "  pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "  ret\n");

int main(int argc, char **argv)
{
    if (argc != 3) return 2;
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    for (int i = 0; i < 4; i++) sigaction((int[]){SIGILL, SIGSEGV, SIGFPE, SIGBUS}[i], &action, 0);
    FILE *in = fopen(argv[1], "rb"), *out = fopen(argv[2], "wb");
    uint32_t count, length;
    uint8_t *code = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct state *state = aligned_alloc(64, 320);
    if (!in || !out || code == MAP_FAILED || !state || fread(&count, 4, 1, in) != 1) return 1;
    while (count--) {
        uint8_t bytes[16];
        if (fread(&length, 4, 1, in) != 1 || fread(bytes, 16, 1, in) != 1) return 1;
        if (fread(state, sizeof *state, 1, in) != 1) return 1;
        memcpy(code, bytes, length);
        code[length] = 0xc3;
        current = state;
        if (sigsetjmp(faulted, 1) == 0) run(state, code);
        else __asm__ volatile("movl $0x1f80, -8(%rsp); ldmxcsr -8(%rsp); vzeroupper");
        if (fwrite(state, sizeof *state, 1, out) != 1) return 1;
    }
    fclose(in);
    return fclose(out) != 0;
}
