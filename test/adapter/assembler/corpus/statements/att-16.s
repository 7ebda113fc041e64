mov foo,%ax
mov foo,%eax
mov %al,foo
mov $foo,%ax
mov $foo,%eax
mov foo,%bx
mov foo(%bx),%ax
mov 4(%bx),%ax
mov (%bp),%ax
mov (%bx,%si),%al
mov 4(%ebx),%ax
mov 4(%ebx),%eax
mov foo(%ebx),%eax
mov (%esp),%ax
mov $1,%eax
push %ax
push %eax
push $5
pushw $500
pushl $500
push $foo
push %ds
pop %es
pusha
pushal
pushf
pushfl
inc %ax
inc %eax
call foo
calll foo
call *%ax
call *%eax
call *(%bx)
jmp foo
ljmp $0x10,$foo
ljmpl $0x10,$foo
ljmpw $0xf000,$0xfff0
ljmp *foo
lret
lretl
ret
iret
iretl
int $0x10
lgdt foo
lgdtl foo
lgdtw foo
lidt (%bx)
data32 lgdt foo
addr32 mov (%eax),%bx
data32 ret
mov %cr0,%eax
mov %eax,%cr0
mov %ax,%ds
mov %ds,%ax
movsb
movsw
movsl
rep stosw
addr32 rep stosl
in (%dx),%al
out %ax,(%dx)
xchg %ax,%bx
cmp $0x4d,%ax
cmpl $0x12345678,(%bx)
cmpb $0,foo
or $1,%al
or $1,%eax
test $1,%ax
test $0x1234,%ax
jcxz .
jecxz .
loop .
lea foo(%bx,%di),%ax
imul $5,%ax
enter $8,$0
leave
shl $4,%ax
shll $4,%eax
les (%bx),%di
lss foo,%sp
smsw %ax
lmsw %ax
fnsave (%bx)
fldenv (%bx)
wbinvd
cpuid
data32 call foo
data32 jmp foo
data32 je foo
data32 ljmp $8,$foo
data32 ljmp *foo
data32 lret
data32 iret
data32 push %ds
data32 push $5
data32 push $500
data32 lgdt foo
data32 pushf
addr32 lgdt foo
addr32 data32 lgdt foo
addr32 movl $5,foo
addr32 mov foo,%eax
addr32 mov %ax,4(%ebx)
