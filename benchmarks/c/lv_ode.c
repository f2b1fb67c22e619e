// Lotka–Volterra by the classical Runge–Kutta method: x + y after so many steps, and its gradient by a, b, c, d.
#include <stdint.h>

typedef struct { double a, b, c, d; } Rates;

static inline double grow(Rates p, double x, double y) { return p.a * x - p.b * x * y; }
static inline double feed(Rates p, double x, double y) { return p.d * x * y - p.c * y; }

double objective(double a, double b, double c, double d, int64_t steps, double h) {
  Rates p = {a, b, c, d};
  double x = 1, y = 1;
  for (int64_t t = 0; t < steps; t++) {
    double x1 = grow(p, x, y), y1 = feed(p, x, y);
    double u = x + 0.5 * h * x1, v = y + 0.5 * h * y1, x2 = grow(p, u, v), y2 = feed(p, u, v);
    u = x + 0.5 * h * x2, v = y + 0.5 * h * y2;
    double x3 = grow(p, u, v), y3 = feed(p, u, v);
    u = x + h * x3, v = y + h * y3;
    double x4 = grow(p, u, v), y4 = feed(p, u, v);
    x += h / 6 * (x1 + 2 * x2 + 2 * x3 + x4);
    y += h / 6 * (y1 + 2 * y2 + 2 * y3 + y4);
  }
  return x + y;
}

// The adjoint of one slope at (x, y) with cotangents (gx, gy): into the rates and into (*ux, *uy).
static inline void slope_adjoint(Rates p, double x, double y, double gx, double gy, Rates *g, double *ux, double *uy) {
  g->a += gx * x;
  g->b -= gx * x * y;
  g->c -= gy * y;
  g->d += gy * x * y;
  *ux = gx * (p.a - p.b * y) + gy * p.d * y;
  *uy = gy * (p.d * x - p.c) - gx * p.b * x;
}

// tape[2 steps] keeps the state before each step; its stages are computed again.
void gradient(double a, double b, double c, double d, int64_t steps, double h, double *restrict tape, double *out) {
  Rates p = {a, b, c, d}, g = {0, 0, 0, 0};
  double x = 1, y = 1;
  for (int64_t t = 0; t < steps; t++) {
    tape[2 * t] = x, tape[2 * t + 1] = y;
    double x1 = grow(p, x, y), y1 = feed(p, x, y);
    double u = x + 0.5 * h * x1, v = y + 0.5 * h * y1, x2 = grow(p, u, v), y2 = feed(p, u, v);
    u = x + 0.5 * h * x2, v = y + 0.5 * h * y2;
    double x3 = grow(p, u, v), y3 = feed(p, u, v);
    u = x + h * x3, v = y + h * y3;
    double x4 = grow(p, u, v), y4 = feed(p, u, v);
    x += h / 6 * (x1 + 2 * x2 + 2 * x3 + x4);
    y += h / 6 * (y1 + 2 * y2 + 2 * y3 + y4);
  }
  double gx = 1, gy = 1;
  for (int64_t t = steps; t-- > 0;) {
    x = tape[2 * t], y = tape[2 * t + 1];
    double u2 = x + 0.5 * h * grow(p, x, y), v2 = y + 0.5 * h * feed(p, x, y);
    double u3 = x + 0.5 * h * grow(p, u2, v2), v3 = y + 0.5 * h * feed(p, u2, v2);
    double u4 = x + h * grow(p, u3, v3), v4 = y + h * feed(p, u3, v3), sixth = h / 6, ux, uy;
    double sx = gx, sy = gy;
    slope_adjoint(p, u4, v4, sixth * gx, sixth * gy, &g, &ux, &uy);
    sx += ux, sy += uy;
    slope_adjoint(p, u3, v3, 2 * sixth * gx + h * ux, 2 * sixth * gy + h * uy, &g, &ux, &uy);
    sx += ux, sy += uy;
    slope_adjoint(p, u2, v2, 2 * sixth * gx + 0.5 * h * ux, 2 * sixth * gy + 0.5 * h * uy, &g, &ux, &uy);
    sx += ux, sy += uy;
    slope_adjoint(p, x, y, sixth * gx + 0.5 * h * ux, sixth * gy + 0.5 * h * uy, &g, &ux, &uy);
    gx = sx + ux, gy = sy + uy;
  }
  out[0] = g.a, out[1] = g.b, out[2] = g.c, out[3] = g.d;
}
