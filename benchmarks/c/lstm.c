// ADBench's LSTM with diagonal weights: the loss of a sequence, and its gradient by main and extra.
// main[l][2][4][b] holds weight and bias of the gates (forget, in, out, change); bits are padded to registers, with
// zeros, so that vector math sees whole registers.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 8, FORGET = 0, INTO = 1, OUT = 2, CHANGE = 3 };

typedef struct {
  int64_t layers, steps, b, p; // p: bits, padded
  double *weight, *bias;       // [layers][4][p]
  double *in, *out, *shift;    // [p]
} Model;

static double *room(int64_t count) { return aligned_alloc(64, (count * sizeof(double) + 63) / 64 * 64); }

static double *padded(const double *from, int64_t rows, int64_t stride, int64_t b, int64_t p) {
  double *to = room(rows * p);
  memset(to, 0, rows * p * sizeof *to);
  for (int64_t r = 0; r < rows; r++) memcpy(to + r * p, from + r * stride, b * sizeof *to);
  return to;
}

static Model model(const double *main, const double *extra, int64_t layers, int64_t steps, int64_t b) {
  int64_t p = (b + LANES - 1) / LANES * LANES;
  double *weights = room(layers * 4 * p), *biases = room(layers * 4 * p);
  Model g = {.layers = layers, .steps = steps, .b = b, .p = p, .weight = weights, .bias = biases};
  for (int64_t s = 0; s < layers; s++) {
    double *weight = padded(main + s * 8 * b, 4, b, b, p), *bias = padded(main + (s * 8 + 4) * b, 4, b, b, p);
    memcpy(g.weight + s * 4 * p, weight, 4 * p * sizeof *weight);
    memcpy(g.bias + s * 4 * p, bias, 4 * p * sizeof *bias);
    free(weight), free(bias);
  }
  g.in = padded(extra, 1, b, b, p), g.out = padded(extra + b, 1, b, b, p), g.shift = padded(extra + 2 * b, 1, b, b, p);
  return g;
}

static void forget(Model g) { free(g.weight), free(g.bias), free(g.in), free(g.out), free(g.shift); }

static inline double sigmoid(double v) { return 1 / (1 + exp(-v)); }
static inline double tangent(double v) { return 1 - 2 / (1 + exp(2 * v)); }

// What a layer's step computes and the way back needs, to[7][p]: gates, cell, tanh of cell, value.
static inline void layer(const Model *g, int64_t s, const double *restrict value, const double *restrict hidden,
                         const double *restrict cell, double *restrict to) {
  int64_t p = g->p;
  const double *w = g->weight + s * 4 * p, *c = g->bias + s * 4 * p;
#pragma omp simd
  for (int64_t e = 0; e < p; e++) {
    double f = sigmoid(value[e] * w[e] + c[e]), i = sigmoid(hidden[e] * w[p + e] + c[p + e]);
    double o = sigmoid(value[e] * w[2 * p + e] + c[2 * p + e]);
    double a = tangent(hidden[e] * w[3 * p + e] + c[3 * p + e]);
    double new = cell[e] * f + i * a, turned = tangent(new);
    to[e] = f, to[p + e] = i, to[2 * p + e] = o, to[3 * p + e] = a;
    to[4 * p + e] = new, to[5 * p + e] = turned, to[6 * p + e] = o * turned;
  }
}

// The loss. Row 0 of the tape, [layers][7][p], is the state to begin with; all rows are kept, or two in turn. If kept,
// shares[t][p] become the softmax of the guesses.
static double forward(const Model *g, const double *text, double *tape, int64_t kept, double *shares) {
  int64_t p = g->p, size = g->layers * 7 * p;
  double total = 0;
  for (int64_t t = 0; t + 1 < g->steps; t++) {
    const double *old = tape + (kept ? t : t % 2) * size, *now = text + t * p, *gold = now + p;
    double *new = tape + (kept ? t + 1 : (t + 1) % 2) * size, *share = shares + (kept ? t * p : 0), value[p];
    for (int64_t e = 0; e < p; e++) value[e] = now[e] * g->in[e];
    const double *below = value;
    for (int64_t s = 0; s < g->layers; s++, old += 7 * p, new += 7 * p) {
      layer(g, s, below, old + 6 * p, old + 4 * p, new);
      below = new + 6 * p;
    }
    double sum = 2, right = 0, golds = 0;
    for (int64_t e = 0; e < p; e++) {
      double guess = below[e] * g->out[e] + g->shift[e];
      share[e] = exp(guess);
      right += gold[e] * guess;
      golds += gold[e];
    }
    for (int64_t e = 0; e < g->b; e++) sum += share[e];
    total += right - golds * log(sum);
    if (kept)
      for (int64_t e = 0; e < p; e++) share[e] *= golds / sum;
  }
  return -total / ((g->steps - 1) * g->b);
}

