// Σ_i Σ_{j<i} w_j exp(−(x_i − x_j)²), and its gradient by x and w.
#include <math.h>
#include <stdint.h>
#include <string.h>

double objective(const double *restrict x, const double *restrict w, int64_t n) {
  double total = 0;
#pragma omp parallel for reduction(+ : total) schedule(dynamic, 64)
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < i; j++) {
      double d = x[i] - x[j];
      total += w[j] * exp(-d * d);
    }
  return total;
}

void gradient(const double *restrict x, const double *restrict w, int64_t n, double *restrict dx, double *restrict dw) {
  memset(dx, 0, n * sizeof *dx);
  memset(dw, 0, n * sizeof *dw);
#pragma omp parallel for reduction(+ : dx[ : n], dw[ : n]) schedule(dynamic, 64)
  for (int64_t i = 0; i < n; i++) {
    double own = 0;
    for (int64_t j = 0; j < i; j++) {
      double d = x[i] - x[j], e = exp(-d * d), slope = -2 * d * w[j] * e;
      own += slope;
      dx[j] -= slope;
      dw[j] += e;
    }
    dx[i] += own;
  }
}
