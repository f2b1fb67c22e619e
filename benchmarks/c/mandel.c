// After how many steps of z → z² + c a point c leaves |z| ≤ 2, at most `limit`. 32 points of a row go together, until
// the last of them has left, and whoever has left stays where it is.
#include <stdint.h>

enum { LANES = 32 };

static void group(const float *restrict re, float im, int32_t limit, int32_t *restrict count) {
  float x[LANES] = {0}, y[LANES] = {0};
  int32_t steps[LANES] = {0};
  for (int32_t t = 0; t < limit; t++) {
    int32_t any = 0;
    for (int p = 0; p < LANES; p++) {
      float xx = x[p] * x[p], yy = y[p] * y[p];
      int32_t inside = xx + yy <= 4;
      steps[p] += inside;
      any |= inside;
      y[p] = inside ? 2 * x[p] * y[p] + im : y[p];
      x[p] = inside ? xx - yy + re[p] : x[p];
    }
    if (!any) break;
  }
  for (int p = 0; p < LANES; p++) count[p] = steps[p];
}

void objective(const float *re, const float *im, int64_t width, int64_t height, int32_t limit, int32_t *out) {
#pragma omp parallel for schedule(dynamic, 8)
  for (int64_t i = 0; i < height; i++) {
    int64_t j = 0;
    for (; j + LANES <= width; j += LANES) group(re + j, im[i], limit, out + i * width + j);
    if (j < width) {
      float rest[LANES] = {0};
      int32_t counts[LANES];
      for (int64_t p = 0; p < width - j; p++) rest[p] = re[j + p];
      group(rest, im[i], limit, counts);
      for (int64_t p = 0; p < width - j; p++) out[i * width + j + p] = counts[p];
    }
  }
}
