// The tiles of a product, for elements of type T; included by contract.c, once for f32 and once for f64.

// Copies the elements at rows r0 … r1, columns c0 … c1 of a table into a row-major matrix.
static void NAME(pack)(const T *from, int table, const axis *rows, int64_t r0, int64_t r1, const axis *columns,
                       int64_t c0, int64_t c1, T *to) {
  pieces row;
  int64_t starts[LARGEST_TILE];
  cut_in_pieces(columns, table, c0, c1, &row);
  places(rows, table, r0, r1, starts);
  for (int64_t r = 0; r < r1 - r0; r++) {
    for (int64_t p = 0; p < row.count; p++) {
      const T *cell = from + starts[r] + row.of[p].place;
      int64_t length = row.of[p].length;
      if (row.stride == 1) {
        memcpy(to, cell, (size_t)length * sizeof(T));
      } else {
        for (int64_t i = 0; i < length; i++) to[i] = cell[i * row.stride];
      }
      to += length;
    }
  }
}

WIDE static void NAME(add)(T *restrict to, const T *restrict from, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] += from[i];
}

// Adds a row-major matrix to the cells of c, or overwrites them.
static void NAME(unpack)(const T *from, const product *p, int64_t m0, int64_t m1, int64_t n0, int64_t n1) {
  pieces row;
  int64_t starts[LARGEST_TILE];
  cut_in_pieces(&p->n, C, n0, n1, &row);
  places(&p->m, C, m0, m1, starts);
  for (int64_t r = 0; r < m1 - m0; r++) {
    for (int64_t k = 0; k < row.count; k++) {
      T *cell = (T *)p->c + starts[r] + row.of[k].place;
      int64_t length = row.of[k].length;
      if (p->what->add && row.stride == 1) {
        NAME(add)(cell, from, length);
      } else if (p->what->add) {
        for (int64_t i = 0; i < length; i++) cell[i * row.stride] += from[i];
      } else {
        for (int64_t i = 0; i < length; i++) cell[i * row.stride] = from[i];
      }
      from += length;
    }
  }
}

// A matrix of some rows and columns of a table: in place, or copied to `buffer` (as it is, or transposed, whichever
// walks through the table).
static const T *NAME(matrix)(const T *from, int table, const axis *rows, int64_t r0, int64_t r1, const axis *columns,
                             int64_t c0, int64_t c1, T *buffer, layout *found) {
  int64_t by_row, by_column, height = r1 - r0, width = c1 - c0;
  int even = is_even(rows, table, r0, r1, &by_row) & is_even(columns, table, c0, c1, &by_column);
  if (even && pdx_layout(height, width, by_row, by_column, found))
    return from + offset(rows, table, r0) + offset(columns, table, c0);
  int64_t step, row_run = run(rows, table, &step), column_run = run(columns, table, &step);
  int transposed = llabs(by_row) != llabs(by_column) ? llabs(by_row) < llabs(by_column) : row_run > column_run;
  *found = (layout){transposed, transposed ? height : width};
  if (transposed) {
    NAME(pack)(from, table, columns, c0, c1, rows, r0, r1, buffer);
  } else {
    NAME(pack)(from, table, rows, r0, r1, columns, c0, c1, buffer);
  }
  return buffer;
}

typedef struct {
  T *a, *b, *c;
} NAME(buffers);

// One tile of c: all terms of its sums, TILE_K at a time where that makes copies small.
static void NAME(tile)(const product *p, int64_t m0, int64_t m1, int64_t n0, int64_t n1, int64_t step,
                       NAME(buffers) buffer) {
  int64_t rows = m1 - m0, columns = n1 - n0, by_m, by_n;
  int even = is_even(&p->m, C, m0, m1, &by_m) & is_even(&p->n, C, n0, n1, &by_n);
  layout lc;
  int direct = !p->what->overlap && even && pdx_layout(rows, columns, by_m, by_n, &lc);
  T *c = direct ? (T *)p->c + offset(&p->m, C, m0) + offset(&p->n, C, n0) : buffer.c;
  if (!direct) lc = (layout){0, columns};
  int beta = direct && p->what->add;
  for (int64_t k0 = 0; k0 < p->k.total; k0 += step) {
    int64_t k1 = k0 + step < p->k.total ? k0 + step : p->k.total;
    layout la, lb;
    const T *a = NAME(matrix)((const T *)p->a, A, &p->m, m0, m1, &p->k, k0, k1, buffer.a, &la);
    const T *b = NAME(matrix)((const T *)p->b, B, &p->k, k0, k1, &p->n, n0, n1, buffer.b, &lb);
    if (lc.transposed) {  // cᵀ = bᵀ·aᵀ
      la.transposed ^= 1;
      lb.transposed ^= 1;
      GEMM(columns, rows, k1 - k0, b, lb, a, la, beta, c, lc.ld);
    } else {
      GEMM(rows, columns, k1 - k0, a, la, b, lb, beta, c, lc.ld);
    }
    beta = 1;
  }
  if (!p->k.total && !p->what->add) {
    memset(buffer.c, 0, (size_t)(rows * columns) * sizeof(T));
    direct = 0;
  }
  if (!direct && (p->k.total || !p->what->add)) NAME(unpack)(buffer.c, p, m0, m1, n0, n1);
}

// Does a range of rows and columns need no copy at all?
static int NAME(in_place)(const product *p, int64_t m0, int64_t m1, int64_t n0, int64_t n1) {
  int64_t am, cm, bn, cn, ak, bk, rows = m1 - m0, columns = n1 - n0, terms = p->k.total;
  layout any;
  return !p->what->overlap && terms && is_even(&p->m, A, m0, m1, &am) & is_even(&p->m, C, m0, m1, &cm) &
         is_even(&p->n, B, n0, n1, &bn) & is_even(&p->n, C, n0, n1, &cn) & is_even(&p->k, A, 0, terms, &ak) &
         is_even(&p->k, B, 0, terms, &bk) && pdx_layout(rows, terms, am, ak, &any) &&
         pdx_layout(terms, columns, bk, bn, &any) && pdx_layout(rows, columns, cm, cn, &any);
}

static int64_t NAME(least)(int64_t a, int64_t b) { return a < b ? a : b; }

static void NAME(range)(const product *p, int64_t m0, int64_t m1, int64_t n0, int64_t n1) {
  NAME(buffers) buffer = {0};
  if (NAME(in_place)(p, m0, m1, n0, n1)) {
    NAME(tile)(p, m0, m1, n0, n1, p->k.total, buffer);
    return;
  }
  int64_t rows = NAME(least)(TILE_M, m1 - m0), columns = NAME(least)(TILE_N, n1 - n0);
  int64_t terms = NAME(least)(TILE_K, p->k.total), stride, length = run(&p->n, C, &stride);
  buffer.a = pdx_alloc(rows * terms * (int64_t)sizeof(T));
  buffer.b = pdx_alloc(terms * columns * (int64_t)sizeof(T));
  buffer.c = pdx_alloc(rows * columns * (int64_t)sizeof(T));
  for (int64_t n = n0; n < n1;) {
    int64_t end = NAME(least)(n + columns, n1);
    if (length >= SHORT_RUN) end = NAME(least)(end, (n / length + 1) * length);  // c in place
    for (int64_t m = m0; m < m1; m += rows) NAME(tile)(p, m, NAME(least)(m + rows, m1), n, end, TILE_K, buffer);
    n = end;
  }
}
