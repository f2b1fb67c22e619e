// The tasks that a caller shares out are on a post, which is a counter above all: who takes a task counts it down, whether
// it is the caller or a helper. So a helper that comes late, or never, costs nothing, and the caller alone is as fast as
// a loop. Helpers that find no task look around for a while, since loops tend to follow each other, then they sleep.
//
// Waking one costs the caller some microseconds, and takes it tens of them to come. So the caller wakes them only for
// tasks that are long enough: as was said beforehand, or as the first ones have shown.
#include "pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { POSTS = 16, STACK_BYTES = 8 << 20 };
enum { MOST_TASKS = INT32_MAX, MOST_HELPERS = 1024 };
enum { WAKE_NS = 30000, WORTH_WAKING_NS = 2 * WAKE_NS };  // until a sleeping thread has begun a task: measured 20 to 60 µs
enum { SPIN_NS = 2 * WAKE_NS };                            // to look for tasks, before sleeping

// ---- the counter ----------------------------------------------------------------------------------------------------
// Tasks that have not begun, places for helpers that are left, helpers that are at work.
enum { AT_WORK = 1, PLACE = 1 << 16 };
static const uint64_t TASK = (uint64_t)1 << 32;
static int64_t tasks_of(uint64_t state) { return (int64_t)(state >> 32); }
static int64_t places_of(uint64_t state) { return (int64_t)(state >> 16 & 0xffff); }
static int64_t at_work_of(uint64_t state) { return (int64_t)(state & 0xffff); }

typedef struct {
  _Alignas(128) _Atomic uint64_t state;
  _Atomic int taken;    // by a caller
  _Atomic int waiting;  // the caller sleeps until no helper is at work
  pdx_tasks tasks;      // to be read by who has taken one
  uint32_t rounding;    // how floats are rounded in the caller
} post;

static post posts[POSTS];
static _Atomic uint64_t posted;  // how often tasks have been posted
static _Atomic int64_t sleeping;
static _Atomic int64_t threads;  // that exist
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t tasks_are_there = PTHREAD_COND_INITIALIZER, tasks_have_ended = PTHREAD_COND_INITIALIZER;

// Counts a task down, if there is one, and a helper that begins; -1, or the number of the task.
static int64_t take(post *p, int begins) {
  uint64_t state = atomic_load(&p->state);
  do {
    if (!tasks_of(state) || (begins && !places_of(state))) return -1;
  } while (!atomic_compare_exchange_weak(&p->state, &state, state - TASK + (begins ? AT_WORK - PLACE : 0)));
  return p->tasks.count - tasks_of(state);
}

