/*
 * Deflates and inflates a generated text with zlib at three levels and checks every result. Built as a guest and as a
 * program of this machine; both must print the same lines and return 0.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "zlib.h"

enum { input_size = 64 * 1024 };
static unsigned char input[input_size], packed[2 * input_size], unpacked[input_size];

static void put_text(const char *text) {
  while (*text) putchar(*text++);
}

static void put_number(unsigned long value, unsigned base) {
  char digits[24];
  int count = 0;
  do digits[count++] = "0123456789abcdef"[value % base];
  while (value /= base);
  while (count) putchar(digits[--count]);
}

/* Words of a small vocabulary with runs and some noise: what a compressor meets in practice. */
static void generate(void) {
  static const char *const words[] = {"shadow ", "stack ", "token ", "guest ", "the ", "of ", "branch\n", "0123456789"};
  unsigned state = 12345;
  for (unsigned at = 0; at < input_size;) {
    state = state * 1664525u + 1013904223u;
    const char *word = words[state >> 29];
    unsigned noise = (state >> 20) & 15;
    if (noise == 0) {
      input[at++] = (unsigned char)(state >> 8);
      continue;
    }
    unsigned repeat = noise == 1 ? 1 + ((state >> 10) & 31) : 1;
    while (repeat--) {
      for (const char *from = word; *from && at < input_size; from++) input[at++] = (unsigned char)*from;
    }
  }
}

/* Feeds `in` in pieces, as from a network. */
static unsigned long pack(int level) {
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  if (deflateInit(&stream, level) != Z_OK) return 0;
  stream.next_out = packed;
  stream.avail_out = sizeof packed;
  for (unsigned at = 0; at < input_size; at += 4096) {
    stream.next_in = input + at;
    stream.avail_in = 4096;
    int result = deflate(&stream, at + 4096 < input_size ? Z_NO_FLUSH : Z_FINISH);
    if (result != Z_OK && result != Z_STREAM_END) return 0;
  }
  unsigned long size = stream.total_out;
  return deflateEnd(&stream) == Z_OK ? size : 0;
}

static int unpack(unsigned long size) {
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  memset(unpacked, 0, sizeof unpacked);
  if (inflateInit(&stream) != Z_OK) return 0;
  stream.next_out = unpacked;
  stream.avail_out = sizeof unpacked;
  int result = Z_OK;
  for (unsigned long at = 0; at < size && result == Z_OK; at += 1000) {
    stream.next_in = packed + at;
    stream.avail_in = (unsigned)(size - at < 1000 ? size - at : 1000);
    result = inflate(&stream, Z_NO_FLUSH);
  }
  int whole = result == Z_STREAM_END && stream.total_out == input_size;
  return inflateEnd(&stream) == Z_OK && whole;
}

int main(void) {
  static const int levels[] = {1, 6, 9};
  generate();
  unsigned long crc = crc32(0, input, input_size);
  put_text("zlib ");
  put_text(zlibVersion());
  put_text(" crc32 ");
  put_number(crc, 16);
  put_text(" adler32 ");
  put_number(adler32(1, input, input_size), 16);
  putchar('\n');
  for (unsigned i = 0; i < sizeof levels / sizeof *levels; i++) {
    unsigned long size = pack(levels[i]);
    put_text("level ");
    put_number((unsigned long)levels[i], 10);
    put_text(": ");
    put_number(size, 10);
    put_text(" bytes, crc32 ");
    put_number(crc32(0, packed, (unsigned)size), 16);
    putchar('\n');
    if (size == 0 || !unpack(size) || crc32(0, unpacked, input_size) != crc || memcmp(input, unpacked, input_size)) {
      put_text("wrong\n");
      return 1;
    }
  }
  put_text("right\n");
  return 0;
}
