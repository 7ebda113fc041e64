# walks: page walks of 4-level paging entry by entry, from ring 0 and ring 3; then INVPCID, CR3 and CR4.

    .include "harness.inc"

    .equ SPOT, 64                   # The offset in the page.
    .equ WALK, 0x8000000000         # Mapped by the second PML4E, which is this guest's.

    .bss
    .balign 4096
w_pdpt:     .skip 4096
w_pd:       .skip 4096
w_pt:       .skip 4096
w_page:     .skip 4096
    .text

.macro ENTRY place, target, bits
    leaq \target(%rip), %rax
    movabsq $\bits, %rdx
    orq %rdx, %rax
    movq %rax, \place(%rip)
.endm
.macro READY address
    movb $0xc3, w_page+SPOT(%rip)   # RET
    movq %cr3, %rax
    movq %rax, %cr3
    movabsq $\address, %rbx
    pushq $2
    popfq
.endm

# Page of 4 KiB, with these bits from the PML4E down; of 2 MiB and 1 GiB at physical address 0.
.macro SMALL p4, p3, p2, p1
    ENTRY pml4+8, w_pdpt, \p4
    ENTRY w_pdpt, w_pd, \p3
    ENTRY w_pd, w_pt, \p2
    ENTRY w_pt, w_page, \p1
    PROBE w_pt
    READY WALK+SPOT
.endm
.macro LARGE p4, p3, p2, p1
    ENTRY pml4+8, w_pdpt, \p4
    ENTRY w_pdpt, w_pd, \p3
    movabsq $\p2, %rax
    movq %rax, w_pd(%rip)
    PROBE w_pd
    READY WALK+w_page+SPOT
.endm
.macro HUGE p4, p3, p2, p1
    ENTRY pml4+8, w_pdpt, \p4
    movabsq $\p3, %rax
    movq %rax, w_pdpt(%rip)
    PROBE w_pdpt
    READY WALK+w_page+SPOT
.endm

.macro EACH name, kind, p4, p3, p2, p1
TEST read_\name
    \kind \p4, \p3, \p2, \p1
    movq (%rbx), %rax
DONE
TEST write_\name
    \kind \p4, \p3, \p2, \p1
    movq %rax, 8(%rbx)
DONE
TEST fetch_\name
    \kind \p4, \p3, \p2, \p1
    call *%rbx
DONE
TEST user_read_\name
    \kind \p4, \p3, \p2, \p1
    ENTER_USER 0, uss_top
    movq (%rbx), %rax
USER_DONE
TEST user_write_\name
    \kind \p4, \p3, \p2, \p1
    ENTER_USER 0, uss_top
    movq %rax, 8(%rbx)
USER_DONE
TEST user_fetch_\name
    \kind \p4, \p3, \p2, \p1
    ENTER_USER 0, uss_top
    call *%rbx
USER_DONE
.endm

