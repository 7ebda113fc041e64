	.data
	.ascii	"plain", "two"
	.asciz	"zero", "two"
	.string	"esc \n\t\\\"\101\x41\x4a\0end"
	.string16 "ab"
	.string32 "c"
	.zero	3
	.skip	4, 0xaa
	.space	2
	.space	200, 0x11
	.fill	3
	.fill	2, 2, 0x1234
	.fill	2, 4, 0x12345678
	.fill	2, 8, 0x12345678
	.fill	3, 3, 0xabcdef
	.balign	8
	.byte	1
	.balign	4, 0xcc
	.byte	2
	.p2align 4, 0x90, 3
	.p2align 3, , 7
	.byte	3
	.align	16
	.byte	4
	.byte	5
	.org	0x300
	.byte	6
	.org	. + 16, 0xee
	.byte 7
label:	.org label + 40
	.dcb.w 3, 7
	.dc.b 1,2
	.dc.l 5
	.quad label - 1
	.section .rodata
	.long 1,2,3
	.section .rodata.str,"aMS",@progbits,1
	.string "merged"
	.section .custom,"aw"
	.quad label, .custom_label
.custom_label:
	.section .nobits,"aw",@nobits
	.skip 100
	.bss
	.skip 16
b2:	.skip 32
	.lcomm lc, 40
	.lcomm lc2, 3
	.comm cm, 64, 32
	.text
	.quad lc2, cm, b2
