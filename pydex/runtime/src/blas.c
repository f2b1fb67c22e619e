// OpenBLAS is opened at the first product, from where pdx_set_blas says; never linked, so that nothing is loaded by a
// program without contractions. Without it plain loops serve, which are right and slow.
#include "blas.h"
#include "pydex_rt.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112 };

typedef void (*sgemm)(int, int, int, int32_t, int32_t, int32_t, float, const float *, int32_t, const float *, int32_t,
                      float, float *, int32_t);
typedef void (*dgemm)(int, int, int, int32_t, int32_t, int32_t, double, const double *, int32_t, const double *,
                      int32_t, double, double *, int32_t);

typedef void (*sgemv)(int, int, int32_t, int32_t, float, const float *, int32_t, const float *, int32_t, float, float *,
                      int32_t);
typedef void (*dgemv)(int, int, int32_t, int32_t, double, const double *, int32_t, const double *, int32_t, double,
                      double *, int32_t);

static sgemm sgemm_in_use;
static dgemm dgemm_in_use;
static sgemv sgemv_in_use;
static dgemv dgemv_in_use;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char *named;   // by pdx_set_blas
static char *in_use;  // path

static void find_blas(void) {
  void *library = named ? dlopen(named, RTLD_NOW | RTLD_LOCAL) : NULL;
  if (!library) return;
  void (*set_threads)(int);
  *(void **)&set_threads = dlsym(library, "scipy_openblas_set_num_threads");
  *(void **)&sgemm_in_use = dlsym(library, "scipy_cblas_sgemm");
  *(void **)&dgemm_in_use = dlsym(library, "scipy_cblas_dgemm");
  *(void **)&sgemv_in_use = dlsym(library, "scipy_cblas_sgemv");
  *(void **)&dgemv_in_use = dlsym(library, "scipy_cblas_dgemv");
  if (set_threads && sgemm_in_use && dgemm_in_use && sgemv_in_use && dgemv_in_use) {
    set_threads(1);
    in_use = strdup(named);
  }
}

void pdx_set_blas(const char *path) {
  free(named);
  named = *path ? strdup(path) : NULL;
}

const char *pdx_blas(void) {
  pthread_once(&once, find_blas);
  return in_use ? in_use : "";
}

int pdx_layout(int64_t rows, int64_t columns, int64_t row_stride, int64_t column_stride, layout *found) {
  if (rows > INT32_MAX || columns > INT32_MAX) return 0;
  if (column_stride == 1 || columns == 1) {
    *found = (layout){0, rows == 1 ? columns : row_stride};
    return found->ld >= columns && found->ld <= INT32_MAX;
  }
  if (row_stride == 1 || rows == 1) {
    *found = (layout){1, column_stride};
    return found->ld >= rows && found->ld <= INT32_MAX;
  }
  return 0;
}

#define GEMM(name, T, gemm, gemv)                                                                                    \
  static void loops_##name(int64_t m, int64_t n, int64_t k, const T *a, layout la, const T *b, layout lb, int beta,  \
                           T *c, int64_t ldc) {                                                                     \
    for (int64_t i = 0; i < m; i++) {                                                                               \
      if (!beta) memset(c + i * ldc, 0, (size_t)n * sizeof(T));                                                     \
      for (int64_t l = 0; l < k; l++) {                                                                             \
        T x = la.transposed ? a[l * la.ld + i] : a[i * la.ld + l];                                                  \
        for (int64_t j = 0; j < n; j++) c[i * ldc + j] += x * (lb.transposed ? b[j * lb.ld + l] : b[l * lb.ld + j]); \
      }                                                                                                             \
    }                                                                                                               \
  }                                                                                                                 \
  void name(int64_t m, int64_t n, int64_t k, const T *a, layout la, const T *b, layout lb, int beta, T *c,           \
            int64_t ldc) {                                                                                          \
    pthread_once(&once, find_blas);                                                                                 \
    int ta = la.transposed ? TRANS : NO_TRANS, tb = lb.transposed ? TRANS : NO_TRANS;                               \
    int32_t lda = (int32_t)la.ld, ldb = (int32_t)lb.ld, rows = (int32_t)m, columns = (int32_t)n, terms = (int32_t)k; \
    if (!in_use) {                                                                                                  \
      loops_##name(m, n, k, a, la, b, lb, beta, c, ldc);                                                            \
    } else if (n == 1) { /* a times a vector */                                                                     \
      gemv(ROW_MAJOR, ta, la.transposed ? terms : rows, la.transposed ? rows : terms, 1, a, lda, b,                  \
           lb.transposed ? 1 : ldb, (T)beta, c, (int32_t)ldc);                                                      \
    } else if (m == 1) { /* b transposed, times a vector */                                                         \
      gemv(ROW_MAJOR, lb.transposed ? NO_TRANS : TRANS, lb.transposed ? columns : terms,                            \
           lb.transposed ? terms : columns, 1, b, ldb, a, la.transposed ? lda : 1, (T)beta, c, 1);                  \
    } else {                                                                                                        \
      gemm(ROW_MAJOR, ta, tb, rows, columns, terms, 1, a, lda, b, ldb, (T)beta, c, (int32_t)ldc);                    \
    }                                                                                                               \
  }

GEMM(pdx_sgemm, float, sgemm_in_use, sgemv_in_use)
GEMM(pdx_dgemm, double, dgemm_in_use, dgemv_in_use)
