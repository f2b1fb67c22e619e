// The innermost loops of a contraction, for elements of type T in vectors of BYTES bytes, with the instructions that
// ISA allows; included by contract_widths.h once for each. KERNEL(name) names what is defined here.
//
//     c[i][j] (+)= Σₖ a[i][a_steps[k]] · b[b_steps[k] + j]      i < rows, j < vectors · lanes
//
// The sums stay in registers, and each adds up its terms in their order. Nothing need lie side by side but columns.
typedef T KERNEL(vector) __attribute__((vector_size(BYTES), aligned(sizeof(T)), may_alias));

ISA static inline __attribute__((always_inline)) void KERNEL(sum)(const tile *t, int rows, int vectors) {
  enum { LANES = BYTES / sizeof(T) };
  KERNEL(vector) sums[MOST_ROWS][MOST_VECTORS], columns[MOST_VECTORS];
  const T *a[MOST_ROWS], *b = t->b;
  UNROLL for (int i = 0; i < rows; i++) {
    a[i] = t->a[i];
    UNROLL for (int v = 0; v < vectors; v++) sums[i][v] = (KERNEL(vector)){0};
  }
  for (int64_t k = 0; k < t->terms; k++) {
    const T *row = b + t->b_steps[k];
    int64_t step = t->a_steps[k];
    UNROLL for (int v = 0; v < vectors; v++) columns[v] = *(const KERNEL(vector) *)(row + v * LANES);
    UNROLL for (int i = 0; i < rows; i++) {
      UNROLL for (int v = 0; v < vectors; v++) sums[i][v] += a[i][step] * columns[v];
    }
  }
  T *const *c = (T *const *)t->c;
  if (t->add) {  // row after row: they may share cells
    UNROLL for (int i = 0; i < rows; i++) {
      UNROLL for (int v = 0; v < vectors; v++) *(KERNEL(vector) *)(c[i] + v * LANES) += sums[i][v];
    }
  } else {
    UNROLL for (int i = 0; i < rows; i++) {
      UNROLL for (int v = 0; v < vectors; v++) *(KERNEL(vector) *)(c[i] + v * LANES) = sums[i][v];
    }
  }
}

#define ROWS(rows)                                                                  \
  ISA static void KERNEL(narrow##rows)(const tile *t) { KERNEL(sum)(t, rows, 1); } \
  ISA static void KERNEL(wide##rows)(const tile *t) { KERNEL(sum)(t, rows, 2); }
ROWS(1) ROWS(2) ROWS(3) ROWS(4)
#if HEIGHT == 8
ROWS(5) ROWS(6) ROWS(7) ROWS(8)
#endif
#undef ROWS

static const kernels KERNEL(all) = {
    .lanes = BYTES / sizeof(T),
    .rows = HEIGHT,
#define ROWS(rows) {KERNEL(narrow##rows), KERNEL(wide##rows)}
#if HEIGHT == 8
    .of = {ROWS(1), ROWS(2), ROWS(3), ROWS(4), ROWS(5), ROWS(6), ROWS(7), ROWS(8)},
#else
    .of = {ROWS(1), ROWS(2), ROWS(3), ROWS(4)},
#endif
#undef ROWS
};
#undef BYTES
#undef ISA
#undef HEIGHT
#undef KERNEL
