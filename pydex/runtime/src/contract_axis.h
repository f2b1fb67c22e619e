// The loops of one kind of a contraction, counted as one; and where the positions of that count are in a table.
#pragma once
#include "contract.h"

enum { A, B, C };

typedef struct {
  const dim *dims;
  int64_t rank, total;
} axis;

static int64_t stride_of(const dim *d, int table) { return table == A ? d->a : table == B ? d->b : d->c; }

static int64_t offset(const axis *x, int table, int64_t position) {
  int64_t sum = 0;
  for (int64_t d = x->rank - 1; d >= 0; d--) {
    sum += position % x->dims[d].count * stride_of(&x->dims[d], table);
    position /= x->dims[d].count;
  }
  return sum;
}

// How many positions, from a multiple of that number on, are equally far from each other in a table; and how far.
static int64_t run(const axis *x, int table, int64_t *stride) {
  int64_t length = 1;
  *stride = 0;
  for (int64_t d = x->rank - 1; d >= 0; d--) {
    const dim *loop = &x->dims[d];
    if (loop->count == 1) continue;
    if (length == 1) *stride = stride_of(loop, table);
    if (stride_of(loop, table) != *stride * length) break;
    length *= loop->count;
  }
  return length;
}

// Are the positions lo … hi equally far from each other?
static int is_even(const axis *x, int table, int64_t lo, int64_t hi, int64_t *stride) {
  int64_t length = run(x, table, stride);
  return hi - lo == 1 || lo / length == (hi - 1) / length;
}

// The places lo … hi in a table, one by one.
static void places(const axis *x, int table, int64_t lo, int64_t hi, int64_t *to) {
  int64_t within = 1, stride = 0;  // of the innermost loop
  if (x->rank) within = x->dims[x->rank - 1].count, stride = stride_of(&x->dims[x->rank - 1], table);
  for (int64_t p = lo, end; p < hi; p = end) {
    int64_t at = offset(x, table, p);
    end = p - p % within + within < hi ? p - p % within + within : hi;
    for (int64_t i = p; i < end; i++, at += stride) *to++ = at;
  }
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// How many of the places, from the first on, lie side by side.
static int64_t together(const int64_t *places, int64_t count) {
  int64_t length = 1;
  while (length < count && places[length] - places[length - 1] == 1) length++;
  return length;
}

static int adjacent(const int64_t *places, int64_t count) { return together(places, count) == count; }
