mov eax,5
mov eax,[5]
mov eax,[rbx]
mov eax,dword ptr [rbx]
mov eax,DWORD PTR [rbx+4]
mov eax,dword ptr 4[rbx]
mov eax,4[rbx]
mov eax,[rbx][rcx*4]
mov eax,[rbx+rcx*4+8]
mov eax,[8+rcx*4+rbx]
mov eax,[rcx*4]
mov eax,[4*rcx]
mov eax,[rbx+rcx]
mov eax,[rcx+rsp]
mov eax,[rsp+rcx]
mov eax,[rbp]
mov eax,[rbp+rax]
mov eax,[rax+rbp]
mov eax,[rbx-8]
mov eax,[rbx+8-4]
mov eax,[rbx+(4*2)]
mov eax,[rbx+2*4+1]
mov rax,fs:[0]
mov rax,fs:0x28
mov rax,qword ptr fs:[0x28]
mov rax,fs:[rbx]
mov rax,[fs:rbx]
mov eax,ds:[rbx]
mov eax,foo
mov eax,[foo]
mov eax,foo[rip]
mov eax,[rip+foo]
mov eax,[rip+foo+4]
mov eax,foo[rip+4]
mov eax,foo+4[rip]
mov eax,dword ptr foo[rip]
mov eax,dword ptr [rip+foo]
mov eax,[rip+4]
mov eax,[rip]
mov eax,foo[rbx*4]
mov eax,foo[rbx]
mov eax,[foo+rbx*4]
mov rax,offset foo
mov eax,offset foo
mov rax,offset foo+4
mov rax,offset flat:foo
movabs rax,offset foo
movabs rax,0x1234
movabs rax,5
mov rax,5
mov rax,0x123456789abc
mov rax,-1
mov rax,0x80000000
mov byte ptr [rax],1
mov word ptr [rax],1
mov dword ptr [rax],1
mov qword ptr [rax],1
mov [rax],1
mov [rax],ebx
mov [rax],bl
mov dword ptr [rax],ebx
mov word ptr [rax],ebx
mov qword ptr [rax],offset foo
mov dword ptr [rsp-8],offset foo
add dword ptr [rax],1
add [rax],eax
add eax,[rax]
add eax,foo
add rax,5
add rax,500
add ax,5
sub rsp,8
sub rsp,0x100
and rsp,-16
and rsp,0xfffffffffffffff0
lea rax,[rbx+rcx*8-4]
lea rax,[rip+foo]
lea rax,foo[rip]
lea eax,[rbx]
lea rax,foo
lea rax,qword ptr [rbx]
push rax
push 5
push 500
push offset foo
push qword ptr [rax]
push [rax]
push word ptr [rax]
push foo
pop qword ptr [rax]
pop rbx
push fs
call rax
call [rax]
call qword ptr [rax]
call foo
call [foo]
call qword ptr [rip+foo]
call foo[rip]
call [rip+foo]
jmp rax
jmp [rax]
jmp qword ptr [rax+rbx*8]
jmp foo
jmp short foo
jmp near ptr foo
jmp qword ptr foo
jmp [foo]
jmp foo[rbx*8]
je foo
jne short foo
jmp fword ptr [rax]
jmp far ptr [rax]
jmp tbyte ptr [rax]
call fword ptr [rax]
call far ptr [rax]
jmp dword ptr [rax]
jmp 0x10:0x1000
notrack jmp rax
notrack call qword ptr [rax]
ret
ret 8
retf
retfq
retfd
retfw
retf 8
retq
retw
lret
iret
iretq
iretd
iretw
sysret
sysretq
sysretd
sysexit
sysexitq
pushf
pushfq
pushfw
popfq
leave
enter 16,0
enter 16,1
cwde
cdqe
cqo
cbw
cwd
cdq
movsb
movsw
movsd
movsq
rep movsb
rep movsd
rep stosq
lodsd
stosd
scasd
cmpsd
cmpsb
insd
outsd
insb
movs byte ptr [rdi],byte ptr [rsi]
movs dword ptr es:[rdi],dword ptr [rsi]
movs dword ptr es:[rdi],dword ptr fs:[rsi]
movsd dword ptr es:[rdi],dword ptr [rsi]
lods al,byte ptr [rsi]
lods byte ptr [rsi]
lodsb al,[rsi]
stos byte ptr [rdi]
stos byte ptr [rdi],al
stosb [rdi]
scas al,byte ptr [rdi]
cmps byte ptr [rsi],byte ptr [rdi]
ins byte ptr [rdi],dx
outs dx,byte ptr [rsi]
xlat
xlatb
xlat byte ptr [rbx]
in al,dx
in eax,0x10
in al,[dx]
out dx,al
out 0x80,al
out dx,eax
int 3
int3
int 0x80
xchg eax,eax
xchg rax,rax
xchg eax,ebx
xchg [rax],ebx
xchg ebx,[rax]
xchg dword ptr [rax],ebx
test eax,ebx
test eax,[rbx]
test [rbx],eax
test al,1
test byte ptr [rax],1
inc dword ptr [rax]
inc [rax]
inc eax
neg qword ptr [rax]
imul eax,ebx
imul eax,ebx,3
imul eax,3
imul eax,[rbx],300
imul qword ptr [rax]
shl eax
shl eax,1
shl eax,2
shl eax,cl
shl dword ptr [rax],1
shl byte ptr [rax],cl
shld eax,ebx,3
shld eax,ebx,cl
shld eax,ebx
bt eax,3
bt dword ptr [rax],3
bts [rax],ebx
bswap eax
cmpxchg [rax],ebx
lock cmpxchg [rax],ebx
lock cmpxchg8b [rax]
cmpxchg8b qword ptr [rax]
cmpxchg16b [rax]
cmpxchg16b xmmword ptr [rax]
cmpxchg16b oword ptr [rax]
lock inc dword ptr [rax]
lock add dword ptr [rax],1
sete al
sete byte ptr [rax]
sete [rax]
cmovz eax,[rbx]
cmovz eax,dword ptr [rbx]
movzx eax,al
movzx eax,byte ptr [rbx]
movzx eax,word ptr [rbx]
movzx rax,byte ptr [rbx]
movzx ax,byte ptr [rbx]
movzx eax,[rbx]
movsx eax,byte ptr [rbx]
movsx rax,word ptr [rbx]
movsxd rax,dword ptr [rbx]
movsxd rax,[rbx]
movsxd rax,eax
movsx rax,eax
movsx rax,dword ptr [rbx]
mov rax,cr0
mov cr3,rax
mov dr7,rax
mov ds,ax
mov ds,eax
mov ax,ds
mov eax,ds
mov [rax],ds
mov word ptr [rax],ds
mov ds,[rax]
mov ds,word ptr [rax]
lgdt [rax]
lgdt fword ptr [rax]
lgdt tbyte ptr [rax]
lidt [rip+foo]
sgdt [rax]
ltr ax
ltr word ptr [rax]
str eax
lldt ax
smsw ax
lmsw ax
lar eax,ebx
lar eax,bx
invlpg [rax]
invlpg byte ptr [rax]
invpcid rax,[rbx]
invpcid rax,xmmword ptr [rbx]
invept rax,[rbx]
invvpid rax,oword ptr [rbx]
vmread rax,rbx
vmread [rax],rbx
vmread qword ptr [rax],rbx
vmwrite rax,rbx
vmwrite rax,[rbx]
vmxon [rax]
vmxon qword ptr [rax]
vmptrld [rax]
vmclear qword ptr [rax]
vmcall
monitor
monitor rax,rcx,rdx
mwait
mwait eax,ecx
fxsave [rax]
fxsave64 [rax]
xsave [rax]
xsave64 [rax]
xrstors64 [rax]
ldmxcsr [rax]
ldmxcsr dword ptr [rax]
clflush [rax]
clflush byte ptr [rax]
rdsspd eax
rdsspq rax
rdsspq r9
incsspd eax
incsspq rax
wrssd [rax],ebx
wrssd dword ptr [rax],ebx
wrssq [rax],rbx
wrussq qword ptr [rax],rbx
rstorssp [rax]
rstorssp qword ptr [rax]
clrssbsy qword ptr [rax]
setssbsy
endbr64
rdfsbase rax
wrmsr
crc32 eax,bl
crc32 eax,byte ptr [rbx]
crc32 eax,dword ptr [rbx]
crc32 rax,qword ptr [rbx]
crc32 eax,[rbx]
adcx eax,[rbx]
mulx eax,ebx,ecx
rorx eax,[rbx],3
popcnt eax,[rbx]
movbe eax,[rbx]
movbe [rbx],eax
fld st(1)
fld st
fld dword ptr [rax]
fld qword ptr [rax]
fld tbyte ptr [rax]
fld [rax]
fstp qword ptr [rax]
fild dword ptr [rax]
fild word ptr [rax]
fild qword ptr [rax]
fadd
fadd st,st(1)
fadd st(1),st
fadd st(2)
faddp
faddp st(1),st
fsub st(3),st
fsubr st(3),st
fsubp st(3),st
fsubrp st(3),st
fsubp
fsubrp
fdivp
fdiv st(2),st
fadd dword ptr [rax]
fiadd word ptr [rax]
fxch
fxch st(1)
fnstsw ax
fnstcw word ptr [rax]
fldcw [rax]
fnstcw [rax]
fcomi st,st(1)
fcomi st(1)
fstp st(1)
movd xmm0,eax
movd xmm0,dword ptr [rax]
movd eax,xmm0
movq xmm0,rax
movq xmm0,qword ptr [rax]
movq xmm0,[rax]
movq rax,xmm0
movq rax,rbx
movd rax,xmm0
movaps xmm0,[rax]
movaps xmm0,xmmword ptr [rax]
movss xmm0,dword ptr [rax]
movss xmm0,[rax]
movsd xmm0,[rax]
movsd xmm0,qword ptr [rax]
movsd qword ptr [rax],xmm0
movsd xmm0,xmm1
cvtsi2sd xmm0,eax
cvtsi2sd xmm0,rax
cvtsi2sd xmm0,dword ptr [rax]
cvtsi2sd xmm0,qword ptr [rax]
cvttsd2si rax,xmm0
cvttsd2si eax,qword ptr [rax]
cmpeqps xmm0,xmm1
cmpps xmm0,xmm1,3
cmpsd xmm0,xmm1,1
pinsrw xmm0,eax,1
pextrq rax,xmm0,1
pshufd xmm0,xmm1,0x1b
pblendvb xmm0,xmm1
pblendvb xmm0,xmm1,xmm0
movnti [rax],rbx
vaddps ymm0,ymm1,[rax]
vmovdqu ymmword ptr [rax],ymm1
mov eax,5 shl 2
mov eax,5 shr 1
mov eax,7 and 3
mov eax,7 or 8
mov eax,7 xor 1
mov eax,not 5
mov eax,7 mod 4
mov eax,-5
mov eax,~5
mov eax,3*4+2
mov eax,(3+4)*2
mov eax,1<<4
mov eax,3 eq 3
mov eax,3 lt 4
mov al,'a'
mov eax,%ebx
mov %eax,ebx
mov eax,$5
jrcxz .
jecxz .
loop .
xbegin foo
bound eax,[rbx]
addl eax,1
addq rax,1
movb al,1
data16 nop
nop dword ptr [rax]
nop word ptr [rax+rax*1+0]
nop word ptr cs:[rax+rax*1+0]
lss eax,[rbx]
lss eax,fword ptr [rbx]
lfs rax,[rbx]
prefetcht0 [rax]
prefetcht0 byte ptr [rax]
nop [rax]
mov byte ptr foo,1
mov byte ptr [foo],1
mov byte ptr foo[rip],1
cmp byte ptr [rip+foo],0
cmp dword ptr [rip+foo],0x12345
mov rax,gs:[rip+foo]
mov rax,qword ptr gs:foo
mov rax,qword ptr gs:foo[rip]
mov rax,qword ptr [rax+foo]
mov ecx,byte ptr [rax]
mov cl,dword ptr [rax]
lea rax,[rax*2]
lea rax,[rax*1]
lea rax,[rax+rax]
lea rax,[rax*8+rbx]
lea rax,[rsp*1+rax]
lea eax,[eax+ebx*2]
mov rax,[rbx+rcx*3]
mov rax,[rax+rbx+rcx]
mov rax,[eax+rbx]
movabs al,[0x123456789abcdef0]
movabs al,foo
mov al,[0x123456789abcdef0]
mov eax,ds:0x1234
mov eax,[0xffffffff80000000]
mov eax,[0xfee00020]
