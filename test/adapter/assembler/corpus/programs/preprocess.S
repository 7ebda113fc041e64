/* A source for the C preprocessor. */
#include "config.h"
#define VALUE 5
#define ADD(a, b) ((a) + (b))
#define STR(x) #x
#define XSTR(x) STR(x)
#define CAT(a, b) a##b
#define XCAT(a, b) CAT(a, b)
#define ENTRY(name) .globl name; name:
#define LOAD(reg, val) mov $val, %reg
#define MULTI(a) \
	push a; \
	pop a
#define VA(fmt, ...) .byte fmt, ##__VA_ARGS__
#define EMPTY
#define SELF SELF
#define F(x) x
#ifdef __ASSEMBLER__
	.text
#else
#error not an assembler
#endif
#if defined(CONFIG_X) && CONFIG_X >= 2
	.byte 1
#elif CONFIG_X == 1
	.byte 2
#else
	.byte 3
#endif
#ifndef MISSING
	.byte 4 // comment
#endif
#if 0
	this is not assembled ' " (
#if 1
#else
#endif
#elif (1 ? 2 : 3) == 2 && !0 && (1 << 3) == 8 && -1 < 0 && 'A' == 65
	.byte 5
#endif
ENTRY(_start)
	LOAD(eax, VALUE)
	LOAD(ebx, ADD(VALUE, 2))
	MULTI(%rax)
	.ascii XSTR(VALUE) STR(a b)
	VA(1)
	VA(1, 2, 3)
	XCAT(no, p)
	EMPTY nop
	.byte F(F(3))
	.long ADD(1,
		2)
	mov $VALUE, %ecx	# VALUE comment's apostrophe
	.long __LINE__
#undef VALUE
#define VALUE 6
	.byte VALUE
	.set VALUES, 3
	.byte VALUES
	push $CONFIG_X
	header_macro %rdx
	/* block
	   comment */ nop
	.if CONFIG_X == 3
	hlt
	.endif
#define FORWARD(x) jmp x
	FORWARD(1f)
1:	ret
	mov $0x10, %eax; mov $1, %ebx
#if __x86_64__
	.byte 64
#endif
#include "sub/inner.h"
	inner_label_user
#--- config.h
#ifndef CONFIG_H
#define CONFIG_H
#define CONFIG_X 3
	.macro header_macro r
	inc \r
	.endm
#endif
#--- sub/inner.h
#include "deeper.h"
	.macro inner_label_user
	.byte DEEP
	.endm
	.byte 77
#--- sub/deeper.h
#define DEEP 99
