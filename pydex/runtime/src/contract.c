// Contractions as products of matrices. The m loops together count the rows of a and c, the n loops the columns of b
// and c, the k loops the terms of a sum. Where the elements of all tables lie as BLAS wants them, it is called; else
// blocks of rows and columns are summed up in registers (contract_kernel.h), which read a place as the sum of what its
// two indices contribute: a window that moves over an image, or the transpose of it, is a matrix without being copied.
// Copied (packed) is what would be read many times, and columns that do not lie side by side.
//
// Blocks and tasks depend on sizes and strides alone, so results do not depend on the number of threads.
#include "contract.h"
#include "blas.h"
#include "contract_axis.h"
#include "pydex_rt.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TASKS = 64, MAX_DIMS = 32 };
enum { TERMS = 256, MANY_TERMS = 1024 };             // of a sum, before c is touched: more where its cells lie apart
enum { BLOCK_BYTES = 384 << 10, BLOCK_ROWS = 4096 };  // rows, packed: they stay in a cache of the second level; or not
enum { PANELS_BYTES = 256 << 10, MOST_PANELS = 8 };  // of packed columns
enum { PART_ROWS = 128, PART_COLUMNS = 512 };        // of a task, at least, if it is made of blocks
enum { FEW_ROWS = 64, FEW_PANELS = 4 };  // reading columns, or rows, so often does not pay for packing them
static const double MATRIX_WORK = 256e6, BLOCK_WORK = 4e6;  // multiplications in one task
static const double WORK_PER_NS = 64;                        // of one thread, at most

// ---- sums in registers ----------------------------------------------------------------------------------------------
enum { MOST_ROWS = 8, MOST_VECTORS = 2, MOST_COLUMNS = 32 };

static int64_t vector_bytes = 64;

void pdx_set_vectors(int64_t bytes) { vector_bytes = bytes; }

// Columns, as runs of such that lie side by side.
typedef struct {
  int64_t count;
  int apart;  // each is one column
  struct {
    int64_t place, length;
  } of[MOST_COLUMNS];
} pieces;

static pieces in_pieces(const int64_t *places, int64_t count) {
  pieces found;
  found.count = 0;
  for (int64_t i = 0, length; i < count; i += length) {
    length = together(places + i, count - i);
    found.of[found.count].place = places[i];
    found.of[found.count++].length = length;
  }
  found.apart = found.count == count;
  return found;
}

// A few rows and columns of c, and where the terms of their sums are.
typedef struct {
  int64_t terms;
  const int64_t *a_steps, *b_steps;
  const void *a[MOST_ROWS], *b;
  void *c[MOST_ROWS];
  int add;
} tile;

typedef struct {
  int64_t lanes, rows;  // in a vector; in the largest tile
  void (*of[MOST_ROWS][MOST_VECTORS])(const tile *);  // by rows and vectors, less one
} kernels;

// Sums are in registers only if no index into them is left.
#ifdef __clang__
#define UNROLL
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

// ---- one task -------------------------------------------------------------------------------------------------------
typedef struct {
  const contraction *what;
  int left, right;  // the tables of a and b
  axis m, n, k;
  const char *a, *b;
  char *c;
} product;

// Do these rows and columns, and all terms, lie in memory as three matrices of BLAS?
static int are_matrices(const product *p, int64_t m0, int64_t m1, int64_t n0, int64_t n1, layout *a, layout *b,
                        layout *c) {
  int64_t am, cm, bn, cn, ak, bk, rows = m1 - m0, columns = n1 - n0, terms = p->k.total;
  return !p->what->overlap && terms && is_even(&p->m, p->left, m0, m1, &am) & is_even(&p->m, C, m0, m1, &cm) &
         is_even(&p->n, p->right, n0, n1, &bn) & is_even(&p->n, C, n0, n1, &cn) &
         is_even(&p->k, p->left, 0, terms, &ak) & is_even(&p->k, p->right, 0, terms, &bk) &&
         pdx_layout(rows, terms, am, ak, a) && pdx_layout(terms, columns, bk, bn, b) &&
         pdx_layout(rows, columns, cm, cn, c);
}

#define T float
#define INTEGER int32_t
#define GEMM pdx_sgemm
#define NAME(name) name##_f32
#include "contract_widths.h"
#include "contract_pack.h"
#include "contract_tiles.h"
#undef T
#undef INTEGER
#undef GEMM
#undef NAME
#define T double
#define INTEGER int64_t
#define GEMM pdx_dgemm
#define NAME(name) name##_f64
#include "contract_widths.h"
#include "contract_pack.h"
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
  int64_t slices;                  // or, where cells are shared, in how many parts the last loop of m is cut
} job;

typedef struct {
  int64_t lo, hi;
} range;

static range part(int64_t total, int64_t parts, int64_t k) {
  return (range){total * k / parts, total * (k + 1) / parts};
}

