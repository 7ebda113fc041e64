/* Runs the linked kernel on this machine: `PROGRAM UNITS` prints its checksum and the nanoseconds on a processor. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "../kernels/kernel.h"

int main(int count, char **arguments) {
  if (count != 2) {
    fprintf(stderr, "expected one argument, the number of units\n");
    return 2;
  }
  struct timespec start, end;
  kernel_setup();
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
  u64 sum = kernel_run(strtoul(arguments[1], 0, 0));
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
  long nanoseconds = (end.tv_sec - start.tv_sec) * 1000000000L + (end.tv_nsec - start.tv_nsec);
  printf("{\"checksum\":\"%016lx\",\"nanoseconds\":%ld}\n", sum, nanoseconds);
  return 0;
}
