// Errors leave compiled code by longjmp to the handler of the current thread: compiled frames own nothing but arena
// memory, which the handler releases.
#include "raise.h"

#include <stdio.h>
#include <stdlib.h>

static _Thread_local pdx_handler *innermost;

int pdx_call(void (*entry)(void *), void *frame, pdx_error *error) {
  pdx_handler here;
  here.outer = innermost;
  here.mark = pdx_mark();
  innermost = &here;
  int raised = _setjmp(here.target);
  if (!raised) entry(frame);
  innermost = here.outer;
  pdx_release(here.mark);
  if (raised) *error = here.error;
  return raised;
}

_Noreturn void pdx_raise(int64_t site, int64_t a, int64_t b) {
  pdx_handler *handler = innermost;
  if (!handler) {
    fprintf(stderr, "pydex: compiled code was entered without pdx_call and raised at site %lld\n", (long long)site);
    abort();
  }
  handler->error = (pdx_error){site, a, b};
  _longjmp(handler->target, 1);
}