static void run_task(void *shared, int64_t task) {
  const job *j = shared;
  product p = j->of;
  int64_t size = p.what->wide ? 8 : 4;
  range columns = part(p.n.total, j->columns, task % j->columns);
  range rows = part(p.m.total, j->rows, task / j->columns % j->rows);
  range batches = part(j->batch.total, j->batches, task / j->columns / j->rows);
  for (int64_t batch = batches.lo; batch < batches.hi; batch++) {
    p.a = j->of.a + size * offset(&j->batch, j->of.left, batch);
    p.b = j->of.b + size * offset(&j->batch, j->of.right, batch);
    p.c = j->of.c + size * offset(&j->batch, C, batch);
    multiply(&p, rows.lo, rows.hi, columns.lo, columns.hi);
  }
}

// A part of the last loop of m, in which no other part has a cell.
static void run_slice(void *shared, int64_t task) {
  job slice = *(const job *)shared;
  axis *m = &slice.of.m;
  int64_t size = slice.of.what->wide ? 8 : 4;
  dim dims[MAX_DIMS], *last = &dims[m->rank - 1];
  memcpy(dims, m->dims, (size_t)m->rank * sizeof *dims);
  range some = part(last->count, slice.slices, task);
  *m = (axis){dims, m->rank, m->total / last->count * (some.hi - some.lo)};
  last->count = some.hi - some.lo;
  slice.of.a += size * some.lo * stride_of(last, slice.of.left);
  slice.of.c += size * some.lo * last->c;
  run_task(&slice, 0);
}

// Batches are shared out first; then c is cut into parts. Those of matrices are about square, which reads a and b least
// often; blocks are cut so that packing, which each task does for itself, stays small.
static void cut(job *j, double work) {
  layout any;
  int64_t m = j->of.m.total, n = j->of.n.total;
  int matrices = are_matrices(&j->of, 0, m, 0, n, &any, &any, &any);
  double parts = work / (matrices ? MATRIX_WORK : BLOCK_WORK);
  int64_t wanted = parts < 1 ? 1 : parts > MAX_TASKS ? MAX_TASKS : (int64_t)parts;
  j->batches = wanted < j->batch.total ? wanted : j->batch.total;
  j->rows = j->columns = 1;
  while (j->batches * j->rows * j->columns < wanted) {
    int narrow = !matrices && n / j->columns < 2 * PART_COLUMNS, low = !matrices && m / j->rows < 2 * PART_ROWS;
    if (narrow && low) break;
    if (matrices ? m / j->rows > n / j->columns : narrow) {
      j->rows *= 2;
    } else {
      j->columns *= 2;
    }
  }
}

// By how many elements the places of an axis in c differ at most, but for its loop number `but`.
static int64_t extent(const axis *x, int64_t but) {
  int64_t sum = 0;
  for (int64_t d = 0; d < x->rank; d++)
    if (d != but) sum += llabs(x->dims[d].c) * (x->dims[d].count - 1);
  return sum;
}

// In how many parts the last loop of m may be cut: in each many rows, and no cell is in two.
static int64_t slices(const job *j) {
  const axis *m = &j->of.m;
  int64_t last = m->rank - 1;
  if (j->batch.total > 1 || !m->rank || llabs(m->dims[last].c) <= extent(m, last) + extent(&j->of.n, -1)) return 1;
  int64_t most = least(m->dims[last].count, least(m->total / PART_ROWS, MAX_TASKS));
  return most < 1 ? 1 : most;
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

// cᵀ = bᵀ·aᵀ
static product transposed(const product *p) {
  return (product){p->what, p->right, p->left, p->n, p->m, p->k, p->b, p->a, p->c};
}

static void reverse(dim *dims, int64_t rank) {
  for (int64_t i = 0; i < rank / 2; i++) {
    dim first = dims[i];
    dims[i] = dims[rank - 1 - i];
    dims[rank - 1 - i] = first;
  }
}

void pdx_contract(const contraction *what) {
  dim dims[MAX_DIMS], *next = dims;
  memcpy(dims, what->dims, (size_t)(what->batches + what->ms + what->ns + what->ks) * sizeof *dims);
  job j = {.of = {.what = what, .left = A, .right = B, .a = what->a, .b = what->b, .c = what->c}};
  j.batch = take(&next, what->batches, 1);
  j.of.m = take(&next, what->ms, 1);
  j.of.n = take(&next, what->ns, 1);
  j.of.k = take(&next, what->ks, 0);
  product other = transposed(&j.of);  // which factor is a is free
  double (*cost)(const product *) = what->wide ? cost_f64 : cost_f32;
  if (cost(&other) < cost(&j.of)) j.of = other;
  // Rows of a tile should not share cells: the next one would wait for what the last one has written.
  if (what->overlap) reverse((dim *)j.of.m.dims, j.of.m.rank);
  double cells = (double)j.batch.total * (double)j.of.m.total * (double)j.of.n.total, work = cells * (double)j.of.k.total;
  if (cells == 0) return;
  int64_t nanoseconds = (int64_t)(work / WORK_PER_NS);
  cut(&j, what->overlap ? 0 : work);
  j.slices = what->overlap ? slices(&j) : 1;
  if (j.slices > 1) {
    pdx_parallel(run_slice, &j, j.slices, nanoseconds);
  } else {
    pdx_parallel(run_task, &j, j.batches * j.rows * j.columns, nanoseconds);
  }
}
