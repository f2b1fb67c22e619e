// Products of matrices by OpenBLAS, on one thread: whoever calls decides what runs in parallel.
#pragma once
#include <stdint.h>

// A matrix in memory as BLAS wants it: row-major with `ld` elements from row to row, or the transpose of such a one.
typedef struct {
  int transposed;
  int64_t ld;
} layout;

// The layout of rows × columns elements at these distances; 0 if BLAS has no name for it.
int pdx_layout(int64_t rows, int64_t columns, int64_t row_stride, int64_t column_stride, layout *found);

// c = a·b + beta·c, with a m×k, b k×n, c m×n row-major; beta is 0 (c is not read) or 1. All extents are positive.
void pdx_sgemm(int64_t m, int64_t n, int64_t k, const float *a, layout la, const float *b, layout lb, int beta, float *c,
               int64_t ldc);
void pdx_dgemm(int64_t m, int64_t n, int64_t k, const double *a, layout la, const double *b, layout lb, int beta,
               double *c, int64_t ldc);
