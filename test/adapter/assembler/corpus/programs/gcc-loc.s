	.file	"c1.c"
	.text
.Ltext0:
	.file 0 "/tmp/asx" "c1.c"
	.local	table
	.comm	table,1024,32
	.section	.rodata
.LC0:
	.string	"alpha"
.LC1:
	.string	"beta"
.LC2:
	.string	"gamma"
	.data
	.align 16
	.type	names, @object
	.size	names, 24
names:
	.quad	.LC0
	.quad	.LC1
	.quad	.LC2
	.globl	glob
	.align 4
	.type	glob, @object
	.size	glob, 4
glob:
	.long	5
	.globl	zero_init
	.bss
	.align 4
	.type	zero_init, @object
	.size	zero_init, 4
zero_init:
	.zero	4
	.data
	.align 32
	.type	st, @object
	.size	st, 40
st:
	.long	1
	.zero	4
	.long	0
	.long	1074003968
	.string	"hey"
	.zero	16
	.zero	4
	.text
	.globl	crc
	.type	crc, @function
crc:
.LFB0:
	.file 1 "c1.c"
	.loc 1 7 43
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset 6, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register 6
	movq	%rdi, -24(%rbp)
	movl	%esi, -28(%rbp)
	.loc 1 7 54
	movl	$-1, -4(%rbp)
	.loc 1 7 66
	jmp	.L2
.L3:
	.loc 1 7 87 discriminator 3
	movq	-24(%rbp), %rax
	leaq	1(%rax), %rdx
	movq	%rdx, -24(%rbp)
	.loc 1 7 85 discriminator 3
	movzbl	(%rax), %eax
	movzbl	%al, %eax
	.loc 1 7 84 discriminator 3
	xorl	-4(%rbp), %eax
	.loc 1 7 90 discriminator 3
	movzbl	%al, %eax
	.loc 1 7 81 discriminator 3
	movl	%eax, %eax
	movl	table(,%rax,4), %eax
	.loc 1 7 100 discriminator 3
	movl	-4(%rbp), %edx
	shrl	$8, %edx
	.loc 1 7 74 discriminator 3
	xorl	%edx, %eax
	movl	%eax, -4(%rbp)
.L2:
	.loc 1 7 68 discriminator 1
	movl	-28(%rbp), %eax
	leal	-1(%rax), %edx
	movl	%edx, -28(%rbp)
	.loc 1 7 67 discriminator 1
	testl	%eax, %eax
	jne	.L3
	.loc 1 7 113 discriminator 4
	movl	-4(%rbp), %eax
	notl	%eax
	.loc 1 7 117 discriminator 4
	popq	%rbp
	.cfi_def_cfa 7, 8
	ret
	.cfi_endproc
.LFE0:
	.size	crc, .-crc
	.globl	poly
	.type	poly, @function
poly:
.LFB1:
	.loc 1 8 22
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset 6, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register 6
	movsd	%xmm0, -8(%rbp)
	.loc 1 8 32
	movsd	-8(%rbp), %xmm0
	movapd	%xmm0, %xmm1
	mulsd	%xmm0, %xmm1
	.loc 1 8 34
	movsd	.LC3(%rip), %xmm0
	mulsd	%xmm0, %xmm1
	.loc 1 8 43
	movsd	-8(%rbp), %xmm0
	addsd	%xmm0, %xmm0
	.loc 1 8 40
	addsd	%xmm1, %xmm0
	.loc 1 8 48
	movsd	.LC4(%rip), %xmm1
	subsd	%xmm1, %xmm0
	movq	%xmm0, %rax
	.loc 1 8 55
	movq	%rax, %xmm0
	popq	%rbp
	.cfi_def_cfa 7, 8
	ret
	.cfi_endproc
.LFE1:
	.size	poly, .-poly
	.globl	sw
	.type	sw, @function
sw:
.LFB2:
	.loc 1 9 14
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset 6, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register 6
	movl	%edi, -4(%rbp)
	.loc 1 9 16
	cmpl	$9, -4(%rbp)
	ja	.L8
	movl	-4(%rbp), %eax
	movq	.L10(,%rax,8), %rax
	jmp	*%rax
	.section	.rodata
	.align 8
	.align 4
.L10:
	.quad	.L16
	.quad	.L15
	.quad	.L14
	.quad	.L13
	.quad	.L12
	.quad	.L11
	.quad	.L8
	.quad	.L8
	.quad	.L8
	.quad	.L9
	.text
.L16:
	.loc 1 9 41 discriminator 2
	movl	$5, %eax
	jmp	.L17
