# hash comment
/ slash comment
// double slash
	/* block */ .text /* another */
	.byte 1 # trailing
	.byte 2
	.byte 3 /* inline */ , 4
	.byte 5 /* spans
	lines */
	.byte 6 ; .byte 7 # ; .byte 8
	.ascii "# not a comment ; // nor /* this */"
	.byte '#', ';', '/'
label:	.byte 9; second: third: .byte 10
	movb $'#', %al # x
	mov $';', %bl
lab: /* c */ nop
	NOP
	MOV %EAX, %EBX
	Mov %Rax, %rBx
	.BYTE 11
	.Long 12
$dollar:	.byte 13
	.quad $dollar
"quoted name":	.byte 14
	.quad "quoted name"
_a.b$c: .byte 15
	.byte	16,	17	,18
	.byte 1,2,