static void begin(const Model *g, const double *state, double *tape) {
  for (int64_t s = 0; s < g->layers; s++) {
    double *row = tape + s * 7 * g->p;
    memset(row, 0, 7 * g->p * sizeof *row);
    memcpy(row + 6 * g->p, state + 2 * s * g->b, g->b * sizeof *row);
    memcpy(row + 4 * g->p, state + (2 * s + 1) * g->b, g->b * sizeof *row);
  }
}

double objective(const double *main, const double *extra, const double *state, const double *text, int64_t layers,
                 int64_t steps, int64_t b) {
  Model g = model(main, extra, layers, steps, b);
  double *tape = room(2 * layers * 7 * g.p), *wide = padded(text, steps, b, b, g.p), *share = room(g.p);
  begin(&g, state, tape);
  double loss = forward(&g, wide, tape, 0, share);
  free(tape), free(wide), free(share), forget(g);
  return loss;
}

// One layer's step back: cotangents of its value and cell come in; of the value below, old hidden and old cell go out.
static inline void layer_adjoint(const Model *g, int64_t s, const double *restrict below, const double *restrict old,
                                 const double *restrict new, double *restrict dvalue, double *restrict dhidden,
                                 double *restrict dcell, double *restrict dw, double *restrict db) {
  int64_t p = g->p;
  const double *w = g->weight + s * 4 * p, *hidden = old + 6 * p, *cell = old + 4 * p, *turned = new + 5 * p;
  const double *f = new, *i = new + p, *o = new + 2 * p, *a = new + 3 * p;
  for (int64_t e = 0; e < p; e++) {
    double up = dvalue[e] + dhidden[e], inner = dcell[e] + up * o[e] * (1 - turned[e] * turned[e]);
    double gf = inner * cell[e] * f[e] * (1 - f[e]), gi = inner * a[e] * i[e] * (1 - i[e]);
    double go = up * turned[e] * o[e] * (1 - o[e]), ga = inner * i[e] * (1 - a[e] * a[e]);
    dw[e] += gf * below[e], db[e] += gf;
    dw[p + e] += gi * hidden[e], db[p + e] += gi;
    dw[2 * p + e] += go * below[e], db[2 * p + e] += go;
    dw[3 * p + e] += ga * hidden[e], db[3 * p + e] += ga;
    dvalue[e] = gf * w[e] + go * w[2 * p + e];
    dhidden[e] = gi * w[p + e] + ga * w[3 * p + e];
    dcell[e] = inner * f[e];
  }
}

void gradient(const double *main, const double *extra, const double *state, const double *text, int64_t layers,
              int64_t steps, int64_t b, double *tape, double *dmain, double *dextra) {
  Model g = model(main, extra, layers, steps, b);
  int64_t p = g.p, size = layers * 7 * p;
  double *wide = padded(text, steps, b, b, p), *shares = tape + steps * size, *sums = room((layers * 10 + 3) * p);
  double *dw = sums, *db = dw + layers * 4 * p, *dhidden = db + layers * 4 * p, *dcell = dhidden + layers * p;
  double *din = dcell + layers * p, *dout = din + p, *dshift = dout + p, scale = -1.0 / ((steps - 1) * b);
  memset(sums, 0, (layers * 10 + 3) * p * sizeof *sums);
  begin(&g, state, tape);
  forward(&g, wide, tape, 1, shares);
  for (int64_t t = steps - 1; t-- > 0;) {
    const double *old = tape + t * size, *new = old + size, *share = shares + t * p, *now = wide + t * p;
    const double *last = new + (layers - 1) * 7 * p + 6 * p;
    double dvalue[p], value[p];
    for (int64_t e = 0; e < p; e++) {
      double guess = scale * (now[p + e] - share[e]);
      dout[e] += guess * last[e];
      dshift[e] += guess;
      dvalue[e] = guess * g.out[e];
      value[e] = now[e] * g.in[e];
    }
    for (int64_t s = layers; s-- > 0;) {
      const double *below = s ? new + (s - 1) * 7 * p + 6 * p : value;
      layer_adjoint(&g, s, below, old + s * 7 * p, new + s * 7 * p, dvalue, dhidden + s * p, dcell + s * p,
                    dw + s * 4 * p, db + s * 4 * p);
    }
    for (int64_t e = 0; e < p; e++) din[e] += dvalue[e] * now[e];
  }
  for (int64_t r = 0; r < layers * 4; r++) {
    memcpy(dmain + (r / 4 * 8 + r % 4) * b, dw + r * p, b * sizeof *dmain);
    memcpy(dmain + (r / 4 * 8 + 4 + r % 4) * b, db + r * p, b * sizeof *dmain);
  }
  for (int64_t r = 0; r < 3; r++) memcpy(dextra + r * b, din + r * p, b * sizeof *dextra);
  free(wide), free(sums), forget(g);
}
