# odd corners
	.text
_start:
	mov	$1f-_start, %eax
1:	movl	$(1b-_start)*2, %ebx
	.if	. - _start > 5
	.byte	0xaa
	.endif
	.if	(. - _start) & 1
	nop
	.endif
	.equ	HERE, . - _start
	.byte	HERE
	.fill	16 - (. - _start) % 16, 1, 0x90
	.org	_start + 64
	.space	80 - (. - _start)
	lea	2f(%rip), %rax
	jmp	*2f(%rip)
	.balign	8
2:	.quad	_start, 1b, 2b - _start
	.macro	vec n, handler=default
	.globl	isr\n
isr\n:	.ifnc "\n","8"
	pushq	$0
	.endif
	pushq	$\n
	jmp	\handler
	.endm
	vec	3
	vec	8
	vec	14, pf
default: iretq
pf:	iretq
