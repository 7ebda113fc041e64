	.intel_syntax noprefix
	.text
	.globl _start
.equ SIZE, 16
_start:
	mov rax, [rbx]
	mov eax, SIZE
	mov eax, [rbx+SIZE]
	mov eax, SIZE[rbx]
	mov eax, dword ptr [rbx+rcx*4+SIZE*2]
	lea rsi, [rip+message]
	lea rsi, message[rip]
	mov rdi, offset message
	mov edi, offset message+4
	mov eax, message
	mov eax, [message]
	mov eax, dword ptr message[rip+4]
	mov byte ptr [rip+message], 'x'
	mov byte ptr [rsp+8], 5
	mov qword ptr [rsp+8], offset message
	cmp dword ptr [rip+message], 0x12345678
	push offset message
	call func
	call [rip+pointer]
	jmp qword ptr [rip+pointer]
	jmp table[rax*8]
	jne 1f
1:	loop 1b
	jmp short 1b
	movzx eax, byte ptr [rsi+rcx]
	rep movsb
	lock cmpxchg [rdi], rax
	mov rax, fs:[0x28]
	mov gs:[rbx+8], rax
	mov rax, cr0
	rdsspq rax
	wrssq [rdi], rax
	vmread rax, rbx
	.att_syntax
	mov $5, %eax
	.att_syntax prefix
	mov message(%rip), %eax
	.intel_syntax noprefix
	.macro store reg, value
	mov \reg, \value
	.endm
	store eax, 7
	store "qword ptr [rax]", rbx
	imul eax, [rbx], 3
	mov eax, message - _start
	mov eax, end - start2
	add eax, end - start2
start2: nop
	nop
end:
	add eax, end - start2
	mov eax, (SIZE + 4) / 2
	mov eax, SIZE shl 2
	test byte ptr [rax], SIZE
	sub rsp, SIZE
	mov rax, [rsp+SIZE-8]
	mov rax, -SIZE[rbp]
	mov rax, [rbp-SIZE]
	.code32
	mov eax, [ebx]
	mov eax, message
	jmp 0x10:_start
	ljmp 0x10, _start
	push eax
	.code64
	movabs rax, offset message
func:	ret
	.data
message: .asciz "hi"
pointer: .quad func
table:	.quad func, _start
