	.intel_syntax noprefix
	.text
	.macro handler n, err=0
	.globl isr\n
isr\n:
	.if \err == 0
	push 0
	.endif
	push \n
	jmp common
	.endm
	handler 0
	handler 8, 1
	handler 14, err=1
common:
	push rax
	.irp r, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	push \r
	.endr
	mov rdi, rsp
	lea rax, [rip + table]
	call [rax + 8*rdi]
	call qword ptr table[8*rdi]
	mov rax, [rsp + 15*8]
	add rsp, 8*2
	cmp byte ptr [rdi + rsi*1 + (2*4)], 'A'
	je 1f
	mov word ptr [rdi - 2], 0x1234
	xor eax, eax
1:	rep stosq
	iretq
	.equ OFF, 0x20
	.set CR4_CET, 1 << 23
	mov rax, cr4
	or rax, CR4_CET
	mov cr4, rax
	mov ecx, 0x6a2
	mov eax, offset stack_token
	xor edx, edx
	wrmsr
	setssbsy
	rstorssp [rsp+OFF]
	saveprevssp
	clrssbsy qword ptr [rax]
	incsspq rax
	rdsspq rcx
	wrssq [rcx + 8], rax
	wrussq [rcx], rax
	endbr64
	notrack jmp rax
	notrack jmp [rax+8]
	vmxon [rsp-8]
	vmptrld qword ptr [rip+region]
	vmwrite rax, [rbx]
	vmread [rbx], rax
	mov eax, 0x6820
	vmlaunch
	jbe fail
	vmresume
	setna al
	invept rax, [rip+desc]
	lgdt [rip+gdtr]
	lidt gdtr[rip]
	ltr ax
	mov ds, ax
fail:	hlt
	jmp fail
	mov al, [rbx+1]
	movsx rax, byte ptr [rbx]
	test dword ptr [rbx+4], -1
	out dx, al
	in eax, dx
	lock xadd [rbx], eax
	bts qword ptr [rbx], 63
	bt eax, 5
	shl qword ptr [rbx], 3
	imul rax, rbx, 0x1000
	mov qword ptr [rbx], -1
	mov dword ptr [rbx+rcx], 0xffffffff
	and dword ptr [rbx], 0xfffffff0
	cmp rax, 0xffffffffffffffff
	push 0xffffffffffffff80
	enter 0x20, 0
	ret 16
	.data
	.align 16
stack_token: .quad stack_token + 1
region:	.quad 0
desc:	.quad 1, 0
table:	.quad isr0, isr8
gdtr:	.word 0
	.quad 0
