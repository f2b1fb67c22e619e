// Contractions as products of matrices. The m loops together count the rows of a and c, the n loops the columns of b
// and c, the k loops the terms of a sum; where the elements of a table do not lie as BLAS wants them, a tile of it is
// copied into a matrix (packing: an image under a moving window becomes the matrix of its windows, and c, if several
// places share a cell, is added up from such a matrix).
//
// Tiles and tasks depend on sizes and strides alone, so results do not depend on the number of threads.
#include "contract.h"
#include "blas.h"
#include "pydex_rt.h"

#include <stdlib.h>
#include <string.h>

enum { A, B, C };
enum { TILE_M = 1024, TILE_N = 512, TILE_K = 256, SHORT_RUN = 32, MAX_TASKS = 64, MAX_DIMS = 32 };
enum { LARGEST_TILE = TILE_M };
static const double TASK_WORK = 256e6;  // multiplications in one task

// ---- loops of one kind, as one count --------------------------------------------------------------------------------
typedef struct {
  const dim *dims;
  int64_t rank, total;
} axis;

static int64_t stride_of(const dim *d, int table) { return table == A ? d->a : table == B ? d->b : d->c; }

static int64_t offset(const axis *x, int table, int64_t position) {
  int64_t sum = 0;
  for (int64_t d = x->rank - 1; d >= 0; d--) {
    sum += position % x->dims[d].count * stride_of(&x->dims[d], table);
    position /= x->dims[d].count;
  }
  return sum;
}

// How many positions, from a multiple of that number on, are equally far from each other in a table; and how far.
static int64_t run(const axis *x, int table, int64_t *stride) {
  int64_t length = 1;
  *stride = 0;
  for (int64_t d = x->rank - 1; d >= 0; d--) {
    const dim *loop = &x->dims[d];
    if (loop->count == 1) continue;
    if (length == 1) *stride = stride_of(loop, table);
    if (stride_of(loop, table) != *stride * length) break;
    length *= loop->count;
  }
  return length;
}

// Are the positions lo … hi equally far from each other?
static int is_even(const axis *x, int table, int64_t lo, int64_t hi, int64_t *stride) {
  int64_t length = run(x, table, stride);
  return hi - lo == 1 || lo / length == (hi - 1) / length;
}

// The places lo … hi in a table, one by one.
static void places(const axis *x, int table, int64_t lo, int64_t hi, int64_t *to) {
  int64_t digits[MAX_DIMS], rest = lo, at = offset(x, table, lo);
  for (int64_t d = x->rank - 1; d >= 0; d--) {
    digits[d] = rest % x->dims[d].count;
    rest /= x->dims[d].count;
  }
  for (int64_t p = lo; p < hi; p++) {
    *to++ = at;
    for (int64_t d = x->rank - 1; d >= 0; d--) {
      int64_t stride = stride_of(&x->dims[d], table);
      at += stride;
      if (++digits[d] < x->dims[d].count) break;
      digits[d] = 0;
      at -= stride * x->dims[d].count;
    }
  }
}

// The positions lo … hi as pieces within which the places in a table are `stride` apart.
typedef struct {
  int64_t count, stride;
  struct {
    int64_t place, length;
  } of[LARGEST_TILE];
} pieces;

static void cut_in_pieces(const axis *x, int table, int64_t lo, int64_t hi, pieces *found) {
  int64_t length = run(x, table, &found->stride);
  found->count = 0;
  for (int64_t p = lo, end; p < hi; p = end) {
    end = (p / length + 1) * length < hi ? (p / length + 1) * length : hi;
    found->of[found->count].place = offset(x, table, p);
    found->of[found->count++].length = end - p;
  }
}

// ---- one task -------------------------------------------------------------------------------------------------------
typedef struct {
  const contraction *what;
  axis m, n, k;
  const char *a, *b;
  char *c;
} product;

// Compiled for each width of vectors, where the loader can choose.
#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__)
#define WIDE __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define WIDE
#endif

