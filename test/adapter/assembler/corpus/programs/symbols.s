	.file "symbols.s"
	.ident "shadowstep"
	.text
	.globl func, other
	.type func, @function
func:
	.cfi_startproc
	push %rbp
	.cfi_def_cfa_offset 16
	.cfi_offset 6, -16
	mov %rsp, %rbp
	.cfi_def_cfa_register %rbp
	pop %rbp
	.cfi_def_cfa 7, 8
	ret
	.cfi_endproc
	.size func, .-func
	.type other, %function
other:	ret
	.size other, . - other
	.local loc
loc:	nop
	.hidden hid
hid:	nop
	.weak wk
	.quad wk
	.type obj, @object
	.size obj, 8
	.data
obj:	.quad func
.Lprivate: .quad .Lprivate
1:	.quad 1b, 1f
1:	.quad 1b
	.set alias, func
	.globl alias
	.equ number, 42
	.quad alias, number
	.globl _start
_start = func + 1
