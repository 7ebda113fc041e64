	.text
	.p2align 4,,15
	nop
	.p2align 5, 0xcc
	nop
	.balign 8, , 3
	.align 32
	.p2align 0
	.p2align 3,0x90
	.skip 5
	.skip 3, 0x90
	.fill 0,4,1
	.fill 2,0,1
	.byte
	.long
	.ascii ""
	.asciz ""
	.string "a", "b"
 .nop
 .nops 5
 .nops 20
 .nops 30,4
 .nops 100
 .nops 200
 .nops 30,4
 .long 0f
0: .byte 0
 .long 0b
 .quad 1f-0b
1:
 .long 0b1, 0b11
 00: .byte 0
 .long 0b-00b
 10: .long 10b
 .float 0f1.5, 1e3, -0.0
 .double 0d2.5
 .long 5; .long 6;;; .long 7
 a: b: c: nop
 a1 = . ; .long a1
 .set .Lx, 5 ; .byte .Lx
 .equ y, a
 .long y, y+1, y-a
 .size a, 1b-a
 .type a STT_FUNC
 .type b,"function"
