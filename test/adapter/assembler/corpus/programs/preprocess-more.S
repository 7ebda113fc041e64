/* torture for the preprocessor */
#define A B
#define B A
#define f(x) (x + f(x))
#define g f
#define EMPTY()
#define DEFER(x) x EMPTY()
#define hash_hash # ## #
#define cat(a,b) a ## b
#define xcat(a,b) cat(a,b)
#define str(s) #s
#define xstr(s) str(s)
#define VARIADIC(a, ...) a __VA_ARGS__
#define NAMED(args...) .byte args
#define two() 2
#define COMMA ,
#define LPAREN (
#define concat3(a, b, c) a##b##c
#define REG(n) %r##n
#define MOV2(a, b) mov a, b ; mov b, a
#define LABEL(n) .Llab_##n
#define STRCAT "a" "b"
.text
.byte two() COMMA 3
.ascii xstr(A)
.ascii str(a  b "c\n" 'd')
.ascii xstr(two())
NAMED(1,2,3)
VARIADIC(.byte, 4, 5)
xcat(xcat(.by, te), ) 6
MOV2(REG(8), REG(9))
LABEL(1): jmp LABEL(1)
.long (1 << 3) | 0x10
mov $two(), %eax
.ascii STRCAT
#if defined A && !defined(Z) || 0
.byte 7
#endif
#if (-1 > 0u) && (2 - 3 < 0) && (0x10 == 16) && ('a' == 97) && ((1 ? 2 : 3) == 2)
.byte 8
#endif
#ifdef Z
#elif 1
.byte 9
#else
.byte 10
#endif
#if 0
#elif 0
#else
.byte 11
#endif
#define X 1
#if X == 1
# if X + 1 == 2
.byte 12
# endif
#endif
#undef X
#ifndef X
.byte 13
#endif
.ascii "X two() A"	// comment
.byte 1 \
 , 2
.long __LINE__
#define LONG_MACRO(a) \
	.byte a; \
	.byte a + 1; \
	nop
LONG_MACRO(20)
#define NOP nop
NOP; NOP /* c */ ; NOP
mov $'a', %al
mov $'\'', %al
# just a comment
.byte 5 # trailing
#define EFLAGS_IF (1<<9)
 push $EFLAGS_IF
#define PUSH_ALL push %rax; push %rbx
 PUSH_ALL
#define ENTRY(n) .globl n; .type n, @function; n
ENTRY(func): ret
