# kernel32: runs the fuzzer's table of cases in legacy protected mode: 32-bit, 16-bit and virtual-8086 code, in ring 0 and
# ring 3. Every event is a task gate, so that no stack of the case is touched: the case's state is found in its TSS. The
# loop is a task of its own. Starts in flat 32-bit protected mode at its first byte.

    .include "layout.inc"

    .equ LOW_WINDOWS, COUNT + 4     # 1: the windows lie below 1 MiB, for virtual-8086 mode
    .equ KERNEL_CODE, 0x08
    .equ KERNEL_DATA, 0x10
    .equ LOOP_TASK, 0x28
    .equ CASE_TASK, 0x30
    .equ EVENT_TASKS, 0x100         # 33 descriptors: vectors 0 to 31, and one for all others
    .equ EVENTS, 33
    .equ OPTION_STATE, 1
    .equ OPTION_DIRECT, 2           # JMP to a TSS that holds the case; CR0.TS is set then

    .equ TSS_CR3, 28
    .equ TSS_EIP, 32
    .equ TSS_EFLAGS, 36
    .equ TSS_EAX, 40
    .equ TSS_ESP, 56
    .equ TSS_ES, 72
    .equ TSS_CS, 76
    .equ TSS_SS, 80
    .equ TSS_DS, 84
    .equ TSS_FS, 88
    .equ TSS_GS, 92
    .equ TSS_LDT, 96
    .equ TSS_MAP, 100
    .equ TSS_BYTES, 104

    .text
    .code32
    .globl _start
_start:
    cli
    lgdt gdt_pointer
    movl $KERNEL_DATA, %eax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl $stack_top, %esp
    movb $0xff, %al                 # No interrupt from outside.
    outb %al, $0x21
    outb %al, $0xa1

# Tables: the first 4 MiB in 4-KiB pages from 1 MiB on, then 4-MiB pages up to 128 MiB, all for the supervisor.
    movl $low_table + 7, directory
    movl $low_table + 256 * 4, %edi
    movl $0x100003, %eax
    movl $768, %ecx
1:  movl %eax, (%edi)
    addl $0x1000, %eax
    addl $4, %edi
    decl %ecx
    jnz 1b
    movl $directory + 4, %edi
    movl $0x400083, %eax
    movl $31, %ecx
1:  movl %eax, (%edi)
    addl $0x400000, %eax
    addl $4, %edi
    decl %ecx
    jnz 1b
    movl $tables + 7, directory + (CODE >> 22) * 4
    movl $tables + 0x1007, directory + (DATA >> 22) * 4
    movl $tables + 0x2007, directory + (STACK >> 22) * 4

# Where the six entries are.
    movl $entries, %edi
    movl $tables, %eax
    movl $0xffc, %edx
    cmpl $0, LOW_WINDOWS
    je 1f
    movl $low_table + 0x20 * 4, %eax
    movl $0x3c, %edx
1:  movl $3, %ecx
2:  movl %eax, (%edi)
    addl $4, %eax
    movl %eax, 4(%edi)
    addl %edx, %eax
    addl $8, %edi
    decl %ecx
    jnz 2b

    movl $0x618, %eax               # OSXMMEXCPT, OSFXSR, PSE, DE
    movl %eax, %cr4
    movl $directory, %eax
    movl %eax, %cr3
    movl $0x80050033, %eax          # PG, AM, WP, NE, ET, MP, PE
    movl %eax, %cr0
    ljmp $KERNEL_CODE, $1f
1:

# Descriptors of the tasks, gates, and what each event's task starts from.
    movl $gdt + LOOP_TASK, %edi
    movl $loop_task, %eax
    call put_task
    movl $gdt + CASE_TASK, %edi
    movl $case_task, %eax
    call put_task
    xorl %ebp, %ebp
1:  leal gdt + EVENT_TASKS(,%ebp,8), %edi
    imull $TSS_BYTES, %ebp, %eax
    addl $event_tasks, %eax
    call put_task
    movl %ebp, %edx
    call reset_event
    movl $directory, TSS_CR3(%eax)
    movl $KERNEL_CODE, TSS_CS(%eax)
    movl $KERNEL_DATA, TSS_SS(%eax)
    movl $KERNEL_DATA, TSS_DS(%eax)
    movl $KERNEL_DATA, TSS_ES(%eax)
    incl %ebp
    cmpl $EVENTS, %ebp
    jne 1b
    xorl %ecx, %ecx
    movl $idt, %edi
