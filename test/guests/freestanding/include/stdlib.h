#pragma once
#include <stddef.h>

/* From a fixed arena; NULL when it is used up. Only the block that was made last can be given back. */
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void free(void *block);

/* Writes the code to the debug-exit port, 0xf4; the process status that a host sees is code * 2 + 1. */
_Noreturn void exit(int code);
