// Hand tracking, ADBench's "complicated": distances from points to a posed hand, their Jacobian by the points' own
// coordinates and by the 26 pose parameters (forward, each parameter through the bones that it moves).
// Vertices are the lanes: positions and weights are turned round, [3][v] and [bone][v].
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BONES = 22, POSE = 26, FINGERS = 5 };

typedef double Affine[3][4]; // the last row is (0, 0, 0, 1)

typedef struct {
  int64_t n;
  double *turned, *weight, *local; // [3][n], [BONES][n], [3][n]: the positions before and after the bones' part
  Affine relative[BONES], placed[BONES], moved[BONES], inverse[BONES];
} Hand;

// a · b, or without a's own shift if `shift` is 0: the last row of a derivative is zero.
static void product(const double (*a)[4], const double (*b)[4], double (*out)[4], double shift) {
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 4; j++)
      out[i][j] = a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j] + (j == 3 ? shift * a[i][3] : 0);
}

// Turn by flexion about x, then by abduction about z; `by` 1 or 2 asks for the derivative by one of them.
static void bend(double flexion, double abduction, int by, Affine out) {
  double cx = cos(flexion), sx = sin(flexion), cz = cos(abduction), sz = sin(abduction), t;
  if (by == 1) t = cx, cx = -sx, sx = t;
  if (by == 2) t = cz, cz = -sz, sz = t;
  double first = by != 1, last = by != 2; // the entries that only one of the angles enters
  Affine m = {{first * cz, -sz * cx, sz * sx, 0}, {first * sz, cz * cx, -cz * sx, 0}, {0, last * sx, last * cx, 0}};
  memcpy(out, m, sizeof m);
}

static void read_affine(const double *from, Affine to) { memcpy(to, from, sizeof(Affine)); }

// Which bone a parameter from 6 on bends, and about which axis (1: flexion, 2: abduction).
static int bone_of(int parameter, int *axis) {
  static const int bone[4] = {2, 2, 3, 4}, about[4] = {1, 2, 1, 1};
  *axis = about[(parameter - 6) % 4];
  return bone[(parameter - 6) % 4] + 4 * ((parameter - 6) / 4);
}

static void angles(const double *theta, double *flexion, double *abduction) {
  memset(flexion, 0, BONES * sizeof *flexion), memset(abduction, 0, BONES * sizeof *abduction);
  for (int parameter = 6, axis; parameter < POSE; parameter++) {
    int bone = bone_of(parameter, &axis);
    (axis == 1 ? flexion : abduction)[bone] = theta[parameter];
  }
}

static void pose(Hand *h, const double *theta, const int64_t *parents, const double *base, const double *inverse) {
  double flexion[BONES], abduction[BONES];
  angles(theta, flexion, abduction);
  for (int s = 0; s < BONES; s++) {
    Affine rest, bent;
    read_affine(base + 16 * s, rest), read_affine(inverse + 16 * s, h->inverse[s]);
    bend(flexion[s], abduction[s], 0, bent);
    product(rest, bent, h->relative[s], 1);
    if (parents[s] == s) memcpy(h->placed[s], h->relative[s], sizeof(Affine));
    else product(h->placed[parents[s]], h->relative[s], h->placed[s], 1);
    product(h->placed[s], h->inverse[s], h->moved[s], 1);
  }
}

// Adds the vertices moved by m, by their weights, to out[3][n].
static void skin(const Hand *h, const double (*m)[4], const double *restrict weight, double *restrict out) {
  int64_t n = h->n;
  const double *x = h->turned, *y = x + n, *z = y + n;
  double *restrict u = out, *restrict v = out + n, *restrict w = out + 2 * n;
  for (int64_t i = 0; i < n; i++) {
    u[i] += weight[i] * (m[0][0] * x[i] + m[0][1] * y[i] + m[0][2] * z[i] + m[0][3]);
    v[i] += weight[i] * (m[1][0] * x[i] + m[1][1] * y[i] + m[1][2] * z[i] + m[1][3]);
    w[i] += weight[i] * (m[2][0] * x[i] + m[2][1] * y[i] + m[2][2] * z[i] + m[2][3]);
  }
}

static Hand *hand(const double *theta, const int64_t *parents, const double *base, const double *inverse,
                  const double *positions, const double *weights, int64_t n) {
  Hand *h = malloc(sizeof *h);
  *h = (Hand){.n = n, .turned = malloc((3 + BONES + 3) * n * sizeof(double))};
  h->weight = h->turned + 3 * n, h->local = h->weight + BONES * n;
  for (int64_t i = 0; i < n; i++)
    for (int a = 0; a < 3; a++) h->turned[a * n + i] = positions[3 * i + a];
  for (int64_t i = 0; i < n; i++)
    for (int s = 0; s < BONES; s++) h->weight[s * n + i] = weights[BONES * i + s];
  pose(h, theta, parents, base, inverse);
  memset(h->local, 0, 3 * n * sizeof *h->local);
  for (int s = 0; s < BONES; s++) skin(h, h->moved[s], h->weight + s * n, h->local);
  return h;
}

static void forget(Hand *h) { free(h->turned), free(h); }