1:  movl %ecx, %eax
    cmpl $EVENTS - 1, %eax
    jbe 2f
    movl $EVENTS - 1, %eax
2:  shll $3, %eax
    addl $EVENT_TASKS, %eax
    shll $16, %eax
    movl %eax, (%edi)
    movl $0x8500, 4(%edi)
    leal -3(%ecx), %edx             # #BP and #OF may be called from ring 3.
    cmpl $2, %edx
    jae 3f
    movl $0xe500, 4(%edi)
3:  addl $8, %edi
    incl %ecx
    cmpl $256, %ecx
    jne 1b
    lidt idt_pointer
    movl $directory, loop_task + TSS_CR3
    movl $LOOP_TASK, %eax
    ltr %ax
    xorl %eax, %eax
    lldt %ax

    call refresh_tables
    movl $WINDOW_PAGES, %ecx
1:  leal -1(%ecx), %eax
    call restore_page
    decl %ecx
    jnz 1b
    movl $INPUT, input
    movl $OUTPUT, output

next_case:
    decl COUNT
    js exit
    call refresh_tables
    movl input, %esi
    addl $RECORD, input
    movl %esi, current
    movl IN_CODE_AT(%esi), %edi
    movl %edi, code_at
    movl (%esi), %eax
    movl %eax, (%edi)
    movl 4(%esi), %eax
    movl %eax, 4(%edi)
    movl 8(%esi), %eax
    movl %eax, 8(%edi)
    movl 12(%esi), %eax
    movl %eax, 12(%edi)
    movl IN_OPTIONS(%esi), %eax
    movl %eax, options
    clts
    testb $OPTION_STATE, %al
    jz 1f
    movzbl %ah, %eax
    shll $9, %eax
    fxrstor TEMPLATES(%eax)
1:  xorl %eax, %eax
    movl %eax, %cr2
    movl $0xffff0ff0, %eax
    movl %eax, %dr6
    movl $-1, vector
    movl $-1, error

    movl $case_task, %edi
    movl $0, (%edi)
    movl $directory, TSS_CR3(%edi)
    movl $0, TSS_LDT(%edi)
    movl $0x680000, TSS_MAP(%edi)   # No I/O map within the limit.
    testb $OPTION_DIRECT, options
    jnz 1f
    movl $launch, TSS_EIP(%edi)
    movl $2, TSS_EFLAGS(%edi)
    movl $launch_top, TSS_ESP(%edi)
    movl $KERNEL_CODE, TSS_CS(%edi)
    movl $KERNEL_DATA, TSS_SS(%edi)
    movl $KERNEL_DATA, TSS_DS(%edi)
    movl $KERNEL_DATA, TSS_ES(%edi)
    movl $0, TSS_FS(%edi)
    movl $0, TSS_GS(%edi)
    jmp 3f
1:  movl IN_IP(%esi), %eax
    movl %eax, TSS_EIP(%edi)
    movl IN_FLAGS(%esi), %eax
    movl %eax, TSS_EFLAGS(%edi)
    xorl %ecx, %ecx
2:  movl IN_GPR(%esi,%ecx,8), %eax
    movl %eax, TSS_EAX(%edi,%ecx,4)
    incl %ecx
    cmpl $8, %ecx
    jne 2b
    movzwl IN_CS(%esi), %eax
    movl %eax, TSS_CS(%edi)
    movzwl IN_SS(%esi), %eax
    movl %eax, TSS_SS(%edi)
    movzwl IN_DS(%esi), %eax
    movl %eax, TSS_DS(%edi)
    movzwl IN_ES(%esi), %eax
    movl %eax, TSS_ES(%edi)
    movzwl IN_FS(%esi), %eax
    movl %eax, TSS_FS(%edi)
    movzwl IN_GS(%esi), %eax
    movl %eax, TSS_GS(%edi)
3:  ljmp $CASE_TASK, $0

# Here the task of the event comes back to. The case's state is in its TSS.
    cld
    clts
    movl $case_task, %esi
    movl output, %edi
    movl vector, %eax
    movl %eax, OUT_VECTOR(%edi)
    movl error, %eax
    movl %eax, OUT_ERROR(%edi)
    movl %cr2, %eax
    movl %eax, OUT_CR2(%edi)
    movl %dr6, %eax
    movl %eax, OUT_DR6(%edi)
    movl TSS_EIP(%esi), %eax
    movl %eax, OUT_IP(%edi)
    movl TSS_EFLAGS(%esi), %eax
    movl %eax, OUT_FLAGS(%edi)
    xorl %ecx, %ecx
