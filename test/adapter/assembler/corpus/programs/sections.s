	.text
a:	nop
	.text 2
b:	.byte 2
	.text 1
c:	.byte 1
	.text 0
d:	nop
	jmp b
	jmp c
	.data
	.long 1
	.previous
	hlt
	.pushsection .data
	.long 2
	.pushsection .rodata, "a"
	.long 3
	.popsection
	.long 4
	.popsection
	cli
	.section .text.hot,"ax",@progbits
hot:	jmp a
	call a
	ret
	.section .text
	jmp hot
	.subsection 1
	.byte 9
	.previous
	sti
	.section ".init.data", "aw"
	.quad a
	.data 1
	.long 11
	.data 0
	.long 10
