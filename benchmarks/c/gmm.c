// ADBench's Gaussian mixture and its gradient by alpha, mu, q and the strictly lower triangles.
// Eight points fill a register: blocks of BLOCK points are turned round to y[d][BLOCK]. A factor is packed in rows of
// a multiple of ROWS, its diagonal scaled, zeros above it, so that ROWS rows share each load of y.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef double Lanes __attribute__((vector_size(64)));

enum { LANES = 8, BLOCK = 64, VECTORS = BLOCK / LANES, ROWS = 4 };

typedef struct {
  int64_t n, d, k, padded; // points, dimensions, components; d rounded up to ROWS
  const double *alpha, *mu, *q, *lower, *x;
  double *factor, *weight; // [k][padded][padded] and [k]
} Mixture;

static double *room(int64_t count) { return aligned_alloc(64, (count * sizeof(double) + 63) / 64 * 64); }

static Mixture mixture(int64_t n, int64_t d, int64_t k, const double *alpha, const double *mu, const double *q,
                       const double *lower, const double *x) {
  int64_t p = (d + ROWS - 1) / ROWS * ROWS;
  Mixture g = {n, d, k, p, alpha, mu, q, lower, x, room(k * p * p), room(k)};
  memset(g.factor, 0, k * p * p * sizeof(double));
  for (int64_t c = 0; c < k; c++) {
    g.weight[c] = alpha[c];
    for (int64_t a = 0; a < d; a++) {
      double *row = g.factor + (c * p + a) * p;
      memcpy(row, lower + (c * d + a) * d, a * sizeof(double));
      row[a] = exp(q[c * d + a]);
      g.weight[c] += q[c * d + a];
    }
  }
  return g;
}

static void forget(Mixture g) { free(g.factor), free(g.weight); }

static double logsumexp(const double *v, int64_t k) {
  double top = v[0], sum = 0;
  for (int64_t c = 1; c < k; c++) top = v[c] > top ? v[c] : top;
  for (int64_t c = 0; c < k; c++) sum += exp(v[c] - top);
  return top + log(sum);
}

// The points from `at` on, [padded][BLOCK]; zeros where there are none.
static void turned(const Mixture *g, int64_t at, double (*restrict t)[BLOCK]) {
  memset(t, 0, g->padded * sizeof *t);
  for (int64_t i = 0; i < BLOCK && at + i < g->n; i++)
    for (int64_t a = 0; a < g->d; a++) t[a][i] = g->x[(at + i) * g->d + a];
}

static void centred(const Mixture *g, int64_t c, double (*restrict t)[BLOCK], double (*restrict y)[BLOCK]) {
  for (int64_t a = 0; a < g->d; a++)
    for (int64_t i = 0; i < BLOCK; i++) y[a][i] = t[a][i] - g->mu[c * g->d + a];
  memset(y + g->d, 0, (g->padded - g->d) * sizeof *y);
}

// z = factor · y for ROWS rows from a on and all points of a block.
static inline void rows(const Mixture *g, int64_t c, int64_t a, double (*y)[BLOCK], int64_t v, Lanes z[ROWS]) {
  const double *l = g->factor + (c * g->padded + a) * g->padded;
  for (int r = 0; r < ROWS; r++) z[r] = (Lanes){0};
  for (int64_t b = 0; b < a + ROWS; b++) {
    Lanes point = ((Lanes *)y[b])[v];
    for (int r = 0; r < ROWS; r++) z[r] += l[r * g->padded + b] * point;
  }
}

// joint[c][point] = weight_c − ½ |factor_c (x − mu_c)|² of a block, then its logsumexp over c; joint becomes shares.
static double block(const Mixture *g, int64_t at, double (*t)[BLOCK], double (*y)[BLOCK], double (*joint)[BLOCK]) {
  turned(g, at, t);
  for (int64_t c = 0; c < g->k; c++) {
    centred(g, c, t, y);
    for (int64_t v = 0; v < VECTORS; v++) {
      Lanes sum = {0}, z[ROWS];
      for (int64_t a = 0; a < g->padded; a += ROWS) {
        rows(g, c, a, y, v, z);
        for (int r = 0; r < ROWS; r++) sum += z[r] * z[r];
      }
      ((Lanes *)joint[c])[v] = g->weight[c] - 0.5 * sum;
    }
  }
  double top[BLOCK], sum[BLOCK] = {0}, total = 0;
  memcpy(top, joint[0], sizeof top);
  for (int64_t c = 1; c < g->k; c++)
    for (int64_t i = 0; i < BLOCK; i++) top[i] = joint[c][i] > top[i] ? joint[c][i] : top[i];
  for (int64_t c = 0; c < g->k; c++)
    for (int64_t i = 0; i < BLOCK; i++) sum[i] += joint[c][i] = exp(joint[c][i] - top[i]);
  for (int64_t i = 0; i < BLOCK; i++) total += at + i < g->n ? top[i] + log(sum[i]) : 0;
  for (int64_t i = 0; i < BLOCK; i++) sum[i] = at + i < g->n ? 1 / sum[i] : 0;
  for (int64_t c = 0; c < g->k; c++)
    for (int64_t i = 0; i < BLOCK; i++) joint[c][i] *= sum[i];
  return total;
}

