/*
 * An interrupt round trip by the local APIC: the processor sends itself an IPI and waits for its handler, which writes
 * EOI. With TIMER defined it is the APIC timer's, for which it waits in HLT; with X2APIC the registers are MSRs.
 */
        .set    vector, 0x40
        .set    apic, 0xfee00000
        .set    apic_base, 0x1b
        .set    spurious, 0xf0
        .set    eoi, 0xb0
        .set    command, 0x300
        .set    self_command, 0x3f0
        .set    to_self, 0x40000
        .set    timer, 0x320
        .set    initial_count, 0x380
        .set    divide, 0x3e0

        .macro  apic_write register, value
#ifdef X2APIC
        movl    $0x800 + (\register >> 4), %ecx
        movl    $\value, %eax
        xorl    %edx, %edx
        wrmsr
#else
        movl    $\value, \register(%r12)
#endif
        .endm
_start:
        .cfi_startproc
        .cfi_undefined rip
        leaq    stack_top(%rip), %rsp
        movb    $0xff, %al                      /* nothing from the 8259s */
        outb    %al, $0x21
        outb    %al, $0xa1
        gate    vector, handler
        movl    $apic, %r12d
#ifdef X2APIC
        movl    $apic_base, %ecx
        rdmsr
        orl     $0xc00, %eax
        wrmsr
#endif
        apic_write spurious, 0x1ff
#ifdef TIMER
        apic_write divide, 0xb                  /* by 1 */
        apic_write timer, vector                /* one shot */
#endif
        movq    bench_units(%rip), %r14
        xorl    %r13d, %r13d
        sti
        call    bench_begin
1:      leaq    1(%r13), %r15
#if defined TIMER
        cli
        apic_write initial_count, 1
        sti
        hlt
#elif defined X2APIC
        apic_write self_command, vector
#else
        apic_write command, (to_self+vector)
#endif
2:      cmpq    %r13, %r15
        jne     2b
        decq    %r14
        jnz     1b
        cli
        movq    bench_units(%rip), %rax
        jmp     finish
        .cfi_endproc
        .size   _start, . - _start

        .type   handler, @function
handler:
        incq    %r13
        apic_write eoi, 0
        iretq
        .size   handler, . - handler