.L15:
	.loc 1 9 59 discriminator 3
	movl	$9, %eax
	jmp	.L17
.L14:
	.loc 1 9 77 discriminator 4
	movl	$11, %eax
	jmp	.L17
.L13:
	.loc 1 9 97 discriminator 5
	movl	-4(%rbp), %edx
	movl	%edx, %eax
	sall	$3, %eax
	subl	%edx, %eax
	jmp	.L17
.L12:
	.loc 1 9 116 discriminator 6
	movl	glob(%rip), %eax
	jmp	.L17
.L11:
	.loc 1 9 137 discriminator 7
	movl	zero_init(%rip), %eax
	jmp	.L17
.L9:
	.loc 1 9 163 discriminator 8
	movl	$3, %eax
	jmp	.L17
.L8:
	.loc 1 9 174 discriminator 1
	movl	$-1, %eax
.L17:
	.loc 1 9 178
	popq	%rbp
	.cfi_def_cfa 7, 8
	ret
	.cfi_endproc
.LFE2:
	.size	sw, .-sw
	.globl	init
	.type	init, @function
init:
.LFB3:
	.loc 1 10 16
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset 6, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register 6
.LBB2:
	.loc 1 10 32
	movl	$0, -4(%rbp)
	.loc 1 10 18
	jmp	.L19
.L24:
.LBB3:
	.loc 1 10 57 discriminator 11
	movl	-4(%rbp), %eax
	movl	%eax, -8(%rbp)
.LBB4:
	.loc 1 10 70 discriminator 11
	movl	$0, -12(%rbp)
	.loc 1 10 62 discriminator 11
	jmp	.L20
.L23:
	.loc 1 10 88 discriminator 8
	movl	-8(%rbp), %eax
	andl	$1, %eax
	.loc 1 10 111 discriminator 8
	testl	%eax, %eax
	je	.L21
	.loc 1 10 106 discriminator 3
	movl	-8(%rbp), %eax
	shrl	%eax
	.loc 1 10 111 discriminator 3
	xorl	$-306674912, %eax
	jmp	.L22
.L21:
	.loc 1 10 111 is_stmt 0 discriminator 4
	movl	-8(%rbp), %eax
	shrl	%eax
.L22:
	.loc 1 10 85 is_stmt 1 discriminator 6
	movl	%eax, -8(%rbp)
	.loc 1 10 79 discriminator 6
	addl	$1, -12(%rbp)
.L20:
	.loc 1 10 75 discriminator 7
	cmpl	$7, -12(%rbp)
	jle	.L23
.LBE4:
	.loc 1 10 127 discriminator 9
	movl	-4(%rbp), %eax
	movl	-8(%rbp), %edx
	movl	%edx, table(,%rax,4)
.LBE3:
	.loc 1 10 43 discriminator 9
	addl	$1, -4(%rbp)
.L19:
	.loc 1 10 37 discriminator 10
	cmpl	$255, -4(%rbp)
	jbe	.L24
.LBE2:
	.loc 1 10 133
	nop
	nop
	popq	%rbp
	.cfi_def_cfa 7, 8
	ret
	.cfi_endproc
.LFE3:
	.size	init, .-init
	.globl	name
	.type	name, @function
name:
.LFB4:
	.loc 1 11 29
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset 6, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register 6
	movl	%edi, -4(%rbp)
	.loc 1 11 45
	movl	-4(%rbp), %ecx
	movl	%ecx, %edx
	movl	$2863311531, %eax
	imulq	%rdx, %rax
	shrq	$32, %rax
	movl	%eax, %edx
	shrl	%edx
	movl	%edx, %eax
	addl	%eax, %eax
	addl	%edx, %eax
	subl	%eax, %ecx
	movl	%ecx, %edx
	.loc 1 11 43
	movl	%edx, %eax
	movq	names(,%rax,8), %rax
	.loc 1 11 50
	popq	%rbp
	.cfi_def_cfa 7, 8
	ret
	.cfi_endproc
.LFE4:
	.size	name, .-name
	.globl	ff
	.type	ff, @function
ff:
.LFB5:
	.loc 1 12 25
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset 6, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register 6
	movss	%xmm0, -4(%rbp)
	movl	%edi, -8(%rbp)
	.loc 1 12 35
	pxor	%xmm0, %xmm0
	cvtsi2ssl	-8(%rbp), %xmm0
	mulss	-4(%rbp), %xmm0
	pxor	%xmm1, %xmm1
	cvtss2sd	%xmm0, %xmm1
	.loc 1 12 42
	movsd	st+8(%rip), %xmm0
	.loc 1 12 38
	addsd	%xmm1, %xmm0
	cvtsd2ss	%xmm0, %xmm0
	.loc 1 12 46
	popq	%rbp
	.cfi_def_cfa 7, 8
	ret
	.cfi_endproc
