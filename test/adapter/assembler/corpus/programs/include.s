	.text
	.globl _start
_start:	nop
	.include "part.inc"
	nop
	use_part 3
	.incbin "blob.bin"
	.incbin "blob.bin", 2
	.incbin "blob.bin", 1, 3
	.include "dir/nested.inc"
	ret
#--- part.inc
	.macro use_part n
	mov $\n, %eax
	nop
	.endm
	inc %eax
part_label:
	inc %ebx
#--- blob.bin
binary
#--- dir/nested.inc
	.include "part2.inc"
	hlt
#--- part2.inc
	cli