double objective(const double *alpha, const double *mu, const double *q, const double *lower, const double *x,
                 double gamma, int64_t m, double constant, int64_t n, int64_t d, int64_t k) {
  Mixture g = mixture(n, d, k, alpha, mu, q, lower, x);
  double total = 0, squares = 0, sum = 0;
#pragma omp parallel reduction(+ : total)
  {
    double(*t)[BLOCK] = (void *)room(g.padded * BLOCK), (*y)[BLOCK] = (void *)room(g.padded * BLOCK);
    double(*joint)[BLOCK] = (void *)room(k * BLOCK);
#pragma omp for
    for (int64_t at = 0; at < n; at += BLOCK) total += block(&g, at, t, y, joint);
    free(t), free(y), free(joint);
  }
  for (int64_t i = 0; i < k * g.padded * g.padded; i++) squares += g.factor[i] * g.factor[i];
  for (int64_t i = 0; i < k * d; i++) sum += q[i];
  double prior = 0.5 * gamma * gamma * squares - m * sum;
  forget(g);
  return total - n * logsumexp(alpha, k) - prior + constant;
}

typedef Lanes Tile[ROWS][ROWS];

// One component, one block: adds share·z·yᵀ (the lower tiles of [padded][padded]) and share·z.
static void collect(const Mixture *g, int64_t c, double (*y)[BLOCK], double (*z)[BLOCK], const double *share,
                    Tile *outer, Lanes *moved) {
  Lanes w[ROWS];
  for (int64_t a = 0; a < g->padded; a += ROWS)
    for (int64_t v = 0; v < VECTORS; v++) {
      rows(g, c, a, y, v, w);
      for (int r = 0; r < ROWS; r++) {
        Lanes pull = w[r] * ((const Lanes *)share)[v];
        ((Lanes *)z[a + r])[v] = pull;
        moved[a + r] += pull;
      }
    }
  for (int64_t a = 0; a < g->padded; a += ROWS)
    for (int64_t b = 0; b <= a; b += ROWS, outer++) {
      Tile sum;
      memcpy(sum, *outer, sizeof sum);
      for (int64_t v = 0; v < VECTORS; v++)
        for (int r = 0; r < ROWS; r++)
          for (int s = 0; s < ROWS; s++) sum[r][s] += ((Lanes *)z[a + r])[v] * ((Lanes *)y[b + s])[v];
      memcpy(*outer, sum, sizeof sum);
    }
}

static double across(Lanes v) {
  double sum = 0;
  for (int i = 0; i < LANES; i++) sum += v[i];
  return sum;
}

// From the sums of a component over all points to its gradient; the prior's part, too.
static void finish(const Mixture *g, int64_t c, double gamma, double m, double mass, const Tile *outer,
                   const Lanes *moved, double *dmu, double *dq, double *dlower) {
  int64_t d = g->d, p = g->padded;
  const double *l = g->factor + c * p * p;
  memset(dmu + c * d, 0, d * sizeof *dmu);
  for (int64_t a = 0; a < d; a++) {
    double pull = across(moved[a]);
    for (int64_t b = 0; b <= a; b++) dmu[c * d + b] += l[a * p + b] * pull;
  }
  for (int64_t a = 0; a < p; a += ROWS)
    for (int64_t b = 0; b <= a; b += ROWS, outer++)
      for (int r = 0; r < ROWS && a + r < d; r++)
        for (int s = 0; s < ROWS && b + s < d; s++) {
          int64_t i = a + r, j = b + s;
          double slope = -across((*outer)[r][s]) - gamma * gamma * l[i * p + j];
          if (i == j) dq[c * d + i] = mass + m + slope * l[i * p + i];
          dlower[(c * d + i) * d + j] = i > j ? slope : 0;
          if (i / ROWS > j / ROWS) dlower[(c * d + j) * d + i] = 0;
        }
}

// First the shares of all points, then every component for itself: nothing else is kept.
void gradient(const double *alpha, const double *mu, const double *q, const double *lower, const double *x,
              double gamma, int64_t m, int64_t n, int64_t d, int64_t k, double *dalpha, double *dmu, double *dq,
              double *dlower) {
  Mixture g = mixture(n, d, k, alpha, mu, q, lower, x);
  int64_t blocks = (n + BLOCK - 1) / BLOCK, p = g.padded, tiles = (p / ROWS) * (p / ROWS + 1) / 2;
  double(*t)[p][BLOCK] = (void *)room(blocks * p * BLOCK), (*share)[k][BLOCK] = (void *)room(blocks * k * BLOCK);
  double whole = logsumexp(alpha, k);
#pragma omp parallel
  {
    double(*y)[BLOCK] = (void *)room(p * BLOCK), (*z)[BLOCK] = (void *)room(p * BLOCK);
    Tile *outer = (void *)room(tiles * ROWS * ROWS * LANES);
    Lanes *moved = (void *)room(p * LANES);
#pragma omp for
    for (int64_t i = 0; i < blocks; i++) block(&g, i * BLOCK, t[i], y, share[i]);
#pragma omp for
    for (int64_t c = 0; c < k; c++) {
      double mass = 0;
      memset(outer, 0, tiles * sizeof *outer);
      memset(moved, 0, p * sizeof *moved);
      for (int64_t i = 0; i < blocks; i++) {
        centred(&g, c, t[i], y);
        collect(&g, c, y, z, share[i][c], outer, moved);
        for (int64_t v = 0; v < BLOCK; v++) mass += share[i][c][v];
      }
      dalpha[c] = mass - n * exp(alpha[c] - whole);
      finish(&g, c, gamma, m, mass, outer, moved, dmu, dq, dlower);
    }
    free(y), free(z), free(outer), free(moved);
  }
  free(t), free(share);
  forget(g);
}