#define T float
#define GEMM pdx_sgemm
#define NAME(name) name##_f32
#include "contract_tiles.h"
#undef T
#undef GEMM
#undef NAME
#define T double
#define GEMM pdx_dgemm
#define NAME(name) name##_f64
#include "contract_tiles.h"

static void multiply(const product *p, int64_t m0, int64_t m1, int64_t n0, int64_t n1) {
  if (m0 == m1 || n0 == n1) return;
  int64_t mark = pdx_mark();
  p->what->wide ? range_f64(p, m0, m1, n0, n1) : range_f32(p, m0, m1, n0, n1);
  pdx_release(mark);
}

// ---- all of it ------------------------------------------------------------------------------------------------------
typedef struct {
  product of;
  axis batch;
  int64_t batches, rows, columns;  // in how many parts each is cut: a task is a part of each
} job;

typedef struct {
  int64_t lo, hi;
} range;

static range part(int64_t total, int64_t parts, int64_t k) { return (range){total * k / parts, total * (k + 1) / parts}; }

static void run_task(void *shared, int64_t task) {
  const job *j = shared;
  product p = j->of;
  int64_t size = p.what->wide ? 8 : 4;
  range columns = part(p.n.total, j->columns, task % j->columns);
  range rows = part(p.m.total, j->rows, task / j->columns % j->rows);
  range batches = part(j->batch.total, j->batches, task / j->columns / j->rows);
  for (int64_t batch = batches.lo; batch < batches.hi; batch++) {
    p.a = j->of.a + size * offset(&j->batch, A, batch);
    p.b = j->of.b + size * offset(&j->batch, B, batch);
    p.c = j->of.c + size * offset(&j->batch, C, batch);
    multiply(&p, rows.lo, rows.hi, columns.lo, columns.hi);
  }
}

// Batches are shared out first; then c is cut into parts that are about square, which reads a and b least often.
static void cut(job *j, double work) {
  int64_t wanted = work / TASK_WORK < 1 ? 1 : work / TASK_WORK > MAX_TASKS ? MAX_TASKS : (int64_t)(work / TASK_WORK);
  j->batches = wanted < j->batch.total ? wanted : j->batch.total;
  j->rows = j->columns = 1;
  while (j->batches * j->rows * j->columns < wanted) {
    if (j->of.m.total / j->rows > j->of.n.total / j->columns) {
      j->rows *= 2;
    } else {
      j->columns *= 2;
    }
  }
}

// Large steps outside, so that what lies side by side is one run. The order of equal ones is kept.
static void sort_dims(dim *dims, int64_t rank, int by_c) {
  for (int64_t i = 1; i < rank; i++) {
    dim moved = dims[i];
    int64_t size = by_c ? llabs(moved.c) : llabs(moved.a) + llabs(moved.b), at = i;
    while (at > 0 && (by_c ? llabs(dims[at - 1].c) : llabs(dims[at - 1].a) + llabs(dims[at - 1].b)) < size) {
      dims[at] = dims[at - 1];
      at--;
    }
    dims[at] = moved;
  }
}

static axis take(dim **next, int64_t rank, int by_c) {
  axis x = {*next, rank, 1};
  sort_dims(*next, rank, by_c);
  for (int64_t d = 0; d < rank; d++) x.total *= x.dims[d].count > 0 ? x.dims[d].count : 0;
  *next += rank;
  return x;
}

void pdx_contract(const contraction *what) {
  dim dims[MAX_DIMS], *next = dims;
  memcpy(dims, what->dims, (size_t)(what->batches + what->ms + what->ns + what->ks) * sizeof *dims);
  job j = {.of = {.what = what, .a = what->a, .b = what->b, .c = what->c}};
  j.batch = take(&next, what->batches, 1);
  j.of.m = take(&next, what->ms, 1);
  j.of.n = take(&next, what->ns, 1);
  j.of.k = take(&next, what->ks, 0);
  double work = (double)j.batch.total * (double)j.of.m.total * (double)j.of.n.total;
  if (work == 0) return;
  cut(&j, what->overlap ? 0 : work * (double)j.of.k.total);
  pdx_parallel(run_task, &j, j.batches * j.rows * j.columns);
}
