	.code16
	.text
	.globl _start
_start:
	cli
	xor %ax, %ax
	mov %ax, %ds
	lgdt gdtr - _start
	mov %cr0, %eax
	or $1, %eax
	mov %eax, %cr0
	jmp 1f
	.fill 130, 1, 0x90
1:	jne 1b
	je _start
	call sub16
	ljmpl $8, $protected
	ljmp $8, $0x1000
sub16:	ret
	.p2align 3
	.code32
protected:
	mov $0x10, %ax
	mov %ax, %ds
	mov $stack, %esp
	call sub32
	mov %cr4, %eax
	bts $5, %eax
	mov %eax, %cr4
	mov $0xc0000080, %ecx
	rdmsr
	bts $8, %eax
	wrmsr
	push $gdt
	ljmp $0x18, $long
	jmp *%eax
	inc %eax
	jmp long
sub32:	ret
	.p2align 4
	.code64
long:	mov $stack, %rsp
	movabs $long, %rax
	jmp *%rax
	hlt
	jmp .-1
	.data
	.p2align 3
gdt:	.quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff, 0x00af9a000000ffff
gdtr:	.word gdtr - gdt - 1
	.long gdt
	.bss
	.skip 4096
stack:
