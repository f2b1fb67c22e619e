// Σ_i log Σ_j exp x[i, j]; its gradient is the softmax of each row.
#include <math.h>
#include <stdint.h>

static float largest(const float *restrict row, int64_t m) {
  float top = row[0];
  for (int64_t j = 1; j < m; j++) top = row[j] > top ? row[j] : top;
  return top;
}

double objective(const float *restrict x, int64_t n, int64_t m) {
  double total = 0;
#pragma omp parallel for reduction(+ : total)
  for (int64_t i = 0; i < n; i++) {
    const float *row = x + i * m;
    float top = largest(row, m), sum = 0;
    for (int64_t j = 0; j < m; j++) sum += expf(row[j] - top);
    total += top + logf(sum);
  }
  return total;
}

void gradient(const float *restrict x, int64_t n, int64_t m, float *restrict out) {
#pragma omp parallel for
  for (int64_t i = 0; i < n; i++) {
    const float *row = x + i * m;
    float *restrict g = out + i * m;
    float top = largest(row, m), sum = 0;
    for (int64_t j = 0; j < m; j++) sum += g[j] = expf(row[j] - top);
    float inverse = 1 / sum;
    for (int64_t j = 0; j < m; j++) g[j] *= inverse;
  }
}
