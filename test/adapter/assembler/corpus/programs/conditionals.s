	.text
X = 3
	.if X == 3
	.byte 1
	.elseif X == 4
	.byte 2
	.else
	.byte 3
	.endif
	.if X > 5
	.byte 4
	.elseif X > 2
	.byte 5
	.elseif X > 1
	.byte 6
	.else
	.byte 7
	.endif
	.ifdef X
	.byte 8
	.endif
	.ifndef X
	.byte 9
	.else
	.byte 10
	.endif
	.ifdef undefined_thing
	.byte 11
	bogus instruction here
	.if garbage (((
	.endif
	.endif
	.ifnotdef Y
	.byte 12
	.endif
	.ifeq X-3
	.byte 13
	.endif
	.ifne X-3
	.byte 14
	.endif
	.ifge X-3
	.byte 15
	.endif
	.ifgt X-3
	.byte 16
	.endif
	.ifle X-3
	.byte 17
	.endif
	.iflt X-4
	.byte 18
	.endif
	.ifc abc,abc
	.byte 19
	.endif
	.ifc abc, abd
	.byte 20
	.endif
	.ifnc a b,a c
	.byte 21
	.endif
	.ifeqs "x y", "x y"
	.byte 22
	.endif
	.ifnes "x", "y"
	.byte 23
	.endif
	.macro m a, b
	.ifb \a
	.byte 24
	.endif
	.ifnb \b
	.byte 25
	.endif
	.ifc \a,%rax
	.byte 26
	.endif
	.endm
	m
	m 1,2
	m %rax
lab:	.if 0
	.macro hidden
	.endm
	.if 1
	.byte 30
	.else
	.byte 31
	.endif
	.else
	.byte 32
	.endif
	.if 1 ; .byte 33 ; .endif ; .byte 34
