// Parallel loops: chunks begin in increasing order, and which thread runs which is the only thing that varies from run to
// run.
#define _GNU_SOURCE
#include "pool.h"
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
  int64_t failed;        // the lowest chunk that raised so far; nchunks if none did
  pdx_error error;       // its error
  pthread_mutex_t lock;  // of failed and error together
} loop;

typedef struct {
  const loop *of;
  int64_t index;
} chunk;

static void run_body(void *frame) {
  const chunk *c = frame;
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

// When a chunk fails, those above need not begin; those below have begun already, and complete.
static int run_chunk(void *shared, int64_t index) {
  loop *l = shared;
  chunk c = {l, index};
  pdx_error error;
  inside = 1;
  int raised = pdx_call(run_body, &c, &error);
  inside = 0;
  if (raised) note_failure(l, index, error);
  return !raised;
}

static void run_serially(void (*body)(void *, int64_t), void *env, int64_t nchunks) {
  for (int64_t c = 0; c < nchunks; c++) {
    int64_t mark = pdx_mark();
    body(env, c);
    pdx_release(mark);
  }
}

void pdx_parallel(void (*body)(void *env, int64_t chunk), void *env, int64_t nchunks, int64_t nanoseconds) {
  int64_t threads = pdx_get_threads();
  if (threads > nchunks) threads = nchunks;
  loop l = {.body = body, .env = env, .failed = nchunks, .lock = PTHREAD_MUTEX_INITIALIZER};
  pdx_tasks tasks = {run_chunk, &l, nchunks, threads - 1, nanoseconds};
  if (inside || threads < 2 || !pdx_share(&tasks)) {
    run_serially(body, env, nchunks);
  } else if (l.failed < nchunks) {
    pdx_raise(l.error.site, l.error.a, l.error.b);
  }
}
