.data
.balign 4
.byte 1,2
.balignw 8,0x1234
.byte 1,2,3,4
.balignl 8,0x12345678
.byte 5
