# walks32: page walks of 32-bit and PAE paging entry by entry, from ring 0 and ring 3; PDPTE loads.

    .equ OWN_POINTERS, 1
    .include "harness32.inc"

    .equ SPOT, 64                   # The offset in the page.
    .equ WALK, 0x80000000
    .equ CR0_PE, 0x33
    .equ CR4_PSE, 0x10
    .equ CR4_REST, 0x600            # OSXMMEXCPT, OSFXSR
    .equ EFER, 0xc0000080
    .equ NXE, 0x800

    .bss
    .balign 4096
w_dir:      .skip 4096
w_low:      .skip 4096              # The first 4 MiB as they are.
w_pd:       .skip 4096
w_pt:       .skip 4096
w_page:     .skip 4096
    .text

# without_pae: from the harness's PAE paging to 32-bit paging with the directory `w_dir`. EDX: CR4.
without_pae:
    movl $w_low, %edi
    movl $PTE_P | PTE_RW | PTE_US, %eax
    movl $1024, %ecx
1:  movl %eax, (%edi)
    addl $0x1000, %eax
    addl $4, %edi
    decl %ecx
    jnz 1b
    movl $w_low + PTE_P + PTE_RW + PTE_US, w_dir
    movl $w_low + PTE_P + PTE_RW, w_dir + ALIAS / 0x100000
    movl $CR4_PAE, %eax             # CR0.WP stays while CR4.CET is set.
    movl %eax, %cr4
    movl $CR0_PE, %eax
    movl %eax, %cr0
    movl %edx, %cr4
    movl $w_dir, %eax
    movl %eax, %cr3
    movl $CR0_START, %eax
    movl %eax, %cr0
    ret

.macro READY address
    movl $\address, %ebx
    xorl %ecx, %ecx
    xorl %edx, %edx
    xorl %edi, %edi
    movl $0xc3, ALIAS + w_page + SPOT # RET
    pushl $2
    popfl
.endm

# Page of 4 KiB of 32-bit paging, with these bits in PDE and PTE; of 4 MiB at physical address 0.
.macro SMALL32 pde, pte, cr4
    movl $w_pt + (\pde), w_dir + WALK / 0x100000
    movl $w_page + (\pte), w_pt
    movl $CR4_REST + (\cr4), %edx
    call without_pae
    PROBE w_pt
    READY WALK + SPOT
.endm
.macro LARGE32 pde, pte, cr4
    movl $\pde, w_dir + WALK / 0x100000
    movl $CR4_REST + (\cr4), %edx
    call without_pae
    PROBE w_dir + WALK / 0x100000
    READY WALK + w_page + SPOT
.endm

# Page of 4 KiB of PAE paging: bits of PDE and PTE, low and high half; of 2 MiB at physical address 0.
.macro PAE_TABLES efer
    MSR EFER, \efer
    movl $w_pd + PTE_P, page_directory_pointers + 16
    movl $0, page_directory_pointers + 20
    movl %cr3, %eax
    movl %eax, %cr3
.endm
.macro SMALL pde, pde_high, pte, pte_high, efer
    movl $w_pt + (\pde), w_pd
    movl $\pde_high, w_pd + 4
    movl $w_page + (\pte), w_pt
    movl $\pte_high, w_pt + 4
    PAE_TABLES \efer
    PROBE w_pt
    READY WALK + SPOT
.endm
.macro LARGE pde, pde_high, pte, pte_high, efer
    movl $\pde, w_pd
    movl $\pde_high, w_pd + 4
    PAE_TABLES \efer
    PROBE w_pd
    READY WALK + w_page + SPOT
.endm

# Six accesses to one page. `kind` and what it takes.
.macro EACH name, kind, a, b, c, d=0, e=0
TEST read_\name
    BUILD \kind, \a, \b, \c, \d, \e
    movl (%ebx), %eax
DONE
TEST write_\name
    BUILD \kind, \a, \b, \c, \d, \e
    movl %eax, 8(%ebx)
DONE
TEST fetch_\name
    BUILD \kind, \a, \b, \c, \d, \e
    call *%ebx
DONE
TEST user_read_\name
    BUILD \kind, \a, \b, \c, \d, \e
    ENTER_USER 0, uss_top
    movl (%ebx), %eax
USER_DONE
TEST user_write_\name
    BUILD \kind, \a, \b, \c, \d, \e
    ENTER_USER 0, uss_top
    movl %eax, 8(%ebx)
USER_DONE
TEST user_fetch_\name
    BUILD \kind, \a, \b, \c, \d, \e
    ENTER_USER 0, uss_top
    call *%ebx
USER_DONE
.endm
.macro BUILD kind, a, b, c, d, e
    .ifc \kind, SMALL32
    SMALL32 \a, \b, \c
    .endif
    .ifc \kind, LARGE32
    LARGE32 \a, \b, \c
    .endif
    .ifc \kind, SMALL
    SMALL \a, \b, \c, \d, \e
    .endif
    .ifc \kind, LARGE
    LARGE \a, \b, \c, \d, \e
    .endif
.endm

