// Chunks are taken in increasing order from one counter; which thread runs which chunk is the only thing that varies
// from run to run.
#define _GNU_SOURCE
#include "openmp.h"
#include "pydex_rt.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

static _Thread_local int inside;        // a chunk of a parallel loop runs on this thread
static _Atomic int64_t wanted_threads;  // 0: not set yet

static int64_t processors(void) {
#ifdef __linux__
  cpu_set_t set;
  if (!sched_getaffinity(0, sizeof set, &set)) return CPU_COUNT(&set);
#endif
  int64_t n = sysconf(_SC_NPROCESSORS_ONLN);
  return n > 0 ? n : 1;
}

void pdx_set_threads(int64_t n) { wanted_threads = n < 1 ? processors() : n < 1024 ? n : 1024; }

int64_t pdx_get_threads(void) {
  if (!wanted_threads) pdx_set_threads(0);
  return wanted_threads;
}

typedef struct {
  void (*body)(void *, int64_t);
  void *env;
  int64_t nchunks;
  _Atomic int64_t next;
  _Atomic int64_t failed;  // the lowest chunk that raised so far; nchunks if none did
  pdx_error error;         // its error
  pthread_mutex_t lock;    // of failed and error together
} loop;

typedef struct {
  loop *of;
  int64_t index;
} chunk;

static void run_chunk(void *frame) {
  chunk *c = frame;
  c->of->body(c->of->env, c->index);
}

static void note_failure(loop *l, int64_t index, pdx_error error) {
  pthread_mutex_lock(&l->lock);
  if (index < l->failed) {
    l->failed = index;
    l->error = error;
  }
  pthread_mutex_unlock(&l->lock);
}

// Chunks above a failed one need not start; those below it have been taken already, and complete.
static void work(void *shared) {
  loop *l = shared;
  int outer = inside;
  inside = 1;
  for (;;) {
    chunk c = {l, l->next++};
    pdx_error error;
    if (c.index >= l->nchunks || c.index > l->failed) break;
    if (pdx_call(run_chunk, &c, &error)) note_failure(l, c.index, error);
  }
  inside = outer;
}

static void run_serially(void (*body)(void *, int64_t), void *env, int64_t nchunks) {
  for (int64_t c = 0; c < nchunks; c++) {
    int64_t mark = pdx_mark();
    body(env, c);
    pdx_release(mark);
  }
}

void pdx_parallel(void (*body)(void *env, int64_t chunk), void *env, int64_t nchunks) {
  int64_t threads = pdx_get_threads();
  if (threads > nchunks) threads = nchunks;
  if (inside || threads < 2) {
    run_serially(body, env, nchunks);
    return;
  }
  loop l = {.body = body, .env = env, .nchunks = nchunks, .failed = nchunks, .lock = PTHREAD_MUTEX_INITIALIZER};
  if (!pdx_run_team((int32_t)threads, work, &l)) {
    run_serially(body, env, nchunks);
    return;
  }
  if (l.failed < nchunks) pdx_raise(l.error.site, l.error.a, l.error.b);
}
