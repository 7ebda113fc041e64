/* A stack machine's interpreter that runs a sieve of Eratosthenes to 400. A unit is one run of it. */
#include "kernel.h"

enum opcode { op_push, op_load, op_store, op_add, op_mul, op_less, op_jump, op_jump_if, op_get, op_set, op_halt };
enum { limit = 400 };

/* Variables: 0 number, 1 multiple, 2 how many primes. */
static const signed short program[] = {
    op_push, 2, op_store, 0,                                          /* 0: number = 2 */
    op_load, 0, op_push, limit, op_less, op_jump_if, 12, op_halt,     /* 4: while number < limit */
    op_load, 0, op_get, op_jump_if, 41,                               /* 12: skip what is composite */
    op_load, 2, op_push, 1, op_add, op_store, 2,                      /* 17: count it */
    op_load, 0, op_load, 0, op_mul, op_store, 1,                      /* 24: multiple = number * number */
    op_load, 1, op_push, limit, op_less, op_jump_if, 50,              /* 31: while multiple < limit */
    op_jump, 41, 0,                                                   /* 38 */
    op_load, 0, op_push, 1, op_add, op_store, 0, op_jump, 4,          /* 41: number += 1 */
    op_push, 1, op_load, 1, op_set,                                   /* 50: mark multiple */
    op_load, 1, op_load, 0, op_add, op_store, 1, op_jump, 31,         /* 55: multiple += number */
};

static u8 marks[limit];

void kernel_setup(void) {}

static __attribute__((noinline)) long interpret(const signed short *code) {
  long stack[16], *top = stack, variables[3] = {0, 0, 0};
  for (;;) {
    switch ((enum opcode)*code++) {
      case op_push: *++top = *code++; break;
      case op_load: *++top = variables[*code++]; break;
      case op_store: variables[*code++] = *top--; break;
      case op_add: top--; *top += top[1]; break;
      case op_mul: top--; *top *= top[1]; break;
      case op_less: top--; *top = *top < top[1]; break;
      case op_jump: code = program + *code; break;
      case op_jump_if: code = *top-- ? program + *code : code + 1; break;
      case op_get: *top = marks[*top]; break;
      case op_set: marks[*top] = (u8)top[-1]; top -= 2; break;
      case op_halt: return variables[2];
    }
  }
}

u64 kernel_run(u64 units) {
  u64 sum = 0;
  for (u64 unit = 0; unit < units; unit++) {
    for (int i = 0; i < limit; i++) marks[i] = 0;
    sum = sum * 31 + (u64)interpret(program);
  }
  return sum;
}