1:  movl TSS_EAX(%esi,%ecx,4), %eax
    movl %eax, OUT_GPR(%edi,%ecx,8)
    incl %ecx
    cmpl $8, %ecx
    jne 1b
    movw TSS_CS(%esi), %ax
    movw %ax, OUT_CS(%edi)
    movw TSS_SS(%esi), %ax
    movw %ax, OUT_SS(%edi)
    movw TSS_DS(%esi), %ax
    movw %ax, OUT_DS(%edi)
    movw TSS_ES(%esi), %ax
    movw %ax, OUT_ES(%edi)
    movw TSS_FS(%esi), %ax
    movw %ax, OUT_FS(%edi)
    movw TSS_GS(%esi), %ax
    movw %ax, OUT_GS(%edi)
    movb $0x89, gdt + CASE_TASK + 5 # Not busy
    movl vector, %edx
    cmpl $EVENTS, %edx
    jae 1f
    movb $0x89, gdt + EVENT_TASKS + 5(,%edx,8)
    call reset_event

1:  xorl %edx, %edx
    xorl %ebx, %ebx
    testb $OPTION_STATE, options
    jz 1f
    fxsave FXAREA
    movl $FXAREA, %esi
    movzwl 2(%esi), %ebx
    movw $0, 2(%esi)
    movw $0, 6(%esi)                # FOP, FIP, FDP
    movl $0, 8(%esi)
    movl $0, 12(%esi)
    movl $0, 16(%esi)
    movl $0, 20(%esi)
    movl $288 / 4, %ecx
2:  crc32l (%esi), %edx
    addl $4, %esi
    decl %ecx
    jnz 2b
1:  movl %edx, OUT_FX(%edi)
    movl %ebx, OUT_STATUS(%edi)

    xorl %edx, %edx
    movl $WINDOW_PAGES - 1, %ebp
1:  movl entries(,%ebp,4), %eax
    movl (%eax), %eax
    andl $0x60, %eax
    movb %al, OUT_PAGES(%edi,%ebp)
    testb $0x40, %al
    jz 2f
    movl %ebp, %esi
    shll $12, %esi
    addl $FRAMES, %esi
    movl $128, %ecx
3:  crc32l (%esi), %edx
    crc32l 4(%esi), %edx
    crc32l 8(%esi), %edx
    crc32l 12(%esi), %edx
    crc32l 16(%esi), %edx
    crc32l 20(%esi), %edx
    crc32l 24(%esi), %edx
    crc32l 28(%esi), %edx
    addl $32, %esi
    decl %ecx
    jnz 3b
    crc32l %ebp, %edx
    movl %ebp, %eax
    call restore_page
    movl output, %edi
2:  decl %ebp
    jns 1b
    movl %edx, OUT_MEMORY(%edi)
    movl code_at, %esi
    movl $0xcccccccc, (%esi)
    movl $0xcccccccc, 4(%esi)
    movl $0xcccccccc, 8(%esi)
    movl $0xcccccccc, 12(%esi)
    addl $RECORD, output
    jmp next_case

# launch: the case's task in ring 0, on its way into the case by IRET.
launch:
    clts
    movl current, %esi
    movl IN_FLAGS(%esi), %eax
    testl $0x20000, %eax            # Virtual-8086 mode
    jz 1f
    movzwl IN_GS(%esi), %ecx
    pushl %ecx
    movzwl IN_FS(%esi), %ecx
    pushl %ecx
    movzwl IN_DS(%esi), %ecx
    pushl %ecx
    movzwl IN_ES(%esi), %ecx
    pushl %ecx
    jmp 2f
1:  movw IN_ES(%esi), %es
    movw IN_FS(%esi), %fs
    movw IN_GS(%esi), %gs
    testb $3, IN_CS(%esi)
    jnz 2f
    movw IN_SS(%esi), %ss
    movl IN_GPR+32(%esi), %esp
    jmp 3f
2:  movzwl IN_SS(%esi), %ecx
    pushl %ecx
    pushl IN_GPR+32(%esi)
3:  pushl %eax
    movzwl IN_CS(%esi), %ecx
    pushl %ecx
    pushl IN_IP(%esi)
    movl IN_GPR(%esi), %eax
    movl IN_GPR+8(%esi), %ecx
    movl IN_GPR+16(%esi), %edx
    movl IN_GPR+24(%esi), %ebx
    movl IN_GPR+40(%esi), %ebp
    movl IN_GPR+56(%esi), %edi
    testl $0x20000, IN_FLAGS(%esi)
    jnz 4f
    movw IN_DS(%esi), %ds
