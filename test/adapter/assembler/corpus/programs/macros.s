# Macros: positional, named, default, required and variable arguments, nesting, counters, early exit.
	.macro	pair a, b=%rbx
	push	\a
	push	\b
	.endm
	.macro	loads reg:req, values:vararg
	.irp	v, \values
	add	$\v, \reg
	.endr
	.endm
	.macro	unique
1:	nop
	jmp	1b
local\@:
	.long	\@
	.endm
	.macro	countdown n
	.byte	\n
	.if	\n
	countdown	"(\n-1)"
	.endif
	.endm
	.macro	early x
	nop
	.if	\x == 3
	.exitm
	.endif
	inc	%eax
	.endm
	.macro	concat a, b
\a\()_\b:
	.quad	\a\()_\b
	.endm
	.macro	define name
	.macro	\name\()_inner x
	mov	$\x, %eax
	.endm
	.endm
	.macro	noargs
	cli
	.endm
	.macro spaced a b c
	.byte \a, \b, \c
	.endm
	.macro quoted s
	.ascii "\s"
	.endm
	.macro	many p1, p2, p3, p4
	.ifb \p4
	.byte 3
	.else
	.byte 4
	.endif
	.endm
	.text
	.globl	_start
_start:
	pair	%rax
	pair	%rcx, %rdx
	pair	b=%rsi, a=%rdi
	loads	%eax, 1, 2, 300
	loads	%ebx, 5
	unique
	unique
	countdown 3
	early	3
	early	4
	concat	foo, bar
	concat	foo, 2
	define	dyn
	dyn_inner 7
	noargs; noargs
	spaced 1 2 3
	spaced 1, 2, 3
	spaced 1 + 2, (3 - 1), 4*2
	quoted "a b, c"
	quoted xyz
	many 1, 2, 3
	many 1, 2, 3, 4
	.purgem noargs
	.macro	noargs
	sti
	.endm
	noargs
	.rept	3
	.rept	2
	inc	%ecx
	.endr
	dec	%ecx
	.endr
	.irpc	d, 0123
	.byte	\d
	.endr
	.irp	r, %rax, %rbx, (%rcx)
	push	\r
	.endr
	.irp x, 1
	.irp y, 2, 3
	.byte \x, \y
	.endr
	.endr
	.set	i, 0
	.rept	5
	.byte	i
	.set	i, i+1
	.endr
	.macro sum from=0, to=5
	.long \from
	.if \to-\from
	sum "(\from+1)",\to
	.endif
	.endm
	sum 0, 3
	ret
