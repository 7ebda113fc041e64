/* What a 32-bit program without a C library needs of Linux: output of a character, and its end. */
int putchar(int character) {
  char byte = (char)character;
  int written;
  __asm__ volatile("int $0x80" : "=a"(written) : "0"(4), "b"(1), "c"(&byte), "d"(1) : "memory");
  return written;
}

int main(void);

__attribute__((force_align_arg_pointer)) void _start(void) {
  int code = main();
  __asm__ volatile("int $0x80" : : "a"(1), "b"(code));
}