.LFE5:
	.size	ff, .-ff
	.globl	mul
	.type	mul, @function
mul:
.LFB6:
	.loc 1 13 37
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset 6, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register 6
	pushq	%rbx
	.cfi_offset 3, -24
	movq	%rdi, -40(%rbp)
	movq	%rsi, -48(%rbp)
	.loc 1 13 59
	movq	-40(%rbp), %rsi
	movq	%rsi, %rcx
	movl	$0, %ebx
	.loc 1 13 79
	movq	-48(%rbp), %rsi
	movq	%rsi, %rax
	movl	$0, %edx
	.loc 1 13 57
	movq	%rbx, %rdi
	imulq	%rax, %rdi
	movq	%rdx, %rsi
	imulq	%rcx, %rsi
	addq	%rdi, %rsi
	mulq	%rcx
	leaq	(%rsi,%rdx), %rcx
	movq	%rcx, %rdx
	movq	%rax, -32(%rbp)
	movq	%rdx, -24(%rbp)
	movq	%rax, -32(%rbp)
	movq	%rdx, -24(%rbp)
	.loc 1 13 91
	movq	-32(%rbp), %rax
	movq	-24(%rbp), %rdx
	movq	%rdx, %rax
	xorl	%edx, %edx
	.loc 1 13 97
	movq	-8(%rbp), %rbx
	leave
	.cfi_def_cfa 7, 8
	ret
	.cfi_endproc
.LFE6:
	.size	mul, .-mul
	.globl	copy
	.type	copy, @function
copy:
.LFB7:
	.loc 1 14 51
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset 6, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register 6
	movq	%rdi, -24(%rbp)
	movq	%rsi, -32(%rbp)
	movq	%rdx, -40(%rbp)
.LBB5:
	.loc 1 14 71
	movq	$0, -8(%rbp)
	.loc 1 14 53
	jmp	.L32
.L33:
	.loc 1 14 90 discriminator 3
	movq	-32(%rbp), %rdx
	movq	-8(%rbp), %rax
	addq	%rdx, %rax
	.loc 1 14 85 discriminator 3
	movq	-24(%rbp), %rcx
	movq	-8(%rbp), %rdx
	addq	%rcx, %rdx
	.loc 1 14 90 discriminator 3
	movzbl	(%rax), %eax
	.loc 1 14 88 discriminator 3
	movb	%al, (%rdx)
	.loc 1 14 80 discriminator 3
	addq	$1, -8(%rbp)
.L32:
	.loc 1 14 76 discriminator 1
	movq	-8(%rbp), %rax
	cmpq	-40(%rbp), %rax
	jb	.L33
.LBE5:
	.loc 1 14 95
	nop
	nop
	popq	%rbp
	.cfi_def_cfa 7, 8
	ret
	.cfi_endproc
.LFE7:
	.size	copy, .-copy
	.globl	fp
	.data
	.align 8
	.type	fp, @object
	.size	fp, 8
fp:
	.quad	sw
	.text
	.globl	call
	.type	call, @function
call:
.LFB8:
	.loc 1 16 16
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset 6, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register 6
	pushq	%rbx
	subq	$24, %rsp
	.cfi_offset 3, -24
	movl	%edi, -20(%rbp)
	.loc 1 16 25
	movq	fp(%rip), %rdx
	movl	-20(%rbp), %eax
	movl	%eax, %edi
	call	*%rdx
.LVL0:
	movl	%eax, %ebx
	.loc 1 16 31
	movl	-20(%rbp), %eax
	addl	$1, %eax
	movl	%eax, %edi
	call	sw
	.loc 1 16 30
	addl	%ebx, %eax
	.loc 1 16 40
	movq	-8(%rbp), %rbx
	leave
	.cfi_def_cfa 7, 8
	ret
	.cfi_endproc
.LFE8:
	.size	call, .-call
	.section	.rodata
	.align 8
.LC3:
	.long	0
	.long	1074397184
	.align 8
.LC4:
	.long	0
	.long	1072693248
	.text
.Letext0:
	.file 2 "/usr/lib/gcc/x86_64-linux-gnu/12/include/stdint-gcc.h"
	.section	.debug_info,"",@progbits
