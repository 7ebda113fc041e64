# .altmacro: bare parameter names, %expressions, <text>, LOCAL labels; interrupt stubs as kernels write them.
	.altmacro
	.text
	.macro	stub n
isr&n:
	.if	(n == 8) | (n == 14)
	.else
	push	$0
	.endif
	push	$\n
	jmp	common
	.endm
	.set	i, 0
	.rept	16
	stub	%i
	.set	i, i+1
	.endr
	.macro	wait_for reg
	LOCAL	again, done
again:	test	reg, reg
	jz	done
	jmp	again
done:
	.endm
	wait_for <%rax>
	wait_for <%ecx>
	.noaltmacro
	.macro	plain reg
	inc	\reg
	.endm
	plain	%eax
	.altmacro
	.macro	text t
	.ascii	t
	.endm
	text	<"a, b">
	.macro bytes a, b
	.byte a, b, \a
	.endm
	bytes %i*2, 3
	bytes <1>, <2>
common:	iretq