first_test:
    EACH small, SMALL, 7, 7, 7, 7
    EACH pml4e_readonly, SMALL, 5, 7, 7, 7
    EACH pdpte_readonly, SMALL, 7, 5, 7, 7
    EACH pde_readonly, SMALL, 7, 7, 5, 7
    EACH pte_readonly, SMALL, 7, 7, 7, 5
    EACH pml4e_supervisor, SMALL, 3, 7, 7, 7
    EACH pdpte_supervisor, SMALL, 7, 3, 7, 7
    EACH pde_supervisor, SMALL, 7, 7, 3, 7
    EACH pte_supervisor, SMALL, 7, 7, 7, 3
    EACH pml4e_xd, SMALL, 0x8000000000000007, 7, 7, 7
    EACH pdpte_xd, SMALL, 7, 0x8000000000000007, 7, 7
    EACH pde_xd, SMALL, 7, 7, 0x8000000000000007, 7
    EACH pte_xd, SMALL, 7, 7, 7, 0x8000000000000007
    EACH pml4e_absent, SMALL, 6, 7, 7, 7
    EACH pdpte_absent, SMALL, 7, 6, 7, 7
    EACH pde_absent, SMALL, 7, 7, 6, 7
    EACH pte_absent, SMALL, 7, 7, 7, 6
    EACH pml4e_bit51, SMALL, 0x8000000000007, 7, 7, 7
    EACH pdpte_bit51, SMALL, 7, 0x8000000000007, 7, 7
    EACH pde_bit51, SMALL, 7, 7, 0x8000000000007, 7
    EACH pte_bit51, SMALL, 7, 7, 7, 0x8000000000007
    EACH pml4e_ps, SMALL, 0x87, 7, 7, 7
    EACH pte_pat, SMALL, 7, 7, 7, 0x87
    EACH ignored, SMALL, 0x7ff0000000000e47, 0x7ff0000000000e47, 0x7ff0000000000e47, 0x7ff0000000000e07
    EACH absent_bit51, SMALL, 7, 7, 7, 0x8000000000006
    EACH two_ways, SMALL, 3, 7, 7, 0x8000000000000005

    EACH large, LARGE, 7, 7, 0x87, 0
    EACH large_readonly, LARGE, 7, 7, 0x85, 0
    EACH large_bit13, LARGE, 7, 7, 0x2087, 0
    EACH large_bit20, LARGE, 7, 7, 0x100087, 0
    EACH large_pat, LARGE, 7, 7, 0x1087, 0
    EACH large_xd, LARGE, 7, 7, 0x8000000000000087, 0
    EACH huge, HUGE, 7, 0x87, 0, 0
    EACH huge_supervisor, HUGE, 7, 0x83, 0, 0
    EACH huge_bit13, HUGE, 7, 0x2087, 0, 0
    EACH huge_bit29, HUGE, 7, 0x20000087, 0, 0
    EACH huge_pat, HUGE, 7, 0x1087, 0, 0

# INVPCID of a type with a descriptor at `w_page`.
.macro INVPCID_ name, type, low, high
TEST invpcid_\name
    movabsq $\low, %rax
    movq %rax, w_page(%rip)
    movabsq $\high, %rax
    movq %rax, w_page+8(%rip)
    movl $\type, %ecx
    pushq $2
    popfq
    invpcid w_page(%rip), %rcx
DONE
.endm
    INVPCID_ address, 0, 0, 0x1000
    INVPCID_ address_pcid, 0, 1, 0x1000
    INVPCID_ address_not_canonical, 0, 0, 0x4000000000000000
    INVPCID_ context, 1, 0, 0x4000000000000000
    INVPCID_ context_pcid, 1, 1, 0
    INVPCID_ all, 2, 1, 0
    INVPCID_ not_global, 3, 1, 0
    INVPCID_ reserved, 2, 0x1000, 0
    INVPCID_ type_4, 4, 0, 0

TEST cr3_bit63
    movq %cr3, %rax
    btsq $63, %rax
    pushq $2
    popfq
    movq %rax, %cr3
DONE
TEST cr3_bit51
    movq %cr3, %rax
    btsq $51, %rax
    pushq $2
    popfq
    movq %rax, %cr3
DONE
.macro CR4_BIT bit
TEST cr4_bit_\bit
    movq %cr4, %rax
    btsq $\bit, %rax
    pushq $2
    popfq
    movq %rax, %cr4
    xorl %eax, %eax
DONE
.endm
    CR4_BIT 15
    CR4_BIT 17
    CR4_BIT 26
    CR4_BIT 29
    CR4_BIT 31
    CR4_BIT 32
TEST cr4_without_pae
    movl $CR4_START - 0x20, %eax
    movq %rax, %cr4
DONE
TEST cr4_pcide_with_pcid
    movq %cr3, %rax
    orq $8, %rax
    movq %rax, %cr3
    movl $CR4_START + 0x20000, %eax
    movq %rax, %cr4
DONE
TEST cr0_without_paging
    movl $0x10033, %eax
    movq %rax, %cr0
DONE
    jmp all_done
