// Threads that help a caller with its tasks.
#pragma once
#include <stdint.h>

typedef struct {
  int (*run)(void *shared, int64_t task);  // 0: no further task need begin
  void *shared;
  int64_t count;        // of tasks
  int64_t helpers;      // at most so many threads beside the caller
  int64_t nanoseconds;  // one thread will need so many at least, for all of them; 0: not known
} pdx_tasks;

// Runs the tasks on this thread and on those that come in time; tasks begin in increasing order. It returns when no task
// is left and all that have begun have ended: so it waits for no thread that has not begun one. 0: nothing has run,
// because too many other callers share out tasks just now.
int pdx_share(const pdx_tasks *tasks);