// The matrix of Rodrigues' formula, and its derivatives by the three numbers.
static void rotation(const double *r, double m[3][3], double by[3][3][3]) {
  double square = r[0] * r[0] + r[1] * r[1] + r[2] * r[2], angle = sqrt(square), still = square == 0;
  double c = cos(angle), s = still ? 1 : sin(angle) / angle, e = still ? 0 : (1 - c) / square;
  double dc = -s, ds = still ? 0 : (c - s) / square, de = still ? 0 : (s - 2 * e) / square;
  double cross[3][3] = {{0, -r[2], r[1]}, {r[2], 0, -r[0]}, {-r[1], r[0], 0}};
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      m[i][j] = (i == j ? c : 0) + s * cross[i][j] + e * r[i] * r[j];
      for (int a = 0; a < 3; a++) {
        int sign = a == (j + 1) % 3 && i == (j + 2) % 3 ? -1 : a == (i + 1) % 3 && j == (i + 2) % 3 ? 1 : 0;
        by[a][i][j] = r[a] * ((i == j ? dc : 0) + ds * cross[i][j] + de * r[i] * r[j]) + s * sign +
                      e * ((i == a ? r[j] : 0) + (j == a ? r[i] : 0));
      }
    }
}

// to[i][stride] = m · local of every vertex, plus an offset.
static void turn(const Hand *h, const double *local, double m[3][3], const double *offset, double *restrict to,
                 int64_t stride) {
  int64_t n = h->n;
  for (int64_t i = 0; i < n; i++)
    for (int a = 0; a < 3; a++)
      to[i * 3 * stride + a * stride] =
          m[a][0] * local[i] + m[a][1] * local[n + i] + m[a][2] * local[2 * n + i] + offset[a];
}

void objective(const double *theta, const double *us, const int64_t *parents, const double *base, const double *inverse,
               const double *positions, const double *weights, const int64_t *triangles, const int64_t *which,
               const double *points, int64_t vertices, int64_t p, double *restrict out) {
  Hand *h = hand(theta, parents, base, inverse, positions, weights, vertices);
  double m[3][3], by[3][3][3], *at = malloc(3 * vertices * sizeof *at);
  rotation(theta, m, by);
  turn(h, h->local, m, theta + 3, at, 1);
  for (int64_t i = 0; i < p; i++) {
    const int64_t *t = triangles + 3 * which[i];
    double u = us[2 * i], v = us[2 * i + 1], w = 1 - u - v;
    for (int a = 0; a < 3; a++)
      out[3 * i + a] = points[3 * i + a] - (u * at[3 * t[0] + a] + v * at[3 * t[1] + a] + w * at[3 * t[2] + a]);
  }
  free(at), forget(h);
}

// Where the vertices go in the bones' frame when a parameter from 6 on grows: out[3][n].
static void along(const Hand *h, const double *theta, const int64_t *parents, const double *base, int parameter,
                  double *out) {
  int axis, first = bone_of(parameter, &axis), goes[BONES] = {0};
  double flexion[BONES], abduction[BONES];
  Affine placed[BONES], rest, bent, relative, moved;
  angles(theta, flexion, abduction);
  memset(out, 0, 3 * h->n * sizeof *out);
  for (int s = first; s < BONES; s++) {
    if (s == first) {
      read_affine(base + 16 * s, rest);
      bend(flexion[s], abduction[s], axis, bent);
      product(rest, bent, relative, 0);
      if (parents[s] == s) memcpy(placed[s], relative, sizeof relative);
      else product(h->placed[parents[s]], relative, placed[s], 0);
    } else if (parents[s] != s && goes[parents[s]]) {
      product(placed[parents[s]], h->relative[s], placed[s], 1);
    } else continue;
    goes[s] = 1;
    product(placed[s], h->inverse[s], moved, 1);
    skin(h, moved, h->weight + s * h->n, out);
  }
}

void gradient(const double *theta, const double *us, const int64_t *parents, const double *base, const double *inverse,
              const double *positions, const double *weights, const int64_t *triangles, const int64_t *which,
              int64_t vertices, int64_t p, double *restrict by_own, double *restrict by_pose) {
  Hand *h = hand(theta, parents, base, inverse, positions, weights, vertices);
  double m[3][3], by[3][3][3], zero[3] = {0}, *at = malloc(3 * vertices * sizeof *at);
  double *slope = calloc(3 * POSE * vertices, sizeof *slope); // [vertices][3][POSE]
  rotation(theta, m, by);
  turn(h, h->local, m, theta + 3, at, 1);
  for (int a = 0; a < 3; a++) {
    turn(h, h->local, by[a], zero, slope + a, POSE);
    for (int64_t i = 0; i < vertices; i++) slope[(3 * i + a) * POSE + 3 + a] = 1;
  }
#pragma omp parallel
  {
    double *moved = malloc(3 * vertices * sizeof *moved);
#pragma omp for
    for (int parameter = 6; parameter < POSE; parameter++) {
      along(h, theta, parents, base, parameter, moved);
      turn(h, moved, m, zero, slope + parameter, POSE);
    }
    free(moved);
#pragma omp for
    for (int64_t i = 0; i < p; i++) {
      const int64_t *t = triangles + 3 * which[i];
      double u = us[2 * i], v = us[2 * i + 1], w = 1 - u - v;
      const double *a = slope + 3 * POSE * t[0], *b = slope + 3 * POSE * t[1], *c = slope + 3 * POSE * t[2];
      for (int e = 0; e < 3 * POSE; e++) by_pose[3 * POSE * i + e] = -(u * a[e] + v * b[e] + w * c[e]);
      for (int e = 0; e < 3; e++) {
        by_own[6 * i + 2 * e] = at[3 * t[2] + e] - at[3 * t[0] + e];
        by_own[6 * i + 2 * e + 1] = at[3 * t[2] + e] - at[3 * t[1] + e];
      }
    }
  }
  free(at), free(slope), forget(h);
}