.Ldebug_info0:
	.long	0x3f2
	.value	0x5
	.byte	0x1
	.byte	0x8
	.long	.Ldebug_abbrev0
	.uleb128 0x10
	.long	.LASF25
	.byte	0x1d
	.long	.LASF0
	.long	.LASF1
	.quad	.Ltext0
	.quad	.Letext0-.Ltext0
	.long	.Ldebug_line0
	.uleb128 0x2
	.byte	0x1
	.byte	0x6
	.long	.LASF2
	.uleb128 0x2
	.byte	0x2
	.byte	0x5
	.long	.LASF3
	.uleb128 0x11
	.byte	0x4
	.byte	0x5
	.string	"int"
	.uleb128 0x2
	.byte	0x8
	.byte	0x5
	.long	.LASF4
	.uleb128 0x7
	.long	.LASF7
	.byte	0x2e
	.byte	0x18
	.long	0x5a
	.uleb128 0xb
	.long	0x4a
	.uleb128 0x2
	.byte	0x1
	.byte	0x8
	.long	.LASF5
	.uleb128 0x2
	.byte	0x2
	.byte	0x7
	.long	.LASF6
	.uleb128 0x7
	.long	.LASF8
	.byte	0x34
	.byte	0x19
	.long	0x73
	.uleb128 0x2
	.byte	0x4
	.byte	0x7
	.long	.LASF9
	.uleb128 0x7
	.long	.LASF10
	.byte	0x37
	.byte	0x19
	.long	0x85
	.uleb128 0x2
	.byte	0x8
	.byte	0x7
	.long	.LASF11
	.uleb128 0x4
	.long	0x98
	.uleb128 0x2
	.byte	0x1
	.byte	0x6
	.long	.LASF12
	.uleb128 0xb
	.long	0x91
	.uleb128 0x12
	.string	"s"
	.byte	0x28
	.byte	0x1
	.byte	0x3
	.byte	0x8
	.long	0xc4
	.uleb128 0x8
	.string	"a"
	.byte	0x10
	.long	0x3c
	.byte	0
	.uleb128 0x8
	.string	"b"
	.byte	0x1a
	.long	0xc4
	.byte	0x8
	.uleb128 0x8
	.string	"c"
	.byte	0x22
	.long	0xcb
	.byte	0x10
	.byte	0
	.uleb128 0x2
	.byte	0x8
	.byte	0x4
	.long	.LASF13
	.uleb128 0x9
	.long	0x91
	.long	0xdb
	.uleb128 0xa
	.long	0x85
	.byte	0x13
	.byte	0
	.uleb128 0x9
	.long	0x68
	.long	0xeb
	.uleb128 0xa
	.long	0x85
	.byte	0xff
	.byte	0
	.uleb128 0xc
	.long	.LASF14
	.byte	0x4
	.byte	0x11
	.long	0xdb
	.uleb128 0x9
	.byte	0x3
	.quad	table
	.uleb128 0x9
	.long	0x8c
	.long	0x110
	.uleb128 0xa
	.long	0x85
	.byte	0x2
	.byte	0
	.uleb128 0xc
	.long	.LASF15
	.byte	0x5
	.byte	0x14
	.long	0x100
	.uleb128 0x9
	.byte	0x3
	.quad	names
	.uleb128 0xd
	.long	.LASF16
	.byte	0x5
	.long	0x3c
	.uleb128 0x9
	.byte	0x3
	.quad	glob
	.uleb128 0xd
	.long	.LASF17
	.byte	0x13
	.long	0x3c
	.uleb128 0x9
	.byte	0x3
	.quad	zero_init
	.uleb128 0x3
	.string	"st"
	.byte	0x6
	.byte	0x2e
	.long	0x9d
	.uleb128 0x9
	.byte	0x3
	.quad	st
	.uleb128 0x13
	.long	0x3c
	.long	0x170
	.uleb128 0x14
	.long	0x3c
	.byte	0
	.uleb128 0x15
	.string	"fp"
	.byte	0x1
	.byte	0xf
	.byte	0x7
	.long	0x185
	.uleb128 0x9
	.byte	0x3
	.quad	fp
	.uleb128 0x4
	.long	0x161
	.uleb128 0x16
	.long	.LASF18
	.byte	0x1
	.byte	0x10
	.byte	0x5
	.long	0x3c
	.quad	.LFB8
	.quad	.LFE8-.LFB8
	.uleb128 0x1
	.byte	0x9c
	.long	0x1b9
	.uleb128 0x1
	.string	"x"
	.byte	0x10
	.byte	0xe
	.long	0x3c
	.uleb128 0x2
	.byte	0x91
	.sleb128 -36
	.byte	0
	.uleb128 0xe
	.long	.LASF22
	.byte	0xe
	.quad	.LFB7
	.quad	.LFE7-.LFB7
	.uleb128 0x1
	.byte	0x9c
	.long	0x218
	.uleb128 0x1
	.string	"d"
	.byte	0xe
	.byte	0x11
	.long	0x218
	.uleb128 0x2
	.byte	0x91
	.sleb128 -40
	.uleb128 0x1
	.string	"s"
	.byte	0xe
	.byte	0x20
	.long	0x8c
	.uleb128 0x2
	.byte	0x91
	.sleb128 -48
	.uleb128 0x1
	.string	"n"
	.byte	0xe
	.byte	0x31
	.long	0x85
	.uleb128 0x2
	.byte	0x91
	.sleb128 -56
	.uleb128 0x5
	.quad	.LBB5
	.quad	.LBE5-.LBB5
	.uleb128 0x3
	.string	"i"
	.byte	0xe
	.byte	0x47
	.long	0x85
	.uleb128 0x2
	.byte	0x91
	.sleb128 -24
	.byte	0
	.byte	0
	.uleb128 0x4
	.long	0x91
	.uleb128 0x6
	.string	"mul"
	.byte	0xd
	.byte	0xa
	.long	0x7a
	.quad	.LFB6
	.quad	.LFE6-.LFB6
	.uleb128 0x1
	.byte	0x9c
	.long	0x263
	.uleb128 0x1
	.string	"a"
	.byte	0xd
	.byte	0x17
	.long	0x7a
	.uleb128 0x2
	.byte	0x91
	.sleb128 -56
	.uleb128 0x1
	.string	"b"
	.byte	0xd
	.byte	0x23
	.long	0x7a
	.uleb128 0x2
	.byte	0x91
	.sleb128 -64
	.uleb128 0x3
	.string	"r"
	.byte	0xd
	.byte	0x39
	.long	0x263
	.uleb128 0x2
	.byte	0x91
	.sleb128 -48
	.byte	0
	.uleb128 0x2
	.byte	0x10
	.byte	0x7
	.long	.LASF19
	.uleb128 0x6
	.string	"ff"
	.byte	0xc
	.byte	0x7
	.long	0x2a3
	.quad	.LFB5
	.quad	.LFE5-.LFB5
	.uleb128 0x1
	.byte	0x9c
	.long	0x2a3
	.uleb128 0x1
	.string	"a"
	.byte	0xc
	.byte	0x10
	.long	0x2a3
	.uleb128 0x2
	.byte	0x91
	.sleb128 -20
	.uleb128 0x1
	.string	"b"
	.byte	0xc
	.byte	0x17
	.long	0x3c
	.uleb128 0x2
	.byte	0x91
	.sleb128 -24
	.byte	0
	.uleb128 0x2
	.byte	0x4
	.byte	0x4
	.long	.LASF20
	.uleb128 0xf
	.long	.LASF21
	.byte	0xb
	.byte	0xd
	.long	0x8c
	.quad	.LFB4
	.quad	.LFE4-.LFB4
	.uleb128 0x1
	.byte	0x9c
	.long	0x2d8
	.uleb128 0x1
	.string	"i"
	.byte	0xb
	.byte	0x1b
	.long	0x73
	.uleb128 0x2
	.byte	0x91
	.sleb128 -20
	.byte	0
	.uleb128 0xe
	.long	.LASF23
	.byte	0xa
	.quad	.LFB3
	.quad	.LFE3-.LFB3
	.uleb128 0x1
	.byte	0x9c
	.long	0x34f
	.uleb128 0x5
	.quad	.LBB2
	.quad	.LBE2-.LBB2
	.uleb128 0x3
	.string	"i"
	.byte	0xa
	.byte	0x20
	.long	0x73
	.uleb128 0x2
	.byte	0x91
	.sleb128 -20
	.uleb128 0x5
	.quad	.LBB3
	.quad	.LBE3-.LBB3
	.uleb128 0x3
	.string	"c"
	.byte	0xa
	.byte	0x39
	.long	0x68
	.uleb128 0x2
	.byte	0x91
	.sleb128 -24
	.uleb128 0x5
	.quad	.LBB4
	.quad	.LBE4-.LBB4
	.uleb128 0x3
	.string	"k"
	.byte	0xa
	.byte	0x46
	.long	0x3c
	.uleb128 0x2
	.byte	0x91
	.sleb128 -28
	.byte	0
	.byte	0
	.byte	0
	.byte	0
	.uleb128 0x6
	.string	"sw"
	.byte	0x9
	.byte	0x5
	.long	0x3c
	.quad	.LFB2
	.quad	.LFE2-.LFB2
	.uleb128 0x1
	.byte	0x9c
	.long	0x37c
	.uleb128 0x1
	.string	"x"
	.byte	0x9
	.byte	0xc
	.long	0x3c
	.uleb128 0x2
	.byte	0x91
	.sleb128 -20
	.byte	0
	.uleb128 0xf
	.long	.LASF24
	.byte	0x8
	.byte	0x8
	.long	0xc4
	.quad	.LFB1
	.quad	.LFE1-.LFB1
	.uleb128 0x1
	.byte	0x9c
	.long	0x3aa
	.uleb128 0x1
	.string	"x"
	.byte	0x8
	.byte	0x14
	.long	0xc4
	.uleb128 0x2
	.byte	0x91
	.sleb128 -24
	.byte	0
	.uleb128 0x6
	.string	"crc"
	.byte	0x7
	.byte	0xa
	.long	0x68
	.quad	.LFB0
	.quad	.LFE0-.LFB0
	.uleb128 0x1
	.byte	0x9c
	.long	0x3f0
	.uleb128 0x1
	.string	"p"
	.byte	0x7
	.byte	0x1d
	.long	0x3f0
	.uleb128 0x2
	.byte	0x91
	.sleb128 -40
	.uleb128 0x1
	.string	"n"
	.byte	0x7
	.byte	0x29
	.long	0x73
	.uleb128 0x2
	.byte	0x91
	.sleb128 -44
	.uleb128 0x3
	.string	"c"
	.byte	0x7
	.byte	0x36
	.long	0x68
	.uleb128 0x2
	.byte	0x91
	.sleb128 -20
	.byte	0
	.uleb128 0x4
	.long	0x55
	.byte	0
	.section	.debug_abbrev,"",@progbits
