// Bundle adjustment: reprojection errors w (project(camera, point) − feature), 1 − w², and the blocks of their Jacobian.
// A camera is (rotation vector 3, centre 3, focal length, principal point 2, radial distortion 2).
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { LENS = 11 };

// What Rodrigues' formula is made of: q = c v + s (r × v) + e (r · v) r, with s = sin/angle and e = (1 − cos)/angle².
typedef struct { double c, s, e, dc, ds, de, dot, cross[3], v[3], q[3]; } Turn;

static inline Turn turn(const double *r, const double *point, const double *centre) {
  Turn t;
  double square = r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
  for (int a = 0; a < 3; a++) t.v[a] = point[a] - centre[a];
  t.cross[0] = r[1] * t.v[2] - r[2] * t.v[1];
  t.cross[1] = r[2] * t.v[0] - r[0] * t.v[2];
  t.cross[2] = r[0] * t.v[1] - r[1] * t.v[0];
  t.dot = r[0] * t.v[0] + r[1] * t.v[1] + r[2] * t.v[2];
  if (square == 0) { // to first order v + r × v: the derivative there
    t.c = t.s = 1, t.e = t.dc = t.ds = t.de = 0;
  } else { // the derivatives are by the angle, over the angle
    double angle = sqrt(square), sine = sin(angle), inverse = 1 / square;
    t.c = cos(angle), t.s = sine / angle, t.e = (1 - t.c) * inverse;
    t.dc = -t.s, t.ds = (t.c - t.s) * inverse, t.de = (t.s - 2 * t.e) * inverse;
  }
  for (int a = 0; a < 3; a++) t.q[a] = t.c * t.v[a] + t.s * t.cross[a] + t.e * t.dot * r[a];
  return t;
}

void objective(const double *cams, const double *points, const double *w, const int64_t *camera, const int64_t *point,
               const double *feats, int64_t p, double *restrict errors, double *restrict weights) {
#pragma omp parallel for
  for (int64_t i = 0; i < p; i++) {
    const double *cam = cams + LENS * camera[i];
    Turn t = turn(cam, points + 3 * point[i], cam + 3);
    double u = t.q[0] / t.q[2], v = t.q[1] / t.q[2], radius = u * u + v * v;
    double scale = cam[6] * (1 + cam[9] * radius + cam[10] * radius * radius);
    errors[2 * i] = w[i] * (scale * u + cam[7] - feats[2 * i]);
    errors[2 * i + 1] = w[i] * (scale * v + cam[8] - feats[2 * i + 1]);
    weights[i] = 1 - w[i] * w[i];
  }
}

// The cotangents g of q, pulled back through the rotation: to r and to v.
static inline void turn_adjoint(const Turn *t, const double *r, const double *g, double *by_r, double *by_v) {
  double gv = g[0] * t->v[0] + g[1] * t->v[1] + g[2] * t->v[2], gr = g[0] * r[0] + g[1] * r[1] + g[2] * r[2];
  double gc = g[0] * t->cross[0] + g[1] * t->cross[1] + g[2] * t->cross[2];
  double along = t->dc * gv + t->ds * gc + t->de * t->dot * gr;
  const double *v = t->v;
  double r_g[3] = {g[1] * r[2] - g[2] * r[1], g[2] * r[0] - g[0] * r[2], g[0] * r[1] - g[1] * r[0]};
  double v_g[3] = {v[1] * g[2] - v[2] * g[1], v[2] * g[0] - v[0] * g[2], v[0] * g[1] - v[1] * g[0]};
  for (int a = 0; a < 3; a++) {
    by_v[a] = t->c * g[a] + t->s * r_g[a] + t->e * gr * r[a];
    by_r[a] = along * r[a] + t->s * v_g[a] + t->e * (gr * v[a] + t->dot * g[a]);
  }
}

void gradient(const double *cams, const double *points, const double *w, const int64_t *camera, const int64_t *point,
              const double *feats, int64_t p, double *restrict by_cam, double *restrict by_point,
              double *restrict by_weight, double *restrict of_weight) {
#pragma omp parallel for
  for (int64_t i = 0; i < p; i++) {
    const double *cam = cams + LENS * camera[i];
    Turn t = turn(cam, points + 3 * point[i], cam + 3);
    double inverse = 1 / t.q[2], image[2] = {t.q[0] * inverse, t.q[1] * inverse};
    double radius = image[0] * image[0] + image[1] * image[1], focal = w[i] * cam[6];
    double factor = 1 + cam[9] * radius + cam[10] * radius * radius, bend = 2 * cam[9] + 4 * cam[10] * radius;
    for (int o = 0; o < 2; o++) {
      double *c = by_cam + (2 * i + o) * LENS, *x = by_point + (2 * i + o) * 3, g[3];
      double s = focal * bend * image[o];
      for (int a = 0; a < 2; a++) g[a] = inverse * (s * image[a] + (a == o ? focal * factor : 0));
      g[2] = -(g[0] * image[0] + g[1] * image[1]);
      turn_adjoint(&t, cam, g, c, x);
      for (int a = 0; a < 3; a++) c[3 + a] = -x[a];
      c[6] = w[i] * factor * image[o];
      c[7] = o == 0 ? w[i] : 0;
      c[8] = o == 1 ? w[i] : 0;
      c[9] = focal * radius * image[o];
      c[10] = focal * radius * radius * image[o];
      by_weight[2 * i + o] = cam[6] * factor * image[o] + cam[7 + o] - feats[2 * i + o];
    }
    of_weight[i] = -2 * w[i];
  }
}
