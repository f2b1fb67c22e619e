// Hand-written "compiled code" for test_runtime.py: entries that take a frame, as pydex/mlir.py's do.
#include "pydex_rt.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

typedef int64_t slot;

void nothing(slot *f) {}

void square(slot *f) {  // f64 -> f64
  double x;
  memcpy(&x, &f[0], 8);
  x *= x;
  memcpy(&f[1], &x, 8);
}

void same(slot *f) { f[1] = f[0]; }  // any scalar

void read_symbol(slot *f) { f[3] = f[0]; }  // symbol n, table of rank 1 -> i64

void store_symbols(slot *f) { memcpy((void *)f[3], f, 24); }  // three symbols, i64[3] out, …

void raise_site(slot *f) { pdx_raise(f[0], f[1], f[2]); }  // (i64, i64, i64)

void scale(slot *f) {  // symbols n m, f64[n, m], f64 -> f64[n, m]
  double a, *x = (double *)f[2], *y = (double *)f[6];
  memcpy(&a, &f[5], 8);
  for (int64_t i = 0; i < f[0]; i++)
    for (int64_t j = 0; j < f[1]; j++) y[i * f[1] + j] = a * x[i * f[3] + j * f[4]];
}

void allocate(slot *f) { f[1] = (slot)pdx_alloc(f[0]) % 64; }  // bytes -> misalignment

void allocate_and_raise(slot *f) {  // bytes
  memset(pdx_alloc(f[0]), 1, f[0]);
  pdx_raise(7, 0, 0);
}

void stack_discipline(slot *f) {  // () -> whether what was released is given out again, at every depth
  char *outer = pdx_alloc(100);
  int64_t mark = pdx_mark();
  char *first = pdx_alloc(1000);
  pdx_alloc(10000000);
  int64_t inner = pdx_mark();
  char *third = pdx_alloc(1);
  pdx_release(inner);
  int again = pdx_alloc(1) == third;
  pdx_release(mark);
  f[0] = again && pdx_alloc(1000) == first && first > outer;
}

static void fill_chunk(void *env, int64_t chunk) {
  int64_t *temporary = pdx_alloc(8 * 1000);
  for (int i = 0; i < 1000; i++) temporary[i] = chunk;
  int64_t sum = 0;
  for (int i = 0; i < 1000; i++) sum += temporary[i];
  ((int64_t *)env)[chunk] = sum;
}

void fill(slot *f) { pdx_parallel(fill_chunk, (void *)f[1], f[0], 0); }  // size n -> i64[n]: 1000 i

typedef struct {
  int64_t *done, first, step;
} failing;

static void failing_chunk(void *env, int64_t chunk) {
  failing *e = env;
  struct timespec nap = {0, 1000000};
  if (chunk >= e->first && (chunk - e->first) % e->step == 0) pdx_raise(chunk, 10 * chunk, -chunk);
  nanosleep(&nap, NULL);
  e->done[chunk] = 1;
}

void fail_from(slot *f) {  // i64[n] done, i64 first, i64 step
  failing env = {(int64_t *)f[1], f[3], f[4]};
  pdx_parallel(failing_chunk, &env, f[0], 0);
}

static void nested_chunk(void *env, int64_t chunk) {
  int64_t *row = (int64_t *)env + 10 * chunk;
  pdx_parallel(fill_chunk, row, 10, 0);
  for (int i = 0; i < 10; i++) row[i] += chunk;
}

void nested(slot *f) { pdx_parallel(nested_chunk, (void *)f[1], f[0], 0); }  // size n -> i64[10 n]

static void nested_failing_chunk(void *env, int64_t chunk) { pdx_parallel(failing_chunk, env, 4, 0); }

void nested_fail(slot *f) {  // i64[4] done: chunk 2 of every inner loop raises
  failing env = {(int64_t *)f[0], 2, 100};
  pdx_parallel(nested_failing_chunk, &env, 3, 0);
}

typedef struct {
  int64_t *threads, nap_ns;
} visited;

static void visit_chunk(void *env, int64_t chunk) {
  visited *e = env;
  struct timespec nap = {0, e->nap_ns};
  if (e->nap_ns) nanosleep(&nap, NULL);
  e->threads[chunk] = (int64_t)pthread_self();
}

void visit(slot *f) {  // i64[n] threads, i64 nap_ns, i64 nanoseconds -> the caller
  visited env = {(int64_t *)f[1], f[3]};
  pdx_parallel(visit_chunk, &env, f[0], f[4]);
  f[5] = (int64_t)pthread_self();
}

static void held_chunk(void *env, int64_t chunk) {
  volatile int64_t *state = env;
  struct timespec nap = {0, 1000000};
  state[1 + chunk] = 1;
  for (int i = 0; i < 20000 && !state[0]; i++) nanosleep(&nap, NULL);
  state[1 + chunk] = 2;
}

void hold(slot *f) {  // i64[n + 1]: what has begun; all wait until the first is set, 20 s at most
  pdx_parallel(held_chunk, (void *)f[1], f[0], 1000000000);
}

#ifdef __x86_64__
static void subnormal_chunk(void *env, int64_t chunk) {
  struct timespec nap = {0, 1000000};
  nanosleep(&nap, NULL);
  volatile double small = 1e-200;
  ((double *)env)[chunk] = small * 1e-110;
}

void subnormals(slot *f) {  // f64[n]: a subnormal number, or 0, which they are to the caller
  unsigned before = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(before | 0x8000);
  pdx_parallel(subnormal_chunk, (void *)f[1], f[0], 1000000000);
  __builtin_ia32_ldmxcsr(before);
}
#endif

void wait_for_flag(slot *f) {  // i64[1] flag -> i64: 1 if somebody set it within 10 s
  volatile int64_t *flag = (int64_t *)f[0];
  struct timespec nap = {0, 1000000};
  for (int i = 0; i < 10000 && !*flag; i++) nanosleep(&nap, NULL);
  f[2] = *flag;
}
