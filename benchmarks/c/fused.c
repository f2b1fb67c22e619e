// mean((sin(x)·y + exp(−x²))²) of n floats. Sums in blocks: a float holds the sum of a few hundred terms.
#include <math.h>
#include <stdint.h>

enum { BLOCK = 512 };

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

double objective(const float *restrict x, const float *restrict y, int64_t n) {
  double total = 0;
#pragma omp parallel for reduction(+ : total)
  for (int64_t at = 0; at < n; at += BLOCK) {
    int64_t end = least(n, at + BLOCK);
    float sum = 0;
    for (int64_t i = at; i < end; i++) {
      float v = sinf(x[i]) * y[i] + expf(-x[i] * x[i]);
      sum += v * v;
    }
    total += sum;
  }
  return total / n;
}

// sin and cos in loops of their own: side by side GCC joins them in a call that it does not vectorise.
void gradient(const float *restrict x, const float *restrict y, int64_t n, float *restrict dx, float *restrict dy) {
  float scale = 2.0f / n;
#pragma omp parallel for
  for (int64_t at = 0; at < n; at += BLOCK) {
    int64_t size = least(n - at, BLOCK);
    const float *u = x + at, *v = y + at;
    float s[BLOCK], c[BLOCK];
    for (int64_t i = 0; i < size; i++) s[i] = sinf(u[i]);
    for (int64_t i = 0; i < size; i++) c[i] = cosf(u[i]);
    for (int64_t i = 0; i < size; i++) {
      float e = expf(-u[i] * u[i]), g = scale * (s[i] * v[i] + e);
      dx[at + i] = g * (c[i] * v[i] - 2 * u[i] * e);
      dy[at + i] = g * s[i];
    }
  }
}
