// How many of x[n], all in [0, 1), lie in each of so many bins. Eight copies of the counts: two numbers of the same
// bin that follow each other do not wait for each other's addition.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { COPIES = 8 };

void objective(const float *restrict x, int64_t n, int64_t bins, int64_t *restrict count) {
  float scale = bins;
  memset(count, 0, bins * sizeof *count);
#pragma omp parallel
  {
    int32_t *own = calloc(COPIES * bins, sizeof *own);
#pragma omp for
    for (int64_t at = 0; at < n / COPIES; at++)
      for (int c = 0; c < COPIES; c++) own[c * bins + (int32_t)(x[at * COPIES + c] * scale)]++;
#pragma omp single
    for (int64_t i = n / COPIES * COPIES; i < n; i++) own[(int32_t)(x[i] * scale)]++;
#pragma omp critical
    for (int c = 0; c < COPIES; c++)
      for (int64_t b = 0; b < bins; b++) count[b] += own[c * bins + b];
    free(own);
  }
}
