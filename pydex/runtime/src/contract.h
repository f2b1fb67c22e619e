// A contraction: for all indices of its loops,  c[…] += a[…] · b[…],  where each place is affine in the indices.
#pragma once
#include <stdint.h>

// A loop: how many iterations it has, and by how many elements one moves the places in a, b and c.
typedef struct {
  int64_t count, a, b, c;
} dim;

// Which tables a loop moves in decides its kind: in all three, in a and c, in b and c, or in a and b.
typedef struct contraction {
  int64_t wide;     // the elements are f64, not f32
  int64_t add;      // c is added to; else its cells, each of which is some result, are overwritten
  int64_t overlap;  // several pairs of an m and an n index may have one cell (and c is added to)
  int64_t batches, ms, ns, ks;
  const void *a, *b;
  void *c;
  dim dims[];  // batches, then ms, ns and ks; in each kind the last one is the innermost
} contraction;
