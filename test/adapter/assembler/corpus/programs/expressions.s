# Operators, their ranks, comparisons, characters, radixes, symbol arithmetic.
	.text
start:
	.long	1+2*3, (1+2)*3, 7/2, -7/2, 7%3, -7%3, 1<<4, 256>>3, -1>>60
	.long	1|2, 3&6, 5^1, 5!3, ~0, -1, !0, !5, - -3, +4
	.long	1+2<<3, 1<<2+3, 2*3&5, 1|2+4, 1+2|4, 8-4-2, 100/10/2
	.long	1==1, 1!=1, 1<>2, 1<2, 2<1, 1<=1, 2>=3, 3>2
	.long	1&&1, 1&&0, 0||1, 0||0, 1==1&&2==2, 1+1==2
	.long	0x1F, 0b101, 017, 'a', '\n', '\\, 'a+1, '0'
	.byte	'A', 'B, '\'', ' '
	.quad	0xffffffffffffffff, 0x123456789abcdef0, -1, 1<<63
	.octa	0x0123456789abcdeffedcba9876543210, -1, 5
	.equ	A, 5
	.set	B, A*2
C = A + B
	.equiv	D, C-1
	.long	A, B, C, D
A2 == 9
	.long	A2
	.set	B, 77
	.long	B
	.quad	start, start+4, end-start, .-start, .
	.long	end-start, (end-start)/2, end-.-4
	.long	later
	.set	later, 1234
start2:
	.long	0
end2:
	.if	end2-start2 == 4
	.byte	2
	.endif
	.fill	(end2-start2), 1, 0x5a
here = .
	.quad	here
	.long	data_a - data_b
	.long	start - .
	mov	$end2-start2, %eax
	add	$end2-start2, %eax
	add	$end-start, %eax
	mov	end2-start2(%rax), %ebx
	mov	end-start(%rax), %ebx
	mov	A(%rax), %ebx
	mov	fwd(%rax), %ebx
	.set	fwd, 4
	mov	fwd(%rax), %ebx
	cmpl	$data_a - data_b, (%rax)
	lea	start+8(%rip), %rax
	lea	-4+start(%rip), %rax
	.uleb128 0, 127, 128, 300, end2-start2
	.sleb128 0, -1, 63, 64, -64, -65, 300
	.uleb128 end-start
	.sleb128 start-end
	.float	1.0, -2.5, 3.14159265358979, 1e10, 1e-40, 0, 1e38
	.double	1.0, -2.5, 3.14159265358979, 1e-310, 1e308, 0.1
	.tfloat	1.0, 3.14159265358979323846
	.single 0.1
end:
	.data
data_b:	.long	1, 2
data_a:	.word	start2-start
	.short	-1, 65535
	.hword 3
	.value 4
	.2byte 1
	.4byte 2
	.8byte 3
