# Short and near jumps at the edge of reach, through alignments, in both directions, to weak and other sections' symbols.
	.text
	.globl	_start
_start:
	jmp	1f
	.fill	127, 1, 0x90
1:	jmp	2f
	.fill	128, 1, 0x90
2:	jne	2b
	.fill	126, 1, 0x90
	je	2b
3:	.fill	124, 1, 0x90
	jb	3b
4:	.fill	126, 1, 0x90
	jb	4b
5:	.fill	127, 1, 0x90
	jb	5b
	jmp	6f
	jmp	7f
	.fill	120, 1, 0x90
6:	jmp	8f
	.p2align 4
7:	nop
	.p2align 5
8:	jmp	9f
	.fill	100, 1, 0xcc
	.p2align 6
9:	jmp	10f
	jmp	11f
	.fill	60, 1, 0x90
	jmp	12f
	.fill	60, 1, 0x90
10:	jmp 9b
11:	.fill 61, 1, 0x90
12:	ret
	jmp	global
	jmp	weak
	jmp	other
	call	global
	call	other
	jrcxz	13f
	loop	13f
13:	jmp	.
	jmp	. + 2
	jmp	.-5
	jmp	0x100000
	call	0x100010
	jo 14f; jno 14f; jb 14f; jae 14f; je 14f; jne 14f; jbe 14f; ja 14f
	js 14f; jns 14f; jp 14f; jnp 14f; jl 14f; jge 14f; jle 14f; jg 14f
	jc 14f; jnc 14f; jz 14f; jnz 14f; jna 14f; jnbe 14f; jnae 14f; jnb 14f
14:	.globl	global
global:	nop
	.weak	weak
weak:	nop
	.set	alias, global
	jmp	alias
	jmp	alias+1
	jmp	forward
	.set	forward, global
	.rept	10
	jmp	20f
	.fill	11, 1, 0x90
	.endr
20:	.fill	100, 1, 0x90
	.rept	20
	jne	20b
	.p2align 2
	.endr
	.org	0x800
21:	jmp	22f
	.org	0x880
22:	jmp	23f
	.org	0x903
23:	jmp	21b
	.p2align 4,,10
	nop
	.p2align 4,,15
	nop
	.p2align 12
	nop
	.p2align 7
	nop
	.section	.other, "ax"
other:	jmp	_start
	jne	_start
	.p2align 3
	ret
