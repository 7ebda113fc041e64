	.file	"c1.c"
	.text
	.p2align 4
	.globl	sw
	.type	sw, @function
sw:
.LFB2:
	.cfi_startproc
	endbr64
	cmpl	$9, %edi
	ja	.L2
	movl	%edi, %edi
	notrack jmp	*.L4(,%rdi,8)
	.section	.rodata
	.align 8
	.align 4
.L4:
	.quad	.L10
	.quad	.L11
	.quad	.L8
	.quad	.L7
	.quad	.L6
	.quad	.L5
	.quad	.L2
	.quad	.L2
	.quad	.L2
	.quad	.L3
	.text
	.p2align 4,,10
	.p2align 3
.L2:
	movl	$-1, %eax
	ret
	.p2align 4,,10
	.p2align 3
.L8:
	movl	$11, %eax
	ret
	.p2align 4,,10
	.p2align 3
.L7:
	movl	$21, %eax
	ret
	.p2align 4,,10
	.p2align 3
.L6:
	movl	glob(%rip), %eax
	ret
	.p2align 4,,10
	.p2align 3
.L5:
	movl	zero_init(%rip), %eax
	ret
	.p2align 4,,10
	.p2align 3
.L3:
	movl	$3, %eax
	ret
	.p2align 4,,10
	.p2align 3
.L11:
	movl	$9, %eax
	ret
	.p2align 4,,10
	.p2align 3
.L10:
	movl	$5, %eax
	ret
	.cfi_endproc
.LFE2:
	.size	sw, .-sw
	.p2align 4
	.globl	crc
	.type	crc, @function
crc:
.LFB0:
	.cfi_startproc
	endbr64
	leal	-1(%rsi), %eax
	testl	%esi, %esi
	je	.L16
	leaq	1(%rdi,%rax), %rcx
	movl	$-1, %eax
	.p2align 4,,10
	.p2align 3
.L15:
	movzbl	(%rdi), %edx
	addq	$1, %rdi
	xorl	%eax, %edx
	shrl	$8, %eax
	movzbl	%dl, %edx
	xorl	table(,%rdx,4), %eax
	cmpq	%rcx, %rdi
	jne	.L15
	notl	%eax
	ret
	.p2align 4,,10
	.p2align 3
.L16:
	xorl	%eax, %eax
	ret
	.cfi_endproc
.LFE0:
	.size	crc, .-crc
	.p2align 4
	.globl	poly
	.type	poly, @function
poly:
.LFB1:
	.cfi_startproc
	endbr64
	movapd	%xmm0, %xmm1
	mulsd	%xmm0, %xmm0
	addsd	%xmm1, %xmm1
	mulsd	.LC0(%rip), %xmm0
	addsd	%xmm1, %xmm0
	subsd	.LC1(%rip), %xmm0
	ret
	.cfi_endproc
.LFE1:
	.size	poly, .-poly
	.p2align 4
	.globl	init
	.type	init, @function
init:
.LFB3:
	.cfi_startproc
	endbr64
	movdqa	.LC2(%rip), %xmm6
	movdqa	.LC3(%rip), %xmm5
	movl	$table, %edx
	movl	$table+1024, %ecx
	movdqa	.LC4(%rip), %xmm4
	movdqa	.LC5(%rip), %xmm7
	pxor	%xmm3, %xmm3
	.p2align 4,,10
	.p2align 3
.L20:
	movdqa	%xmm6, %xmm0
	movl	$8, %eax
	paddd	%xmm7, %xmm6
	.p2align 4,,10
	.p2align 3
.L21:
	movdqa	%xmm0, %xmm1
	pand	%xmm5, %xmm0
	pcmpeqd	%xmm3, %xmm0
	psrld	$1, %xmm1
	movdqa	%xmm1, %xmm2
	pxor	%xmm4, %xmm2
	pand	%xmm0, %xmm1
	pandn	%xmm2, %xmm0
	por	%xmm1, %xmm0
	subl	$1, %eax
	jne	.L21
	movaps	%xmm0, (%rdx)
	addq	$16, %rdx
	cmpq	%rdx, %rcx
	jne	.L20
	ret
	.cfi_endproc
.LFE3:
	.size	init, .-init
	.p2align 4
	.globl	name
	.type	name, @function
name:
.LFB4:
	.cfi_startproc
	endbr64
	movl	%edi, %eax
	movl	$2863311531, %edx
	imulq	%rdx, %rax
	shrq	$33, %rax
	leal	(%rax,%rax,2), %eax
	subl	%eax, %edi
	movq	names(,%rdi,8), %rax
	ret
	.cfi_endproc
.LFE4:
	.size	name, .-name
	.p2align 4
	.globl	ff
	.type	ff, @function
ff:
.LFB5:
	.cfi_startproc
	endbr64
	movaps	%xmm0, %xmm1
	pxor	%xmm0, %xmm0
	cvtsi2ssl	%edi, %xmm0
	mulss	%xmm1, %xmm0
	addss	.LC6(%rip), %xmm0
	ret
	.cfi_endproc
.LFE5:
	.size	ff, .-ff
	.p2align 4
	.globl	mul
	.type	mul, @function
mul:
.LFB6:
	.cfi_startproc
	endbr64
	movq	%rdi, %rax
	mulq	%rsi
	movq	%rdx, %rax
	ret
	.cfi_endproc
.LFE6:
	.size	mul, .-mul
	.p2align 4
	.globl	copy
	.type	copy, @function