.Ldebug_abbrev0:
	.uleb128 0x1
	.uleb128 0x5
	.byte	0
	.uleb128 0x3
	.uleb128 0x8
	.uleb128 0x3a
	.uleb128 0x21
	.sleb128 1
	.uleb128 0x3b
	.uleb128 0xb
	.uleb128 0x39
	.uleb128 0xb
	.uleb128 0x49
	.uleb128 0x13
	.uleb128 0x2
	.uleb128 0x18
	.byte	0
	.byte	0
	.uleb128 0x2
	.uleb128 0x24
	.byte	0
	.uleb128 0xb
	.uleb128 0xb
	.uleb128 0x3e
	.uleb128 0xb
	.uleb128 0x3
	.uleb128 0xe
	.byte	0
	.byte	0
	.uleb128 0x3
	.uleb128 0x34
	.byte	0
	.uleb128 0x3
	.uleb128 0x8
	.uleb128 0x3a
	.uleb128 0x21
	.sleb128 1
	.uleb128 0x3b
	.uleb128 0xb
	.uleb128 0x39
	.uleb128 0xb
	.uleb128 0x49
	.uleb128 0x13
	.uleb128 0x2
	.uleb128 0x18
	.byte	0
	.byte	0
	.uleb128 0x4
	.uleb128 0xf
	.byte	0
	.uleb128 0xb
	.uleb128 0x21
	.sleb128 8
	.uleb128 0x49
	.uleb128 0x13
	.byte	0
	.byte	0
	.uleb128 0x5
	.uleb128 0xb
	.byte	0x1
	.uleb128 0x11
	.uleb128 0x1
	.uleb128 0x12
	.uleb128 0x7
	.byte	0
	.byte	0
	.uleb128 0x6
	.uleb128 0x2e
	.byte	0x1
	.uleb128 0x3f
	.uleb128 0x19
	.uleb128 0x3
	.uleb128 0x8
	.uleb128 0x3a
	.uleb128 0x21
	.sleb128 1
	.uleb128 0x3b
	.uleb128 0xb
	.uleb128 0x39
	.uleb128 0xb
	.uleb128 0x27
	.uleb128 0x19
	.uleb128 0x49
	.uleb128 0x13
	.uleb128 0x11
	.uleb128 0x1
	.uleb128 0x12
	.uleb128 0x7
	.uleb128 0x40
	.uleb128 0x18
	.uleb128 0x7a
	.uleb128 0x19
	.uleb128 0x1
	.uleb128 0x13
	.byte	0
	.byte	0
	.uleb128 0x7
	.uleb128 0x16
	.byte	0
	.uleb128 0x3
	.uleb128 0xe
	.uleb128 0x3a
	.uleb128 0x21
	.sleb128 2
	.uleb128 0x3b
	.uleb128 0xb
	.uleb128 0x39
	.uleb128 0xb
	.uleb128 0x49
	.uleb128 0x13
	.byte	0
	.byte	0
	.uleb128 0x8
	.uleb128 0xd
	.byte	0
	.uleb128 0x3
	.uleb128 0x8
	.uleb128 0x3a
	.uleb128 0x21
	.sleb128 1
	.uleb128 0x3b
	.uleb128 0x21
	.sleb128 3
	.uleb128 0x39
	.uleb128 0xb
	.uleb128 0x49
	.uleb128 0x13
	.uleb128 0x38
	.uleb128 0xb
	.byte	0
	.byte	0
	.uleb128 0x9
	.uleb128 0x1
	.byte	0x1
	.uleb128 0x49
	.uleb128 0x13
	.uleb128 0x1
	.uleb128 0x13
	.byte	0
	.byte	0
	.uleb128 0xa
	.uleb128 0x21
	.byte	0
	.uleb128 0x49
	.uleb128 0x13
	.uleb128 0x2f
	.uleb128 0xb
	.byte	0
	.byte	0
	.uleb128 0xb
	.uleb128 0x26
	.byte	0
	.uleb128 0x49
	.uleb128 0x13
	.byte	0
	.byte	0
	.uleb128 0xc
	.uleb128 0x34
	.byte	0
	.uleb128 0x3
	.uleb128 0xe
	.uleb128 0x3a
	.uleb128 0x21
	.sleb128 1
	.uleb128 0x3b
	.uleb128 0xb
	.uleb128 0x39
	.uleb128 0xb
	.uleb128 0x49
	.uleb128 0x13
	.uleb128 0x2
	.uleb128 0x18
	.byte	0
	.byte	0
	.uleb128 0xd
	.uleb128 0x34
	.byte	0
	.uleb128 0x3
	.uleb128 0xe
	.uleb128 0x3a
	.uleb128 0x21
	.sleb128 1
	.uleb128 0x3b
	.uleb128 0x21
	.sleb128 6
	.uleb128 0x39
	.uleb128 0xb
	.uleb128 0x49
	.uleb128 0x13
	.uleb128 0x3f
	.uleb128 0x19
	.uleb128 0x2
	.uleb128 0x18
	.byte	0
	.byte	0
	.uleb128 0xe
	.uleb128 0x2e
	.byte	0x1
	.uleb128 0x3f
	.uleb128 0x19
	.uleb128 0x3
	.uleb128 0xe
	.uleb128 0x3a
	.uleb128 0x21
	.sleb128 1
	.uleb128 0x3b
	.uleb128 0xb
	.uleb128 0x39
	.uleb128 0x21
	.sleb128 6
	.uleb128 0x27
	.uleb128 0x19
	.uleb128 0x11
	.uleb128 0x1
	.uleb128 0x12
	.uleb128 0x7
	.uleb128 0x40
	.uleb128 0x18
	.uleb128 0x7a
	.uleb128 0x19
	.uleb128 0x1
	.uleb128 0x13
	.byte	0
	.byte	0
	.uleb128 0xf
	.uleb128 0x2e
	.byte	0x1
	.uleb128 0x3f
	.uleb128 0x19
	.uleb128 0x3
	.uleb128 0xe
	.uleb128 0x3a
	.uleb128 0x21
	.sleb128 1
	.uleb128 0x3b
	.uleb128 0xb
	.uleb128 0x39
	.uleb128 0xb
	.uleb128 0x27
	.uleb128 0x19
	.uleb128 0x49
	.uleb128 0x13
	.uleb128 0x11
	.uleb128 0x1
	.uleb128 0x12
	.uleb128 0x7
	.uleb128 0x40
	.uleb128 0x18
	.uleb128 0x7a
	.uleb128 0x19
	.uleb128 0x1
	.uleb128 0x13
	.byte	0
	.byte	0
	.uleb128 0x10
	.uleb128 0x11
	.byte	0x1
	.uleb128 0x25
	.uleb128 0xe
	.uleb128 0x13
	.uleb128 0xb
	.uleb128 0x3
	.uleb128 0x1f
	.uleb128 0x1b
	.uleb128 0x1f
	.uleb128 0x11
	.uleb128 0x1
	.uleb128 0x12
	.uleb128 0x7
	.uleb128 0x10
	.uleb128 0x17
	.byte	0
	.byte	0
	.uleb128 0x11
	.uleb128 0x24
	.byte	0
	.uleb128 0xb
	.uleb128 0xb
	.uleb128 0x3e
	.uleb128 0xb
	.uleb128 0x3
	.uleb128 0x8
	.byte	0
	.byte	0
	.uleb128 0x12
	.uleb128 0x13
	.byte	0x1
	.uleb128 0x3
	.uleb128 0x8
	.uleb128 0xb
	.uleb128 0xb
	.uleb128 0x3a
	.uleb128 0xb
	.uleb128 0x3b
	.uleb128 0xb
	.uleb128 0x39
	.uleb128 0xb
	.uleb128 0x1
	.uleb128 0x13
	.byte	0
	.byte	0
	.uleb128 0x13
	.uleb128 0x15
	.byte	0x1
	.uleb128 0x27
	.uleb128 0x19
	.uleb128 0x49
	.uleb128 0x13
	.uleb128 0x1
	.uleb128 0x13
	.byte	0
	.byte	0
	.uleb128 0x14
	.uleb128 0x5
	.byte	0
	.uleb128 0x49
	.uleb128 0x13
	.byte	0
	.byte	0
	.uleb128 0x15
	.uleb128 0x34
	.byte	0
	.uleb128 0x3
	.uleb128 0x8
	.uleb128 0x3a
	.uleb128 0xb
	.uleb128 0x3b
	.uleb128 0xb
	.uleb128 0x39
	.uleb128 0xb
	.uleb128 0x49
	.uleb128 0x13
	.uleb128 0x3f
	.uleb128 0x19
	.uleb128 0x2
	.uleb128 0x18
	.byte	0
	.byte	0
	.uleb128 0x16
	.uleb128 0x2e
	.byte	0x1
	.uleb128 0x3f
	.uleb128 0x19
	.uleb128 0x3
	.uleb128 0xe
	.uleb128 0x3a
	.uleb128 0xb
	.uleb128 0x3b
	.uleb128 0xb
	.uleb128 0x39
	.uleb128 0xb
	.uleb128 0x27
	.uleb128 0x19
	.uleb128 0x49
	.uleb128 0x13
	.uleb128 0x11
	.uleb128 0x1
	.uleb128 0x12
	.uleb128 0x7
	.uleb128 0x40
	.uleb128 0x18
	.uleb128 0x7c
	.uleb128 0x19
	.uleb128 0x1
	.uleb128 0x13
	.byte	0
	.byte	0
	.byte	0
	.section	.debug_aranges,"",@progbits
	.long	0x2c
	.value	0x2
	.long	.Ldebug_info0
	.byte	0x8
	.byte	0
	.value	0
	.value	0
	.quad	.Ltext0
	.quad	.Letext0-.Ltext0
	.quad	0
	.quad	0
	.section	.debug_line,"",@progbits
