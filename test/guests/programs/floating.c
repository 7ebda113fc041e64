/*
 * Arithmetic of the x87 FPU as gcc uses it: matrices, orbits, sums of series, conversions, comparisons, in all three
 * formats and with all control words. Built as a guest and as a program of this machine; both must print the same lines.
 */
#include <stdint.h>
#include <stdio.h>

static uint64_t hash;

static void take(const void *bytes, unsigned size) {
  for (unsigned i = 0; i < size; i++) hash = (hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u;
}
static void take_extended(long double x) { take(&x, 10); }
static void take_double(double x) { take(&x, 8); }
static void take_single(float x) { take(&x, 4); }
static void take_integer(int64_t x) { take(&x, 8); }

static void report(const char *name) {
  uint16_t status, control;
  __asm__ volatile("fnstsw %0; fnstcw %1; fninit" : "=m"(status), "=m"(control));
  take(&status, 2);
  take(&control, 2);
  while (*name) putchar(*name++);
  putchar(' ');
  for (int shift = 60; shift >= 0; shift -= 4) putchar("0123456789abcdef"[(hash >> shift) & 15]);
  putchar('\n');
  hash = 0xcbf29ce484222325u;
}

static uint32_t state = 20260;
static uint32_t next(void) { return state = state * 1664525u + 1013904223u; }
/* From -1 to 1, 32 bits of it random. */
static double uniform(void) { return ((int32_t)next()) / 2147483648.0; }

enum { order = 24 };
/* LU decomposition with pivots, the solution, and what is left of the right side. */
#define SOLVE(name, type)                                                                                  \
  static void name(void) {                                                                                 \
    static type a[order][order + 1], original[order][order + 1], x[order];                                 \
    for (int i = 0; i < order; i++)                                                                        \
      for (int j = 0; j <= order; j++) original[i][j] = a[i][j] = (type)uniform();                         \
    for (int k = 0; k < order; k++) {                                                                      \
      int pivot = k;                                                                                       \
      for (int i = k; i < order; i++) {                                                                    \
        type left = a[i][k] < 0 ? -a[i][k] : a[i][k], right = a[pivot][k] < 0 ? -a[pivot][k] : a[pivot][k]; \
        if (left > right) pivot = i;                                                                       \
      }                                                                                                    \
      for (int j = 0; j <= order; j++) {                                                                   \
        type kept = a[k][j];                                                                               \
        a[k][j] = a[pivot][j];                                                                             \
        a[pivot][j] = kept;                                                                                \
      }                                                                                                    \
      for (int i = k + 1; i < order; i++) {                                                                \
        type factor = a[i][k] / a[k][k];                                                                   \
        for (int j = k; j <= order; j++) a[i][j] = a[i][j] - factor * a[k][j];                             \
      }                                                                                                    \
    }                                                                                                      \
    for (int i = order - 1; i >= 0; i--) {                                                                 \
      type sum = a[i][order];                                                                              \
      for (int j = i + 1; j < order; j++) sum = sum - a[i][j] * x[j];                                      \
      x[i] = sum / a[i][i];                                                                                \
      take_extended(x[i]);                                                                                 \
    }                                                                                                      \
    for (int i = 0; i < order; i++) {                                                                      \
      type rest = original[i][order];                                                                      \
      for (int j = 0; j < order; j++) rest = rest - original[i][j] * x[j];                                 \
      take_extended(rest);                                                                                 \
    }                                                                                                      \
  }
SOLVE(solve_single, float)
SOLVE(solve_double, double)
SOLVE(solve_extended, long double)

static void mandelbrot(void) {
  for (int row = -12; row <= 12; row++) {
    for (int column = -24; column <= 12; column++) {
      long double cx = column / 12.0L, cy = row / 10.0L, x = 0, y = 0;
      int count = 0;
      while (count < 60 && x * x + y * y < 4) {
        long double moved = x * x - y * y + cx;
        y = 2 * x * y + cy;
        x = moved;
        count++;
      }
      take_integer(count);
      take_extended(x);
    }
  }
}

/* Newton's root, the processor's, and a logistic orbit, in which every bit comes to count. */
static void roots(void) {
  double orbit = 0.3;
  for (int i = 1; i < 400; i++) {
    orbit = 3.9 * orbit * (1 - orbit);
    long double value = i * orbit, guess = value;
    for (int step = 0; step < 8; step++) guess = (guess + value / guess) / 2;
    take_extended(guess);
    take_extended(__builtin_sqrtl(value));
    take_double((double)__builtin_sqrtl(orbit));
    take_single((float)orbit);
  }
  double sum = 0, term = 1;
  for (int i = 0; i < 2200; i++, term = term * 0.71) {
    sum = sum + term;
    take_double(sum);
    take_double(term);
  }
}

static void conversions(void) {
  for (int i = 0; i < 600; i++) {
    int64_t whole = ((int64_t)next() << 32 | next()) >> (next() & 63);
    long double x = (long double)whole;
    take_extended(x);
    take_extended(x / (1u << (next() & 31)));
    take_double((double)(uint64_t)whole);
    take_single((float)whole);
    long double small = x / 4294967296.0L / 65536.0L;
    take_integer((int64_t)small);
    take_integer((int32_t)small);
    take_integer((int16_t)small);
    take_integer((int64_t)(uint32_t)(int64_t)(small < 0 ? -small : small));
    take_extended(__builtin_rintl(small));
  }
}

/* Infinities, NaNs, denormals, and what comparisons make of them. */
static void edges(void) {
  static const uint64_t patterns[] = {
    0, 1, 0x8000000000000000, 0x000fffffffffffff, 0x0010000000000000, 0x3ff0000000000000, 0xbff0000000000001,
    0x7fefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000001, 0x7ff0000000000001, 0x4340000000000000,
  };
  enum { count = sizeof patterns / sizeof *patterns };
  for (int i = 0; i < count; i++) {
    for (int j = 0; j < count; j++) {
      const volatile double *values = (const volatile double *)patterns;
      double a = values[i], b = values[j];
      take_double(a + b);
      take_double(a - b);
      take_double(a * b);
      take_double(a / b);
      take_single((float)(a * b));
      take_extended((long double)a * b);
      take_integer((a < b) | (a <= b) << 1 | (a == b) << 2 | (a != b) << 3 | (a > b) << 4 |
                   __builtin_isunordered(a, b) << 5 | __builtin_isless(a, b) << 6);
      take_double(a < b ? a : b);
    }
  }
}

/* The same sums with every rounding mode and precision. */
static void control_words(void) {
  for (unsigned i = 0; i < 12; i++) {
    static const uint16_t precisions[] = {0x000, 0x200, 0x300};
    uint16_t control = 0x07f | precisions[i % 3] | (uint16_t)((i / 3) << 10);
    __asm__ volatile("fldcw %0" : : "m"(control));
    long double sum = 0;
    for (int k = 1; k < 200; k++) {
      sum += 1.0L / k;
      sum *= 1.0000001L;
      take_extended(sum);
      take_extended(__builtin_sqrtl(sum));
      take_integer((int64_t)__builtin_rintl(sum * 1000));
    }
  }
}

/* Instructions that gcc leaves to the C library. */
static void library(void) {
  for (int i = 0; i < 300; i++) {
    long double a = uniform() * (1 + (next() & 0xffff)), b = uniform() / (1 + (next() & 0xff)), result;
    int16_t status;
    __asm__ volatile("1: fprem; fnstsw %%ax; testb $4, %%ah; jnz 1b" : "=&t"(result), "=a"(status) : "u"(b), "0"(a));
    take_extended(result);
    take_integer(status & 0x4700);
    __asm__ volatile("1: fprem1; fnstsw %%ax; testb $4, %%ah; jnz 1b" : "=&t"(result), "=a"(status) : "u"(b), "0"(a));
    take_extended(result);
    long double scale = (int)(next() & 0xff) - 128, significand, exponent;
    __asm__("fscale" : "=t"(result) : "u"(scale), "0"(a));
    take_extended(result);
    __asm__("fxtract" : "=t"(significand), "=u"(exponent) : "0"(a));
    take_extended(significand);
    take_extended(exponent);
    unsigned char decimal[10];
    long double large = a * 1e12L;
    __asm__ volatile("fbstp %0" : "=m"(decimal) : "t"(large) : "st");
    take(decimal, 10);
    __asm__("fbld %1" : "=t"(result) : "m"(decimal));
    take_extended(result);
  }
}

int main(void) {
  __asm__ volatile("fninit");
  hash = 0xcbf29ce484222325u;
  solve_single();
  report("solve_single");
  solve_double();
  report("solve_double");
  solve_extended();
  report("solve_extended");
  mandelbrot();
  report("mandelbrot");
  roots();
  report("roots");
  conversions();
  report("conversions");
  edges();
  report("edges");
  control_words();
  report("control_words");
  library();
  report("library");
  return 0;
}
