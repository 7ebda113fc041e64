mov $1,%rax
mov $0x80000000,%rax
mov $0xffffffff80000000,%rax
mov $-1,%rax
movq $0x80000000,%rax
movq $0x123456789abc,%rcx
mov $0x123456789abc,%rcx
movabs $1,%rax
movabsq $0x1234,%rbx
mov $0x1ff,%al
movb $0x1ff,(%rax)
mov $0x12345,%ax
mov $0x123456789,%eax
mov $-129,%al
mov $-128,%al
mov $255,%al
mov $0xffffffffffffff80,%al
mov 0xfee00020,%eax
mov 0x80000000,%rcx
mov 0xfffffffffee00020,%eax
mov 0x123456789abcdef0,%rax
mov 0x123456789abcdef0,%eax
mov 0x123456789abcdef0,%rbx
mov %al,0x123456789abcdef0
mov %fs:0,%rax
mov %fs:0x28,%rax
mov %ds:(%rax),%ebx
mov %ss:(%rax),%ebx
mov %ds:(%rbp),%ebx
mov %ss:(%rbp),%ebx
mov %es:(%rsp),%ebx
mov %cs:4,%ebx
movl %ds:4,%ebx
mov (,%rax,8),%rbx
mov 8(,%rax,1),%rbx
mov 0(%rax),%rbx
mov 0(%rbp),%rbx
mov (%rbp),%rbx
mov (%r13),%rbx
mov (%r12),%rbx
mov 127(%rax),%rbx
mov 128(%rax),%rbx
mov -128(%rax),%rbx
mov -129(%rax),%rbx
mov 4(%rip),%rax
mov (%rip),%rax
mov 4(%eip),%rax
mov (%eax),%ebx
mov 0xffffffff(%eax),%ebx
mov 0xfffffff0(%eax),%ebx
mov 0xfffffffffffffff0(%rax),%ebx
mov 0xfffffff0(%rax),%ebx
mov 0x7fffffff(%rax),%ebx
mov (%rax,%rsp),%rbx
mov (%rsp,%rax),%rbx
mov (%rax,%rbp,2),%rbx
mov (%rax,%eax),%rbx
mov (%rax,%rbx,3),%rbx
push %rax
push %ax
push %eax
pushq %rax
pushw %ax
push $5
push $127
push $128
push $-128
push $-129
push $0x7fffffff
push $0x80000000
push $0xffffffff80000000
pushq $5
pushw $5
pushw $0x1234
pushl $5
push (%rax)
pushq (%rax)
pushw (%rax)
push %fs
push %gs
pushw %fs
pushq %gs
push %ds
pop %fs
pop (%rax)
pop %rbx
call *%rax
call *(%rax)
callq *%rax
callq *8(%rax)
call *%eax
callw *%ax
call *%ax
jmp *%rax
jmp *(%rax)
jmpq *(%rax)
jmp *8(%rax,%rbx,4)
jmp *table(,%rax,8)
jmp %rax
call (%rax)
lcall *(%rax)
ljmp *(%rax)
ljmpl *(%rax)
ljmpq *(%rax)
ljmpw *(%rax)
lcallq *(%rax)
rex.W ljmp *(%rax)
ljmp $0x10,$0x1000
lret
lretq
lretl
lretw
lret $8
lretq $8
ret
retq
retw
ret $8
retl
rep ret
repz ret
iret
iretq
iretl
iretw
sysret
sysretq
sysretl
sysexit
sysexitq
sysexitl
leave
leaveq
leavew
enter $16,$0
enterq $16,$1
enter $0,$5
pushf
pushfq
pushfw
popf
popfq
pushfl
cbtw
cwtl
cltq
cwtd
cltd
cqto
cbw
cwde
cdqe
cwd
cdq
cqo
movsb
movsw
movsl
movsq
movsd
rep movsb
rep movsq
rep stosq
repe cmpsb
repne scasb
lodsb
lodsq
stosb
stosl
stosd
scasl
cmpsl
cmpsd
insb
insw
insl
outsb
outsl
insd
movsb (%rsi),(%rdi)
movs %fs:(%rsi),%es:(%rdi)
movsb %fs:(%rsi),%es:(%rdi)
movsl %ds:(%rsi),%es:(%rdi)
movsb (%esi),(%edi)
movsb (%esi),(%rdi)
lods (%rsi),%al
lodsb (%rsi),%al
lodsb (%rsi)
lods %gs:(%rsi),%eax
lodsl %gs:(%rsi)
stos %al,(%rdi)
stos %rax,%es:(%rdi)
stosb %al,%es:(%rdi)
scas (%rdi),%al
scas %es:(%rdi),%rax
cmpsb (%rdi),(%rsi)
cmpsb %es:(%rdi),%ds:(%rsi)
ins %dx,(%rdi)
insb (%dx),%es:(%rdi)
insb %dx,%es:(%rdi)
outsb %ds:(%rsi),%dx
outsb (%rsi),(%dx)
addr32 movsb
addr32 stosl
addr32 lodsb
xlat
xlatb
xlat (%rbx)
xlatb %fs:(%rbx)
in %dx,%al
in (%dx),%al
in (%dx),%ax
inb %dx,%al
inb (%dx),%al
inl (%dx),%eax
in $0x10,%al
in $0x10,%eax
inb $0x10
inb %dx
inw %dx
outb %dx
inb (%dx)
outl $0x80
out %al,$0x80
out %al,%dx
out %eax,(%dx)
outb %al,(%dx)
outw %ax,%dx
out %rax,%dx
int $3
int3
int $0x80
into
bound %eax,(%rbx)
int1
icebp
ud2
ud2a
ud2b
ud1 %eax,%ebx
ud0 %eax,%ebx
hlt
nop
nopw (%rax)
nopl (%rax)
nopl 0(%rax)
nopl 0(%rax,%rax,1)
nopw 0x0(%rax,%rax,1)
nopw %cs:0(%rax,%rax,1)
nop %eax
data16 nop
pause
xchg %eax,%eax
xchg %rax,%rax
xchg %ax,%ax
xchg %r8,%rax
xchg %r8d,%eax
xchg %eax,%r8d
xchg %eax,%ebx
xchg %ebx,%eax
xchg %al,%bl
xchg (%rax),%ebx
xchg %ebx,(%rax)
xchgl %ebx,(%rax)
test %eax,%ebx
test %ebx,(%rax)
test (%rax),%ebx
test $1,%al
test $1,%eax
test $1,%rax
test $1,%ebx
testb $1,(%rax)
test $0x80,%bl
testl $0x80,%ebx
inc %eax
incl (%rax)
incb (%rax)
inc (%rax)
dec %r9b
not %rax
negq (%rax)
mul %rbx
mul %bl
imul %ebx
imul %ebx,%ecx
imul $3,%ebx,%ecx
imul $3,%ebx
imul $300,%ebx
imul $300,(%rax),%ebx
imulq $-1,%rax
imulw $3,%bx,%cx
div %ecx
divb (%rax)
idivq %rcx
shl %eax
shl $1,%eax
shl $2,%eax
shl %cl,%eax
sal $3,%rax
shll (%rax)
shlb %cl,(%rax)
shr $31,%ebx
sar %rax
sarq $63,%rax
rol $1,%ax
ror %cl,%al
rcl $3,%eax
rcr %eax
shld $3,%eax,%ebx
shld %cl,%eax,%ebx
shld %eax,%ebx
shrd $3,%rax,(%rbx)
shrd %rax,(%rbx)
shl $256,%eax
shl $-1,%eax
bt $3,%eax
btl $3,(%rax)
bt %eax,%ebx
bts $3,(%rax)
btsq $63,%rax
btr %rax,(%rbx)
btcw $3,%ax
bsf %eax,%ebx
bsr (%rax),%rbx
popcnt %eax,%ebx
popcntq (%rax),%rbx
lzcnt %ax,%bx
tzcnt %rax,%rbx
bswap %eax
bswap %r9
bswapl %eax
movbe (%rax),%ebx
movbe %rbx,(%rax)
cmpxchg %eax,(%rbx)
lock cmpxchg %eax,(%rbx)
lock cmpxchgq %rax,(%rbx)
lock cmpxchg8b (%rax)
cmpxchg8b (%rax)
cmpxchg16b (%rax)
lock cmpxchg16b (%rax)
xadd %eax,%ebx
lock xadd %eax,(%rbx)
lock incl (%rax)
lock addl $1,(%rax)
lock orb $1,(%rax)
lock bts $1,(%rax)
lock mov %eax,(%rbx)
lock add %eax,%ebx
lock xchg %eax,(%rbx)
lock
rep
lock; incl (%rax)
xacquire lock incl (%rax)
xrelease movl $1,(%rax)
sete %al
setnz (%rax)
setc %r9b
setnbe %sil
cmovz %eax,%ebx
cmovnae (%rax),%rbx
cmovl %eax,%ebx
cmovll %eax,%ebx
cmovlel %eax,%ebx
cmovgq %rax,%rbx
movzx %al,%eax
movzx %ax,%eax
movzb %al,%eax
movzbl %al,%eax
movzbl (%rax),%eax
movzbw (%rax),%ax
movzbq (%rax),%rax
movzb (%rax),%eax
movzb (%rax),%rax
movzwl (%rax),%eax
movzwq %ax,%rbx
movzw (%rax),%eax
movzx (%rax),%eax
movsbl %al,%eax
movsbw (%rax),%ax
movsbq %al,%rbx
movsb %al,%ebx
movsw %ax,%ebx
movsx %al,%ebx
movsx %ax,%rbx
movsx %eax,%rbx
movswl (%rax),%eax
movswq (%rax),%rax
movslq %eax,%rbx
movslq (%rax),%rbx
movsl %eax,%rbx
movsxd %eax,%rbx
movsxd %eax,%ebx
movsx (%rax),%ebx
mov %cr0,%rax
mov %rax,%cr3
mov %cr8,%rax
mov %rax,%cr8
movq %rax,%cr4
mov %dr7,%rax
mov %rax,%dr0
mov %eax,%cr0
mov %db7,%rax
mov %ax,%ds
mov %eax,%ds
mov %rax,%ds
mov %ds,%ax
mov %ds,%eax
mov %ds,%rax
mov %ds,(%rax)
movw %ds,(%rax)
movl %ds,(%rax)
mov (%rax),%ds
movw (%rax),%ss
movl (%rax),%ss
lgdt (%rax)
lgdtq (%rax)
lidt 8(%rax)
sgdt (%rax)
sidt (%rax)
lldt %ax
lldt (%rax)
ltr %ax
ltrw %ax
ltr (%rax)
str %ax
str %eax
str %rax
str (%rax)
sldt %eax
smsw %ax
smsw %eax
smsw (%rax)
lmsw %ax
lmsw (%rax)
verr %ax
verw (%rax)
lar %ax,%eax
lar %eax,%eax
lar (%rax),%ebx
lar %ax,%rbx
lsl %ax,%ebx
lsl %eax,%ebx
invlpg (%rax)
invpcid (%rax),%rbx
wbinvd
invd
wbnoinvd
clts
cli
sti
swapgs
rdtsc
rdtscp
rdmsr
wrmsr
rdpmc
cpuid
syscall
sysenter
monitor
mwait
monitor %rax,%rcx,%rdx
monitor %eax,%ecx,%edx
monitor %rax,%ecx,%edx
mwait %rax,%rcx
mwait %eax,%ecx
xgetbv
xsetbv
xsave (%rax)
xsave64 (%rax)
xsaveopt (%rax)
xsaves (%rax)
xsaves64 (%rax)
xsavec64 (%rax)
xrstor (%rax)
xrstors64 (%rax)
fxsave (%rax)
fxsave64 (%rax)
fxsaveq (%rax)
fxrstor (%rax)
fxrstorq (%rax)
ldmxcsr (%rax)
stmxcsr (%rax)
clflush (%rax)
clflushopt (%rax)
clwb (%rax)
clac
stac
rdfsbase %rax
rdfsbase %eax
rdfsbasel %eax
wrgsbase %rax
wrgsbaseq %rax
rdrand %eax
rdrandq %rax
rdseed %ax
rdpid %rax
rdpkru
wrpkru
adcx %eax,%ebx
adox (%rax),%rbx
mulx %eax,%ebx,%ecx
andn %eax,%ebx,%ecx
bextr %eax,%ebx,%ecx
pdep %rax,%rbx,%rcx
rorx $3,%eax,%ebx
sarx %eax,%ebx,%ecx
blsr %eax,%ebx
crc32b %al,%eax
crc32 %al,%eax
crc32l %eax,%ebx
crc32q %rax,%rbx
crc32 (%rax),%ebx
crc32w (%rax),%ebx
endbr64
endbr32
rdsspd %eax
rdsspq %rax
incsspd %eax
incsspq %rax
saveprevssp
rstorssp (%rax)
rstorssp 8(%rsp)
wrssd %eax,(%rbx)
wrssq %rax,(%rbx)
wrussd %eax,(%rbx)
wrussq %rax,(%rbx)
wrss %rax,(%rbx)
setssbsy
clrssbsy (%rax)
notrack jmp *%rax
notrack call *(%rax)
notrack jmp *table(,%rax,8)
notrack jmp foo
notrack ret
vmxon (%rax)
vmxoff
vmclear (%rax)
vmptrld (%rax)
vmptrst (%rax)
vmlaunch
vmresume
vmcall
vmfunc
vmread %rax,%rbx
vmread %rax,(%rbx)
vmreadq %rax,%rbx
vmwrite %rax,%rbx
vmwrite (%rax),%rbx
vmwriteq %rax,%rbx
invept (%rax),%rbx
invvpid (%rax),%rbx
vmrun
vmrun %rax
vmrun %eax
vmload
vmsave %rax
vmmcall
stgi
clgi
skinit
skinit %eax
invlpga
invlpga %rax,%ecx
invlpga %eax,%ecx
getsec
rsm
encls
enclu
tdcall
seamcall
senduipi %rax
uiret
clui
stui
testui
umonitor %rax
umonitor %eax
umwait %eax
tpause %eax
tpause %eax,%edx,%eax
movdiri %eax,(%rbx)
movdir64b (%rax),%rbx
enqcmd (%rax),%rbx
hreset $0
serialize
xsusldtrk
xresldtrk
prefetcht0 (%rax)
prefetchnta (%rax)
prefetchw (%rax)
prefetchwt1 (%rax)
cldemote (%rax)
lfence
mfence
sfence
ptwrite %eax
xend
xtest
xabort $1
lea (%rax),%rbx
lea 4(%rax,%rbx,2),%ecx
lea (%rax),%bx
leaq foo(%rip),%rax
lea foo,%rax
lahf
sahf
lds (%eax),%ebx
lfs (%rax),%ebx
lgs (%rax),%rbx
lss (%rax),%bx
aaa
daa
pusha
arpl %ax,%bx
add $1,%rax
add $128,%rax
add $-128,%rax
add $0x80000000,%rax
add $0xffffffff,%rax
addl $0xffffffff,(%rax)
addw $0xffff,(%rax)
addq $-1,(%rax)
addb $-1,(%rax)
addb $255,(%rax)
addb $256,(%rax)
add $0xff,%ax
add $1000,%ax
add $1,%ax
add $128,%ax
add $128,%eax
sub $128,%eax
cmp $0,%eax
cmpl $0,(%rax)
cmp %ah,%bl
add %ah,%r8b
mov %ah,%sil
and $0xfffffffffffffff0,%rsp
and $-16,%rsp
or %rax,(%rbx,%rcx,8)
xor %eax,%eax
adc $0,%rdx
sbb %eax,%eax
data16 mov %eax,%ebx
cs mov (%rax),%ebx
fs movl (%rax),%ebx
gs nop
es movsb
rex mov %eax,%ebx
rex.W nop
rex.WRXB
rex64 fxsave (%rax)
jne,pt foo
jmp 0x1234
call 0x1234
je 0x10
{disp32} mov 4(%rax),%ebx
{disp8} mov (%rax),%ebx
{vex3} andn %eax,%ebx,%ecx
{load} mov %eax,%ebx
{store} mov %eax,%ebx
fld %st(1)
fld %st
flds (%rax)
fldl (%rax)
fldt (%rax)
fld (%rax)
fst %st(2)
fstps (%rax)
fstpl (%rax)
fstpt (%rax)
fildl (%rax)
fildq (%rax)
fildll (%rax)
filds (%rax)
fild (%rax)
fistpl (%rax)
fistpq (%rax)
fistpll (%rax)
fadd
faddp
fadd %st(1),%st
fadd %st,%st(1)
fadd %st(3)
faddp %st,%st(3)
faddp %st(3)
fadds (%rax)
faddl (%rax)
fadd (%rax)
fiadds (%rax)
fiaddl (%rax)
fsub
fsubp
fsubr
fsubrp
fsub %st,%st(3)
fsubr %st,%st(3)
fsubp %st,%st(3)
fsubrp %st,%st(3)
fdiv %st,%st(3)
fdivp %st(3)
fdivrp
fmul %st(2),%st
fmulp
fxch
fxch %st(3)
fxch %st,%st(3)
fcom
fcom %st(3)
fcomp
fcompp
fucom
fucomi
fucomi %st(3)
fucomi %st(3),%st
fcomip %st(2),%st
fcomip
fucompp
fcmove %st(1),%st
ffree %st(1)
ffreep %st(1)
fnstsw %ax
fnstsw
fstsw
fstsw %ax
fnstsw (%rax)
fldcw (%rax)
fnstcw (%rax)
fstcw (%rax)
fninit
finit
fnclex
fclex
fwait
wait
fnop
fld1
fldz
fchs
fabs
fsqrt
fsin
fptan
f2xm1
emms
movd %eax,%xmm0
movd %rax,%xmm0
movq %rax,%xmm0
movq %xmm0,%rax
movd %xmm0,%eax
movq %xmm1,%xmm2
movq (%rax),%xmm1
movq %xmm1,(%rax)
movaps %xmm1,%xmm2
movaps (%rax),%xmm1
movdqu %xmm1,(%rax)
movss %xmm1,%xmm2
movsd %xmm1,%xmm2
movsd (%rax),%xmm2
movsd %xmm2,(%rax)
cvtsi2sd %eax,%xmm0
cvtsi2sd %rax,%xmm0
cvtsi2sdl (%rax),%xmm0
cvtsi2sdq (%rax),%xmm0
cvtsi2sd (%rax),%xmm0
cvtsi2ss %rax,%xmm1
cvttsd2si %xmm0,%rax
cvttsd2siq (%rax),%rax
cvttsd2sil %xmm0,%eax
cmpeqps %xmm1,%xmm2
cmpltsd %xmm1,%xmm2
cmpsd $1,%xmm1,%xmm2
cmpps $3,(%rax),%xmm2
pinsrw $1,%eax,%xmm0
pextrw $1,%xmm0,%eax
pextrq $1,%xmm0,%rax
pshufd $0x1b,%xmm1,%xmm2
blendvps %xmm0,%xmm1,%xmm2
blendvps %xmm1,%xmm2
pblendvb %xmm0,(%rax),%xmm2
sha256rnds2 %xmm0,%xmm1,%xmm2
pclmulhqlqdq %xmm1,%xmm2
pclmulqdq $0,%xmm1,%xmm2
aesenc %xmm1,%xmm2
movnti %rax,(%rbx)
maskmovdqu %xmm1,%xmm2
movmskpd %xmm0,%eax
psrldq $4,%xmm1
vaddps %ymm1,%ymm2,%ymm3
vmovdqa %xmm1,%xmm9
vmovaps %xmm9,%xmm1
vcmpltps %xmm1,%xmm2,%xmm3
vzeroupper
bndmk (%rax),%bnd0
bnd jmp foo
bnd ret
aam
aad $8
loop .
loopl .
loope .
loopnew .
jrcxz .
jecxz .
jcxz .
xbegin foo
call foo
callq foo
jmpq foo
callw foo
jmpw foo
calll foo
mov $foo,%eax
mov $foo,%rax
movq $foo,%rax
movabs $foo,%rax
mov $foo,%al
mov $foo,%ax
add $foo,%eax
add $foo,%ax
add $foo,%al
addl $foo,(%rax)
addq $foo,%rax
push $foo
imul $foo,%eax,%ebx
movl $foo,4(%rax)
mov foo(%rax),%ebx
mov foo(%rip),%ebx
mov foo+4(%rip),%ebx
cmpb $1,foo(%rip)
cmpl $0x12345,foo(%rip)
mov foo,%al
mov foo,%eax
mov %rax,foo
movabs foo,%eax
int $foo
enter $foo,$0
out %al,$foo
shl $foo,%eax
data16 call foo
data16 jmp foo
data16 je foo
