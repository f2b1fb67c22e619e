// Softened gravity: F_i = Σ_j m_j (r_j − r_i)(|r_j − r_i|² + 0.01)^(−3/2), and the gradient of ½ Σ F² by r.
// Coordinates are kept apart, so that 16 bodies j fill a register; scratch[6 n] is the caller's.
#include <math.h>
#include <stdint.h>

static void apart(const float *restrict r, int64_t n, float *restrict x) {
  for (int64_t i = 0; i < n; i++)
    for (int a = 0; a < 3; a++) x[a * n + i] = r[3 * i + a];
}

static void forces(const float *restrict p, const float *restrict m, int64_t n, float *restrict f) {
  const float *x = p, *y = p + n, *z = p + 2 * n;
#pragma omp parallel for
  for (int64_t i = 0; i < n; i++) {
    float fx = 0, fy = 0, fz = 0;
    for (int64_t j = 0; j < n; j++) {
      float a = x[j] - x[i], b = y[j] - y[i], c = z[j] - z[i];
      float inverse = 1 / sqrtf(a * a + b * b + c * c + 0.01f), pull = m[j] * inverse * inverse * inverse;
      fx += pull * a;
      fy += pull * b;
      fz += pull * c;
    }
    f[i] = fx, f[n + i] = fy, f[2 * n + i] = fz;
  }
}

void objective(const float *r, const float *m, int64_t n, float *scratch, float *out) {
  float *force = scratch + 3 * n;
  apart(r, n, scratch);
  forces(scratch, m, n, force);
  for (int64_t i = 0; i < n; i++)
    for (int a = 0; a < 3; a++) out[3 * i + a] = force[a * n + i];
}

// Every body gathers what all others give it: the pairs (i, j) and (j, i) together.
void gradient(const float *r, const float *m, int64_t n, float *scratch, float *restrict out) {
  apart(r, n, scratch);
  forces(scratch, m, n, scratch + 3 * n);
  const float *x = scratch, *y = x + n, *z = y + n, *u = z + n, *v = u + n, *w = v + n;
#pragma omp parallel for
  for (int64_t i = 0; i < n; i++) {
    float gx = 0, gy = 0, gz = 0;
    for (int64_t j = 0; j < n; j++) {
      float a = x[j] - x[i], b = y[j] - y[i], c = z[j] - z[i];
      float inverse = 1 / sqrtf(a * a + b * b + c * c + 0.01f), square = inverse * inverse, pull = square * inverse;
      float p = m[i] * u[j] - m[j] * u[i], q = m[i] * v[j] - m[j] * v[i], s = m[i] * w[j] - m[j] * w[i];
      float along = 3 * square * (p * a + q * b + s * c);
      gx += pull * (p - along * a);
      gy += pull * (q - along * b);
      gz += pull * (s - along * c);
    }
    out[3 * i] = gx, out[3 * i + 1] = gy, out[3 * i + 2] = gz;
  }
}