copy:
.LFB7:
	.cfi_startproc
	endbr64
	testq	%rdx, %rdx
	je	.L27
	xorl	%eax, %eax
	.p2align 4,,10
	.p2align 3
.L29:
	movzbl	(%rsi,%rax), %ecx
	movb	%cl, (%rdi,%rax)
	addq	$1, %rax
	cmpq	%rax, %rdx
	jne	.L29
.L27:
	ret
	.cfi_endproc
.LFE7:
	.size	copy, .-copy
	.p2align 4
	.globl	call
	.type	call, @function
call:
.LFB8:
	.cfi_startproc
	endbr64
	pushq	%rbx
	.cfi_def_cfa_offset 16
	.cfi_offset 3, -16
	movl	%edi, %ebx
	call	*fp(%rip)
	addl	$1, %ebx
	cmpl	$9, %ebx
	ja	.L35
	notrack jmp	*.L37(,%rbx,8)
	.section	.rodata
	.align 8
	.align 4
.L37:
	.quad	.L43
	.quad	.L44
	.quad	.L41
	.quad	.L40
	.quad	.L39
	.quad	.L38
	.quad	.L35
	.quad	.L35
	.quad	.L35
	.quad	.L36
	.text
	.p2align 4,,10
	.p2align 3
.L35:
	movl	$-1, %edx
	popq	%rbx
	.cfi_remember_state
	.cfi_restore 3
	.cfi_def_cfa_offset 8
	addl	%edx, %eax
	ret
	.p2align 4,,10
	.p2align 3
.L41:
	.cfi_restore_state
	movl	$11, %edx
	popq	%rbx
	.cfi_remember_state
	.cfi_restore 3
	.cfi_def_cfa_offset 8
	addl	%edx, %eax
	ret
	.p2align 4,,10
	.p2align 3
.L40:
	.cfi_restore_state
	movl	$21, %edx
	popq	%rbx
	.cfi_remember_state
	.cfi_restore 3
	.cfi_def_cfa_offset 8
	addl	%edx, %eax
	ret
	.p2align 4,,10
	.p2align 3
.L39:
	.cfi_restore_state
	movl	glob(%rip), %edx
	popq	%rbx
	.cfi_remember_state
	.cfi_restore 3
	.cfi_def_cfa_offset 8
	addl	%edx, %eax
	ret
	.p2align 4,,10
	.p2align 3
.L38:
	.cfi_restore_state
	movl	zero_init(%rip), %edx
	popq	%rbx
	.cfi_remember_state
	.cfi_restore 3
	.cfi_def_cfa_offset 8
	addl	%edx, %eax
	ret
	.p2align 4,,10
	.p2align 3
.L36:
	.cfi_restore_state
	movl	$3, %edx
	popq	%rbx
	.cfi_remember_state
	.cfi_restore 3
	.cfi_def_cfa_offset 8
	addl	%edx, %eax
	ret
	.p2align 4,,10
	.p2align 3
.L44:
	.cfi_restore_state
	movl	$9, %edx
	popq	%rbx
	.cfi_remember_state
	.cfi_restore 3
	.cfi_def_cfa_offset 8
	addl	%edx, %eax
	ret
	.p2align 4,,10
	.p2align 3
.L43:
	.cfi_restore_state
	movl	$5, %edx
	popq	%rbx
	.cfi_restore 3
	.cfi_def_cfa_offset 8
	addl	%edx, %eax
	ret
	.cfi_endproc
.LFE8:
	.size	call, .-call
	.globl	fp
	.data
	.align 8
	.type	fp, @object
	.size	fp, 8
fp:
	.quad	sw
	.globl	zero_init
	.bss
	.align 4
	.type	zero_init, @object
	.size	zero_init, 4
zero_init:
	.zero	4
	.globl	glob
	.data
	.align 4
	.type	glob, @object
	.size	glob, 4
glob:
	.long	5
	.section	.rodata.str1.1,"aMS",@progbits,1
.LC7:
	.string	"alpha"
.LC8:
	.string	"beta"
.LC9:
	.string	"gamma"
	.section	.rodata
	.align 16
	.type	names, @object
	.size	names, 24
names:
	.quad	.LC7
	.quad	.LC8
	.quad	.LC9
	.local	table
	.comm	table,1024,32
	.section	.rodata.cst8,"aM",@progbits,8
	.align 8
.LC0:
	.long	0
	.long	1074397184
	.align 8
.LC1:
	.long	0
	.long	1072693248
	.section	.rodata.cst16,"aM",@progbits,16
	.align 16
.LC2:
	.long	0
	.long	1
	.long	2
	.long	3
	.align 16
.LC3:
	.long	1
	.long	1
	.long	1
	.long	1
	.align 16
.LC4:
	.long	-306674912
	.long	-306674912
	.long	-306674912
	.long	-306674912
	.align 16
.LC5:
	.long	4
	.long	4
	.long	4
	.long	4
	.section	.rodata.cst4,"aM",@progbits,4
	.align 4
.LC6:
	.long	1075838976
	.ident	"GCC: (Debian 12.2.0-14+deb12u1) 12.2.0"
	.section	.note.GNU-stack,"",@progbits
	.section	.note.gnu.property,"a"
	.align 8
	.long	1f - 0f
	.long	4f - 1f
	.long	5
0:
	.string	"GNU"
1:
	.align 8
	.long	0xc0000002
	.long	3f - 2f
2:
	.long	0x3
3:
	.align 8
4:
