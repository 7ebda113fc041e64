	.text
	.macro	table name, entries:vararg
	.section .rodata
	.p2align 3
\name:
	.irp	e, \entries
	.quad	\e
	.endr
	.previous
	.endm
	.macro IDT_ENTRY n
	.quad isr_\n - base
	.endm
base:
	table	one, a, b, c
a:	nop
b:	nop
c:	nop
isr_0: nop
isr_1: nop
isr_2: nop
	.data
	.irp i, 0,1,2
	IDT_ENTRY \i
	.endr
	.irpc c, abc
	.ascii "\c"
	.endr
	.macro two_args a1:req, a2
	.ifnb \a2
	.long \a1, \a2
	.else
	.long \a1
	.endif
	.endm
	two_args 1
	two_args 1,2
	two_args 1 2
	two_args a2=5,a1=6
	two_args (1+2), (3 + 4)
	two_args 1+2 3+4
	two_args 1 + 2, 3 + 4
	two_args -1 -2
	two_args "1, 2" 
	two_args 'a', 'b'
	.macro str s
	.asciz "<\s>"
	.endm
	str hello
	str "hello world"
	str "a\"b"
	.macro rest all:vararg
	.byte \all
	.endm
	rest 1, 2 , 3
	rest 7
	.macro nested_def n
	.macro inner\n
	.byte \n
	.endm
	inner\n
	.endm
	nested_def 5
	inner5
	nested_def 6
	.macro a.b x
	.byte \x
	.endm
	a.b 3
	.macro UPPER x
	.byte \x
	.endm
	upper 9
	UPPER 10
	.macro ifs x
	.if \x > 2
	.byte 1
	.elseif \x == 2
	.byte 2
	.else
	.byte 3
	.endif
	.endm
	ifs 1; ifs 2; ifs 3
	.macro lbl
	.Ltmp\@: .long .Ltmp\@ - base2
	.endm
base2:
	lbl
	lbl
	.rept 2
	lbl
	.endr
	.macro deep n
	.if \n > 0
	.byte \n
	deep (\n - 1)
	.endif
	.endm
	deep 4
	.macro noexp x
	.ascii "\x\n"
	.endm
	noexp abc
	.long one
	.macro dotted reg
	mov %\reg\()d, %eax
	.endm
	.text
	dotted r8
	.macro op name, args:vararg
	\name \args
	.endm
	op mov, %eax, %ebx
	op addl, $5, 8(%rax,%rbx,4)
	op nop
	.macro save regs:vararg
	.irp r, \regs
	push %\r
	.endr
	.endm
	save rax, rbx, rcx
	.macro label_it name
\name: nop
	.endm
	label_it foo
	jmp foo
	.macro m1 x
	.byte \x
	.exitm
	.byte 99
	.endm
	m1 4
	.irp x, 1, 2, 3
	.if \x == 2
	.byte 55
	.endif
	.endr
	.rept 0
	garbage
	.endr
	.macro defaulted a=1, b=2, c
	.byte \a, \b
	.ifb \c
	.byte 0
	.endif
	.endm
	defaulted
	defaulted 5
	defaulted , 6
	defaulted c=7
	defaulted 1,,3
