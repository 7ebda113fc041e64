# boot: a 64-KiB ROM that takes Bochs from reset to the entry state "long64" and jumps to a guest at 1 MiB.
#
# The ROM lies at the top of the 4 GiB, so that the reset vector is in its last 16 bytes. The guest's image is the ROM
# right below it and is copied from there. There is no BIOS: nothing else has run.

    .equ ROM, 0xffff0000
    .equ GUEST, 0x100000
    .equ GUEST_SIZE, 0x70000
    .equ GUEST_LOADED, ROM - GUEST_SIZE

# Where the entry state lies, as emulator/loaders/long64.ts places it.
    .equ PML4, 0x8000
    .equ PDPT, 0x9000
    .equ DIRECTORIES, 0xa000        # Four, one for each GiB.
    .equ GDT, 0xe000
    .equ STACK_TOP, 0x80000

    .equ CR0_VALUE, 0x80010033      # PG, WP, NE, ET, MP, PE
    .equ CR4_VALUE, 0x00000620      # OSXMMEXCPT, OSFXSR, PAE
    .equ EFER_VALUE, 0x00000901     # NXE, LME (and so LMA), SCE

    .text
    .code16
start16:
    cli
    lgdtl %cs:rom_gdt_pointer - start16
    movl $0x11, %eax
    movl %eax, %cr0
    ljmpl $0x18, $ROM + start32 - start16

    .code32
start32:
    movw $0x10, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss

    movl $PML4, %edi
    xorl %eax, %eax
    movl $0x6000 / 4, %ecx
    cld
    rep stosl
    movl $PDPT + 3, PML4
    movl $DIRECTORIES + 0x0003, PDPT
    movl $DIRECTORIES + 0x1003, PDPT + 8
    movl $DIRECTORIES + 0x2003, PDPT + 16
    movl $DIRECTORIES + 0x3003, PDPT + 24
    movl $DIRECTORIES, %edi
    movl $0x83, %eax                # Present, writable, 2 MiB
    movl $2048, %ecx
1:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    decl %ecx
    jnz 1b

    movl $GUEST_LOADED, %esi
    movl $GUEST, %edi
    movl $GUEST_SIZE / 4, %ecx
    rep movsl

    # The GDT must outlive the ROM's view of the world: copy it to RAM.
    movl $ROM + rom_gdt - start16, %esi
    movl $GDT, %edi
    movl $(rom_gdt_end - rom_gdt) / 4, %ecx
    rep movsl

    movl $CR4_VALUE, %eax
    movl %eax, %cr4
    movl $PML4, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx          # IA32_EFER
    movl $EFER_VALUE, %eax
    xorl %edx, %edx
    wrmsr
    movl $CR0_VALUE, %eax
    movl %eax, %cr0
    ljmpl $0x08, $ROM + start64 - start16

    .code64
start64:
    lgdt final_gdt_pointer(%rip)    # Only 0, 0x08 and 0x10 remain: what the entry state promises.
    movl $STACK_TOP, %esp
    xorl %ecx, %ecx
    xorl %edx, %edx
    xorl %ebx, %ebx
    xorl %esi, %esi
    xorl %edi, %edi
    movq $GUEST, -16(%rsp)
    pushq $2
    popfq
    movl $0, %eax
    jmp *-16(%rsp)

    .balign 8
rom_gdt:
    .quad 0
    .quad 0x00af9b000000ffff        # 0x08: 64-bit code
    .quad 0x00cf93000000ffff        # 0x10: data
    .quad 0x00cf9b000000ffff        # 0x18: 32-bit code, for the way here only
rom_gdt_end:
rom_gdt_pointer:
    .word rom_gdt_end - rom_gdt - 1
    .long ROM + rom_gdt - start16
final_gdt_pointer:
    .word 0x17
    .quad GDT

    .org 0xfff0
    .code16
    jmp start16
    .org 0x10000
