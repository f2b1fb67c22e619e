// The handler that pdx_call puts on the C stack.
#pragma once
#include "pydex_rt.h"

typedef struct pdx_handler {
  struct pdx_handler *outer;
  int64_t mark;
  pdx_error error;
  jmp_buf target;
} pdx_handler;
