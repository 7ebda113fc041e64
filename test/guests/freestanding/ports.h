#pragma once

static inline void out8(unsigned short port, unsigned char value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out32(unsigned short port, unsigned value) {
  __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline unsigned char in8(unsigned short port) {
  unsigned char value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}