4:  movl %cs:IN_GPR+48(%esi), %esi
    iretl

# An event's task: its vector lies above an error code, if there is one.
common:
    popl vector
    cmpl $event_top, %esp
    je 1f
    popl error
1:  ljmp $LOOP_TASK, $0

# put_task: a descriptor at EDI of an available TSS at EAX.
put_task:
    movw $TSS_BYTES - 1, (%edi)
    movw %ax, 2(%edi)
    movl %eax, %ebx
    shrl $16, %ebx
    movb %bl, 4(%edi)
    movb $0x89, 5(%edi)
    movb $0, 6(%edi)
    movb %bh, 7(%edi)
    ret

# reset_event: the task of event EDX starts at its stub again. EAX = its TSS.
reset_event:
    imull $TSS_BYTES, %edx, %eax
    addl $event_tasks, %eax
    shll $4, %edx
    addl $stubs, %edx
    movl %edx, TSS_EIP(%eax)
    movl $2, TSS_EFLAGS(%eax)
    movl $event_top, TSS_ESP(%eax)
    ret

# restore_page: gives the page of number EAX its content.
restore_page:
    pushl %ecx
    shll $12, %eax
    leal PRISTINE(%eax), %esi
    leal FRAMES(%eax), %edi
    movl $1024, %ecx
    rep movsl
    popl %ecx
    ret

# refresh_tables: the six pages present, writable, for users, neither accessed nor dirty.
refresh_tables:
    movl $FRAMES + 7, %eax
    xorl %ecx, %ecx
1:  movl entries(,%ecx,4), %edx
    movl %eax, (%edx)
    addl $0x1000, %eax
    incl %ecx
    cmpl $WINDOW_PAGES, %ecx
    jne 1b
    movl %cr3, %eax                 # A task switch that leaves CR3 as it is need not flush (SDM Vol. 3A §4.10.4.1).
    movl %eax, %cr3
    ret

    .globl exit
exit:
    xorl %eax, %eax
    outl %eax, $0xf4
1:  jmp 1b

    .balign 16
stubs:
    .set number, 0
    .rept EVENTS
    .balign 16
    pushl $number
    jmp common
    .set number, number + 1
    .endr

    .data
    .balign 16
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff        # 0x08 code
    .quad 0x00cf93000000ffff        # 0x10 data
    .quad 0x00cffb000000ffff        # 0x18 code, ring 3
    .quad 0x00cff3000000ffff        # 0x20 data, ring 3
    .quad 0, 0                      # 0x28, 0x30 tasks
    .quad 0x20009b000000ffff        # 0x38 code, 16 bits, on the window
    .quad 0x300093000000ffff        # 0x40 data on the window
    .quad 0x310093000000ffff        # 0x48 stack, 16 bits, on the window
    .quad 0x2000fb000000ffff        # 0x50 the same for ring 3
    .quad 0x3000f3000000ffff        # 0x58
    .quad 0x3100f3000000ffff        # 0x60
    .quad 0x00cf9f000000ffff        # 0x68 conforming code
    .quad 0x00cf73000000ffff        # 0x70 data, not present
    .quad 0x3040f7000000100f        # 0x78 expand-down data, ring 3, on the window
    .quad 0x00cff1000000ffff        # 0x80 read-only data, ring 3
    .quad 0x00cff9000000ffff        # 0x88 execute-only code, ring 3
    .quad 0x3000f30000000fff        # 0x90 small data, ring 3, on the window
    .quad 0x00cf7b000000ffff        # 0x98 code, not present
    .quad 0x000082000000ffff        # 0xa0 LDT
    .rept 11
    .quad 0
    .endr
    .rept EVENTS
    .quad 0
    .endr
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt
idt_pointer:
    .word 256 * 8 - 1
    .long idt

    .bss
    .balign 4096
directory:   .skip 4096
low_table:   .skip 4096
tables:      .skip 4096 * 3
idt:         .skip 2048
loop_task:   .skip TSS_BYTES
case_task:   .skip TSS_BYTES
event_tasks: .skip TSS_BYTES * EVENTS
    .balign 16
stack:       .skip 1024
stack_top:   .skip 16
launch_stack: .skip 1024
launch_top:  .skip 16
event_stack: .skip 1024
event_top:   .skip 16
entries:     .skip 4 * WINDOW_PAGES
input:       .skip 4
output:      .skip 4
current:     .skip 4
code_at:     .skip 4
options:     .skip 4
vector:      .skip 4
error:       .skip 4