.Ldebug_line0:
	.section	.debug_str,"MS",@progbits,1
.LASF16:
	.string	"glob"
.LASF19:
	.string	"__int128 unsigned"
.LASF23:
	.string	"init"
.LASF10:
	.string	"uint64_t"
.LASF20:
	.string	"float"
.LASF15:
	.string	"names"
.LASF5:
	.string	"unsigned char"
.LASF11:
	.string	"long unsigned int"
.LASF6:
	.string	"short unsigned int"
.LASF14:
	.string	"table"
.LASF13:
	.string	"double"
.LASF25:
	.string	"GNU C17 12.2.0 -mtune=generic -march=x86-64 -g -O0 -ffreestanding -fno-pie -fasynchronous-unwind-tables"
.LASF9:
	.string	"unsigned int"
.LASF12:
	.string	"char"
.LASF7:
	.string	"uint8_t"
.LASF24:
	.string	"poly"
.LASF21:
	.string	"name"
.LASF3:
	.string	"short int"
.LASF8:
	.string	"uint32_t"
.LASF4:
	.string	"long int"
.LASF2:
	.string	"signed char"
.LASF18:
	.string	"call"
.LASF17:
	.string	"zero_init"
.LASF22:
	.string	"copy"
	.section	.debug_line_str,"MS",@progbits,1
.LASF0:
	.string	"c1.c"
.LASF1:
	.string	"/tmp/asx"
	.ident	"GCC: (Debian 12.2.0-14+deb12u1) 12.2.0"
	.section	.note.GNU-stack,"",@progbits
