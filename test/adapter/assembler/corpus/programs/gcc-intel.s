	.file	"c1.c"
	.intel_syntax noprefix
	.text
	.p2align 4
	.globl	sw
	.type	sw, @function
sw:
.LFB2:
	.cfi_startproc
	endbr64
	cmp	edi, 9
	ja	.L2
	mov	edi, edi
	notrack jmp	[QWORD PTR .L4[0+rdi*8]]
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
	mov	eax, -1
	ret
	.p2align 4,,10
	.p2align 3
.L8:
	mov	eax, 11
	ret
	.p2align 4,,10
	.p2align 3
.L7:
	mov	eax, 21
	ret
	.p2align 4,,10
	.p2align 3
.L6:
	mov	eax, DWORD PTR glob[rip]
	ret
	.p2align 4,,10
	.p2align 3
.L5:
	mov	eax, DWORD PTR zero_init[rip]
	ret
	.p2align 4,,10
	.p2align 3
.L3:
	mov	eax, 3
	ret
	.p2align 4,,10
	.p2align 3
.L11:
	mov	eax, 9
	ret
	.p2align 4,,10
	.p2align 3
.L10:
	mov	eax, 5
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
	lea	eax, [rsi-1]
	test	esi, esi
	je	.L16
	lea	rcx, [rdi+1+rax]
	mov	eax, -1
	.p2align 4,,10
	.p2align 3
.L15:
	movzx	edx, BYTE PTR [rdi]
	add	rdi, 1
	xor	edx, eax
	shr	eax, 8
	movzx	edx, dl
	xor	eax, DWORD PTR table[0+rdx*4]
	cmp	rdi, rcx
	jne	.L15
	not	eax
	ret
	.p2align 4,,10
	.p2align 3
.L16:
	xor	eax, eax
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
	movapd	xmm1, xmm0
	mulsd	xmm0, xmm0
	addsd	xmm1, xmm1
	mulsd	xmm0, QWORD PTR .LC0[rip]
	addsd	xmm0, xmm1
	subsd	xmm0, QWORD PTR .LC1[rip]
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
	movdqa	xmm6, XMMWORD PTR .LC2[rip]
	movdqa	xmm5, XMMWORD PTR .LC3[rip]
	mov	edx, OFFSET FLAT:table
	mov	ecx, OFFSET FLAT:table+1024
	movdqa	xmm4, XMMWORD PTR .LC4[rip]
	movdqa	xmm7, XMMWORD PTR .LC5[rip]
	pxor	xmm3, xmm3
	.p2align 4,,10
	.p2align 3
.L20:
	movdqa	xmm0, xmm6
	mov	eax, 8
	paddd	xmm6, xmm7
	.p2align 4,,10
	.p2align 3
.L21:
	movdqa	xmm1, xmm0
	pand	xmm0, xmm5
	pcmpeqd	xmm0, xmm3
	psrld	xmm1, 1
	movdqa	xmm2, xmm1
	pxor	xmm2, xmm4
	pand	xmm1, xmm0
	pandn	xmm0, xmm2
	por	xmm0, xmm1
	sub	eax, 1
	jne	.L21
	movaps	XMMWORD PTR [rdx], xmm0
	add	rdx, 16
	cmp	rcx, rdx
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
	mov	eax, edi
	mov	edx, 2863311531
	imul	rax, rdx
	shr	rax, 33
	lea	eax, [rax+rax*2]
	sub	edi, eax
	mov	rax, QWORD PTR names[0+rdi*8]
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
	movaps	xmm1, xmm0
	pxor	xmm0, xmm0
	cvtsi2ss	xmm0, edi
	mulss	xmm0, xmm1
	addss	xmm0, DWORD PTR .LC6[rip]
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
	mov	rax, rdi
	mul	rsi
	mov	rax, rdx
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
	test	rdx, rdx
	je	.L27
	xor	eax, eax
	.p2align 4,,10
	.p2align 3
.L29:
	movzx	ecx, BYTE PTR [rsi+rax]
	mov	BYTE PTR [rdi+rax], cl
	add	rax, 1
	cmp	rdx, rax
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
	push	rbx
	.cfi_def_cfa_offset 16
	.cfi_offset 3, -16
	mov	ebx, edi
	call	[QWORD PTR fp[rip]]
	add	ebx, 1
	cmp	ebx, 9
	ja	.L35
	notrack jmp	[QWORD PTR .L37[0+rbx*8]]
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
	mov	edx, -1
	pop	rbx
	.cfi_remember_state
	.cfi_def_cfa_offset 8
	add	eax, edx
	ret
	.p2align 4,,10
	.p2align 3
.L41:
	.cfi_restore_state
	mov	edx, 11
	pop	rbx
	.cfi_remember_state
	.cfi_def_cfa_offset 8
	add	eax, edx
	ret
	.p2align 4,,10
	.p2align 3
.L40:
	.cfi_restore_state
	mov	edx, 21
	pop	rbx
	.cfi_remember_state
	.cfi_def_cfa_offset 8
	add	eax, edx
	ret
	.p2align 4,,10
	.p2align 3
.L39:
	.cfi_restore_state
	mov	edx, DWORD PTR glob[rip]
	pop	rbx
	.cfi_remember_state
	.cfi_def_cfa_offset 8
	add	eax, edx
	ret
	.p2align 4,,10
	.p2align 3
.L38:
	.cfi_restore_state
	mov	edx, DWORD PTR zero_init[rip]
	pop	rbx
	.cfi_remember_state
	.cfi_def_cfa_offset 8
	add	eax, edx
	ret
	.p2align 4,,10
	.p2align 3
.L36:
	.cfi_restore_state
	mov	edx, 3
	pop	rbx
	.cfi_remember_state
	.cfi_def_cfa_offset 8
	add	eax, edx
	ret
	.p2align 4,,10
	.p2align 3
.L44:
	.cfi_restore_state
	mov	edx, 9
	pop	rbx
	.cfi_remember_state
	.cfi_def_cfa_offset 8
	add	eax, edx
	ret
	.p2align 4,,10
	.p2align 3
.L43:
	.cfi_restore_state
	mov	edx, 5
	pop	rbx
	.cfi_def_cfa_offset 8
	add	eax, edx
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
