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

enum { MAX_DIMS = 32 };
enum { TERMS = 256, MANY_TERMS = 1024 };             // of a sum, before c is touched: more where its cells lie apart
enum { BLOCK_BYTES = 384 << 10, BLOCK_ROWS = 4096 };  // rows, packed: they stay in a cache of the second level; or not
enum { PANELS_BYTES = 256 << 10, MOST_PANELS = 8 };  // of packed columns
enum { FEW_ROWS = 64, FEW_PANELS = 4 };  // reading columns, or rows, so often does not pay for packing them

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

#include "contract_share.h"

// ---- all of it ------------------------------------------------------------------------------------------------------
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
  share(&j, work);
}