static void run(post *p, int64_t task) {
  if (p->tasks.run(p->tasks.shared, task)) return;
  uint64_t state = atomic_load(&p->state);
  while (!atomic_compare_exchange_weak(&p->state, &state, state & (TASK - 1))) continue;
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void pause_briefly(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// For about a microsecond, until *word is not `seen`. Whoever else wants the processor gets it first: it may be the one
// that is waited for.
static int changes_soon(const _Atomic uint64_t *word, uint64_t seen) {
  for (int i = 0; i < 16; i++) {
    if (*word != seen) return 1;
    pause_briefly();
  }
  sched_yield();
  return *word != seen;
}

// ---- how floats are rounded, and whether subnormal ones are zero: as in the caller ----------------------------------
#if defined(__x86_64__)
enum { FLAGS = 0x3f };  // what has happened so far is each thread's own
static uint32_t rounding(void) { return __builtin_ia32_stmxcsr() & ~(uint32_t)FLAGS; }
static void round_as(uint32_t wanted) {
  if (rounding() != wanted) __builtin_ia32_ldmxcsr(wanted);
}
#else
static uint32_t rounding(void) { return 0; }
static void round_as(uint32_t wanted) {}
#endif

// ---- helpers --------------------------------------------------------------------------------------------------------
static int help(post *p) {
  int64_t task = take(p, 1);
  if (task < 0) return 0;
  round_as(p->rounding);
  do run(p, task);
  while ((task = take(p, 0)) >= 0);
  if (at_work_of(atomic_fetch_sub(&p->state, AT_WORK)) == 1 && p->waiting) {
    pthread_mutex_lock(&lock);
    pthread_cond_broadcast(&tasks_have_ended);
    pthread_mutex_unlock(&lock);
  }
  return 1;
}

static int help_anyone(void) {
  int helped = 0;
  for (post *p = posts; p < posts + POSTS; p++) helped |= help(p);
  return helped;
}

static int posted_soon(uint64_t seen) {
  for (int64_t end = now() + SPIN_NS; now() < end;)
    if (changes_soon(&posted, seen)) return 1;
  return 0;
}

static void sleep_until_posted(uint64_t seen) {
  pthread_mutex_lock(&lock);
  sleeping++;
  if (posted == seen) pthread_cond_wait(&tasks_are_there, &lock);
  sleeping--;
  pthread_mutex_unlock(&lock);
}

static void *serve(void *unused) {
  for (;;) {
    uint64_t seen = posted;
    if (!help_anyone() && !posted_soon(seen)) sleep_until_posted(seen);
  }
  return NULL;
}

// ---- callers --------------------------------------------------------------------------------------------------------
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static void create_thread(void) {
  pthread_t made;
  pthread_attr_t how;
  sigset_t all, before;
  sigfillset(&all);
  pthread_attr_init(&how);
  pthread_attr_setstacksize(&how, STACK_BYTES);
  pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for others
  if (!pthread_create(&made, &how, serve, NULL)) threads++;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&how);
}

// How many threads would have to be woken, or made, so that all helpers come that the tasks have use for.
static int64_t missing(const post *p) {
  return least(places_of(p->state), tasks_of(p->state)) - (threads - sleeping);
}

static void summon(const post *p) {
  pthread_mutex_lock(&lock);
  int64_t asleep = sleeping, wanted = missing(p);
  for (int64_t i = 0; i < wanted; i++) i < asleep ? (void)pthread_cond_signal(&tasks_are_there) : create_thread();
  pthread_mutex_unlock(&lock);
}

// The caller's part. Helpers that sleep are woken when there is enough work for them.
static void work(post *p) {
  int awaited = missing(p) <= 0;
  if (!awaited && p->tasks.nanoseconds >= WORTH_WAKING_NS) {
    summon(p);
    awaited = 1;
  }
  int64_t begin = awaited ? 0 : now(), done = 0, task;
  while ((task = take(p, 0)) >= 0) {
    run(p, task);
    done++;
    if (awaited || tasks_of(p->state) * (now() - begin) < done * WORTH_WAKING_NS) continue;
    summon(p);
    awaited = 1;
  }
}

static void await_helpers(post *p) {
  uint64_t state = p->state;
  for (int64_t end = now() + SPIN_NS; at_work_of(state) && now() < end; state = p->state)
    changes_soon(&p->state, state);
  if (!at_work_of(p->state)) return;
  pthread_mutex_lock(&lock);
  p->waiting = 1;
  while (at_work_of(p->state)) pthread_cond_wait(&tasks_have_ended, &lock);
  p->waiting = 0;
  pthread_mutex_unlock(&lock);
}

static post *free_post(void) {
  for (post *p = posts; p < posts + POSTS; p++) {
    int no = 0;
    if (atomic_compare_exchange_strong(&p->taken, &no, 1)) return p;
  }
  return NULL;
}

// ---- a fork takes no threads with it --------------------------------------------------------------------------------
static void before_fork(void) { pthread_mutex_lock(&lock); }
static void in_parent(void) { pthread_mutex_unlock(&lock); }
static void in_child(void) {
  threads = sleeping = 0;
  memset(posts, 0, sizeof posts);
  pthread_mutex_init(&lock, NULL);
  pthread_cond_init(&tasks_are_there, NULL);
  pthread_cond_init(&tasks_have_ended, NULL);
}
static void survive_forks(void) { pthread_atfork(before_fork, in_parent, in_child); }

int pdx_share(const pdx_tasks *tasks) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, survive_forks);
  post *p = tasks->count <= MOST_TASKS ? free_post() : NULL;
  if (!p) return 0;
  p->tasks = *tasks;
  p->rounding = rounding();
  p->state = (uint64_t)tasks->count * TASK + (uint64_t)least(tasks->helpers, MOST_HELPERS) * PLACE;
  posted++;
  work(p);
  await_helpers(p);
  p->taken = 0;
  return 1;
}
