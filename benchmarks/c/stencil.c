// Diffusion on a grid[n, m] with a fixed boundary, and the gradient of mean(u²) after the last step.
// `other`, `g` and `new` are [n, m], too: what a step reads and what it writes.
#include <stdint.h>
#include <string.h>

static void step(const float *restrict u, float *restrict new, int64_t n, int64_t m) {
#pragma omp parallel for
  for (int64_t i = 1; i < n - 1; i++) {
    const float *up = u + (i - 1) * m, *row = up + m, *down = row + m;
    float *restrict to = new + i * m;
    for (int64_t j = 1; j < m - 1; j++) to[j] = 0.2f * (row[j] + up[j] + down[j] + row[j - 1] + row[j + 1]);
  }
}

// The answer is in `out`, whatever the number of steps: the first step goes to the buffer that makes it so.
void objective(const float *start, int64_t n, int64_t m, int64_t steps, float *other, float *out) {
  float *u = steps % 2 ? other : out, *new = steps % 2 ? out : other;
  memcpy(u, start, n * m * sizeof *u);
  memcpy(new, start, n * m * sizeof *u);
  for (int64_t t = 0; t < steps; t++) {
    step(u, new, n, m);
    float *old = u;
    u = new, new = old;
  }
}

// In reverse the interior is a problem of its own with zeros around it: the step is its own adjoint there. The rim
// keeps its own cotangent and gathers a fifth of its neighbour's at each step.
void gradient(const float *start, int64_t n, int64_t m, int64_t steps, float *g, float *new, float *restrict out) {
  objective(start, n, m, steps, new, out);
  float scale = 2.0f / (n * m);
#pragma omp parallel for
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < m; j++) {
      int inside = 0 < i && i < n - 1 && 0 < j && j < m - 1;
      out[i * m + j] *= scale;
      g[i * m + j] = inside ? out[i * m + j] : 0;
      if (!inside) new[i * m + j] = 0;
    }
  for (int64_t t = 0; t < steps; t++) {
    for (int64_t j = 1; j < m - 1; j++) {
      out[j] += 0.2f * g[m + j];
      out[(n - 1) * m + j] += 0.2f * g[(n - 2) * m + j];
    }
    for (int64_t i = 1; i < n - 1; i++) {
      out[i * m] += 0.2f * g[i * m + 1];
      out[i * m + m - 1] += 0.2f * g[i * m + m - 2];
    }
    step(g, new, n, m);
    float *old = g;
    g = new, new = old;
  }
#pragma omp parallel for
  for (int64_t i = 1; i < n - 1; i++) memcpy(out + i * m + 1, g + i * m + 1, (m - 2) * sizeof *g);
}