first_test:
    EACH small32, SMALL32, 7, 7, 0
    EACH small32_pde_readonly, SMALL32, 5, 7, 0
    EACH small32_pte_readonly, SMALL32, 7, 5, 0
    EACH small32_pde_supervisor, SMALL32, 3, 7, 0
    EACH small32_pte_supervisor, SMALL32, 7, 3, 0
    EACH small32_pde_absent, SMALL32, 6, 7, 0
    EACH small32_pte_absent, SMALL32, 7, 6, 0
    EACH small32_pat, SMALL32, 7, 0x87, 0
    EACH small32_ps_without_pse, SMALL32, 0x87, 7, 0
    EACH small32_ignored, SMALL32, 0xe47, 0xe07, CR4_PSE
    EACH large32, LARGE32, 0x87, 0, CR4_PSE
    EACH large32_readonly, LARGE32, 0x85, 0, CR4_PSE
    EACH large32_supervisor, LARGE32, 0x83, 0, CR4_PSE
    EACH large32_pat, LARGE32, 0x1087, 0, CR4_PSE
    EACH large32_bit21, LARGE32, 0x200087, 0, CR4_PSE
    EACH large32_absent, LARGE32, 0x200086, 0, CR4_PSE

    EACH small, SMALL, 7, 0, 7, 0
    EACH small_pde_readonly, SMALL, 5, 0, 7, 0
    EACH small_pte_readonly, SMALL, 7, 0, 5, 0
    EACH small_pde_supervisor, SMALL, 3, 0, 7, 0
    EACH small_pte_supervisor, SMALL, 7, 0, 3, 0
    EACH small_pde_absent, SMALL, 6, 0, 7, 0
    EACH small_pte_absent, SMALL, 7, 0, 6, 0
    EACH small_pde_bit51, SMALL, 7, 0x80000, 7, 0
    EACH small_pte_bit51, SMALL, 7, 0, 7, 0x80000
    EACH small_pde_bit52, SMALL, 7, 0x100000, 7, 0
    EACH small_pte_bit62, SMALL, 7, 0, 7, 0x40000000
    EACH small_pde_xd, SMALL, 7, 0x80000000, 7, 0, NXE
    EACH small_pte_xd, SMALL, 7, 0, 7, 0x80000000, NXE
    EACH small_pde_bit63, SMALL, 7, 0x80000000, 7, 0
    EACH small_pte_bit63, SMALL, 7, 0, 7, 0x80000000
    EACH small_pat, SMALL, 7, 0, 0x87, 0
    EACH large, LARGE, 0x87, 0, 0, 0
    EACH large_readonly, LARGE, 0x85, 0, 0, 0
    EACH large_supervisor, LARGE, 0x83, 0, 0, 0
    EACH large_pat, LARGE, 0x1087, 0, 0, 0
    EACH large_bit13, LARGE, 0x2087, 0, 0, 0
    EACH large_bit20, LARGE, 0x100087, 0, 0, 0
    EACH large_bit51, LARGE, 0x87, 0x80000, 0, 0
    EACH large_xd, LARGE, 0x87, 0x80000000, 0, 0, NXE

# What a PDPTE may hold is asked when CR3 is loaded (SDM Vol. 3A §4.4.1), and only then read.
.macro POINTER name, low, high
TEST pointer_\name
    MSR EFER, NXE
    movl $w_pd + (\low), page_directory_pointers + 16
    movl $\high, page_directory_pointers + 20
    xorl %ecx, %ecx
    xorl %edx, %edx
    pushl $2
    popfl
    movl %cr3, %eax
    movl %eax, %cr3
DONE
.endm
    POINTER good, 1, 0
    POINTER absent, 0x1e6, 0x80000000
    POINTER writable, 3, 0
    POINTER user, 5, 0
    POINTER write_through, 0x19, 0
    POINTER bit5, 0x21, 0
    POINTER bit8, 0x101, 0
    POINTER ignored, 0xe01, 0
    POINTER bit51, 1, 0x80000
    POINTER bit63, 1, 0x80000000
TEST pointer_changed_later
    SMALL 7, 0, 7, 0, 0
    movl $0, page_directory_pointers + 16
    invlpg (%ebx)
    movl (%ebx), %eax
DONE
TEST pointer_changed_and_cr4
    SMALL 7, 0, 7, 0, 0
    movl $0, page_directory_pointers + 16
    movl %cr4, %eax
    xorl $0x80, %eax                # PGE
    movl %eax, %cr4
    pushl $2
    popfl
    movl (%ebx), %eax
DONE
TEST pointer_changed_and_ts
    SMALL 7, 0, 7, 0, 0
    movl $0, page_directory_pointers + 16
    movl %cr0, %eax
    xorl $0x8, %eax                 # TS
    movl %eax, %cr0
    pushl $2
    popfl
    movl (%ebx), %eax
DONE
TEST pointer_changed_and_cd
    SMALL 7, 0, 7, 0, 0
    movl $0, page_directory_pointers + 16
    movl %cr0, %eax
    xorl $0x40000000, %eax          # CD
    movl %eax, %cr0
    pushl $2
    popfl
    movl (%ebx), %eax
DONE
TEST pointer_reserved_and_pge
    SMALL 7, 0, 7, 0, 0
    movl $3, page_directory_pointers + 16
    movl %cr4, %eax
    xorl $0x80, %eax
    movl $0x11223344, %edx
    pushl $2
    popfl
    movl %eax, %cr4
DONE

    jmp all_done
