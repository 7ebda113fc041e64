/* The few functions of C's library that gcc calls by itself and that small guests need. */
#include "ports.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { serial_data = 0x3f8, serial_line_status = 0x3fd, transmitter_empty = 0x20, debug_exit = 0xf4 };

void *memcpy(void *to, const void *from, size_t size) {
  void *at = to;
  __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(size) : : "memory");
  return to;
}

void *memmove(void *to, const void *from, size_t size) {
  if ((size_t)((char *)to - (const char *)from) >= size) return memcpy(to, from, size);
  char *last = (char *)to + size - 1;
  const char *source = (const char *)from + size - 1;
  __asm__ volatile("std; rep movsb; cld" : "+D"(last), "+S"(source), "+c"(size) : : "memory", "cc");
  return to;
}

void *memset(void *to, int value, size_t size) {
  void *at = to;
  __asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(value) : "memory");
  return to;
}

int memcmp(const void *left, const void *right, size_t size) {
  const unsigned char *a = left, *b = right;
  for (size_t i = 0; i < size; i++) {
    if (a[i] != b[i]) return a[i] - b[i];
  }
  return 0;
}

size_t strlen(const char *text) {
  size_t length = 0;
  while (text[length]) length++;
  return length;
}

int putchar(int character) {
  while (!(in8(serial_line_status) & transmitter_empty)) {
  }
  out8(serial_data, (unsigned char)character);
  return (unsigned char)character;
}

int puts(const char *line) {
  while (*line) putchar(*line++);
  return putchar('\n');
}

_Noreturn void exit(int code) {
  for (;;) out32(debug_exit, (unsigned)code);
}

static _Alignas(16) unsigned char arena[4 << 20];
static size_t used;
static size_t last;

void *malloc(size_t size) {
  size_t rounded = (size + 15) & ~(size_t)15;
  if (rounded < size || rounded > sizeof arena - used) return NULL;
  last = used;
  used += rounded;
  return arena + last;
}

void *calloc(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
  void *block = malloc(bytes);
  return block ? memset(block, 0, bytes) : NULL;
}

void free(void *block) {
  if (block == arena + last) used = last;
}
