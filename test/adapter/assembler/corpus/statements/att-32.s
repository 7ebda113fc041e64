mov foo,%eax
mov %eax,foo
mov foo,%al
mov %al,0x1234
mov foo,%ebx
mov $foo,%eax
mov foo(%ebx),%eax
mov 4(%ebx),%eax
mov 4(%esp),%eax
mov (%ebp),%eax
mov (%bx),%eax
mov 4(%bp,%si),%ax
mov 0x1234(%bx),%eax
mov (%si),%eax
mov foo(%bx),%ax
mov 0xffffffff(%eax),%ebx
mov 0xfffffff0,%ebx
push %eax
push %ax
push $5
push $500
push $foo
pushw $5
pushl $5
push %ds
push %es
push %cs
pop %ds
push %fs
pushw %ds
pushl %ds
pusha
pushal
pushaw
popa
pushf
pushfl
pushfw
inc %eax
inc %ax
inc %al
incl (%eax)
dec %esp
call *%eax
call *(%eax)
call *%ax
callw *(%eax)
call foo
jmp foo
jmp *%eax
jmp *foo
ljmp $0x10,$foo
ljmp $0x10,$0x1000
lcall $8,$foo
ljmpw $8,$0x1000
ljmp *(%eax)
ljmp *foo
lret
lret $4
ret
retw
iret
iretl
iretw
enter $16,$0
leave
bound %eax,(%ebx)
arpl %ax,%bx
les (%eax),%ebx
lds (%eax),%ebx
lss (%eax),%esp
aaa
aas
daa
das
aam
aam $8
aad
into
salc
jcxz .
jecxz .
loop .
loopw .
loopl .
lgdt (%eax)
lgdtl (%eax)
lgdtw (%eax)
lidt foo
sgdt (%eax)
ltr %ax
mov %cr0,%eax
mov %eax,%cr4
mov %dr7,%eax
mov %cr8,%eax
lock mov %cr0,%eax
movsl
stosl
rep movsl
movsw
addr16 movsb
addr16 lodsl
movsb (%si),(%di)
in (%dx),%eax
xchg %eax,%eax
xchg %eax,%ebx
xchg %ax,%ax
cmpxchg8b (%eax)
sysenter
sysexit
syscall
sysret
rdsspd %eax
incsspd %eax
rstorssp (%eax)
wrssd %eax,(%ebx)
endbr32
vmread %eax,%ebx
vmwrite (%eax),%ebx
invept (%eax),%ebx
invpcid (%eax),%ebx
monitor
monitor %eax,%ecx,%edx
monitor %ax,%ecx,%edx
movq (%eax),%xmm0
movd %eax,%xmm0
fsave (%eax)
fldenv (%eax)
fxsave (%eax)
mov %rax,%rbx
mov %r8d,%eax
mov %spl,%al
cqto
cdqe
swapgs
movabs $1,%rax
data16 ret
data16 push $5
addr16 mov (%bx),%eax
addr16 jcxz .
jmp 0x1000
test $1,%eax
imul $5,%eax
add $5,%eax
add $500,%eax
addw $500,%ax
shl %eax
bswap %eax
data16 call foo
data16 jmp foo
data16 je foo
data16 ljmp $8,$foo
data16 lcall $8,$0x1234
data16 ljmp *foo
data16 lret
data16 iret
data16 push %ds
data16 pusha
