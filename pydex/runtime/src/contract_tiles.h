// Blocks of a product, for elements of type T; included by contract.c, once for f32 and once for f64.

// Some rows of a and c.
typedef struct {
  int64_t count, height;         // all of them, and in one tile
  const int64_t *lines, *cells;  // where they are in a and in c
  const T *a, *packed;           // in panels of `height` rows, or NULL
  T *c;
} NAME(rows);

// Some columns of b and c: as wide as a tile, or fewer.
typedef struct {
  int64_t vectors;
  int direct;            // their cells in c lie side by side, and are as many as the kernel writes
  const T *b;            // in b, or packed
  const int64_t *steps;  // from term to term
  pieces cells;
} NAME(panel);

// All rows, and some panels of columns. Sums that the kernel cannot write to c are written from `sums`, row by row.
static void NAME(tiles)(const NAME(rows) *rows, const NAME(panel) *panels, int64_t count, tile t, int add, T *sums,
                        const kernels *with) {
  int64_t width = 2 * with->lanes, stride = count * width;
  for (int64_t i = 0, height; i < rows->count; i += height) {
    height = least(rows->height, rows->count - i);
    for (int64_t r = 0; r < height; r++)
      t.a[r] = rows->packed ? rows->packed + i * t.terms + r : rows->a + rows->lines[i + r];
    for (int64_t p = 0; p < count; p++) {
      T *first = panels[p].direct ? rows->c + panels[p].cells.of[0].place : sums + p * width;
      for (int64_t r = 0; r < height; r++) t.c[r] = first + (panels[p].direct ? rows->cells[i + r] : r * stride);
      t.b = panels[p].b;
      t.b_steps = panels[p].steps;
      t.add = panels[p].direct && add;
      with->of[height - 1][panels[p].vectors - 1](&t);
    }
    for (int64_t r = 0; r < height; r++)
      for (int64_t p = 0; p < count; p++)
        if (!panels[p].direct)
          NAME(unpack)(sums + r * stride + p * width, rows->c + rows->cells[i + r], &panels[p].cells, add);
  }
}

// What blocks need: memory, and the steps from term to term in a, in b, and in a packed panel of each.
typedef struct {
  int64_t *steps[4];
  T *a, *b, *sums;
  NAME(panel) *panels;
  int64_t most_panels;
} NAME(room);

// A panel of columns n … n + count.
static void NAME(prepare)(NAME(panel) *panel, const product *p, int64_t n, int64_t count, int64_t rows, int64_t terms,
                          int64_t *const *steps, T *packed, const kernels *with) {
  int64_t most = 2 * with->lanes, at[MOST_COLUMNS];
  panel->vectors = count > with->lanes ? 2 : 1;
  places(&p->n, C, n, n + count, at);
  panel->cells = in_pieces(at, count);
  panel->direct = panel->cells.of[0].length == panel->vectors * with->lanes;
  places(&p->n, p->right, n, n + count, at);
  if (rows <= FEW_ROWS && count % with->lanes == 0 && adjacent(at, count)) {
    panel->b = (const T *)p->b + at[0];
    panel->steps = steps[1];
    return;
  }
  if (count < most) memset(packed, 0, (size_t)(terms * most) * sizeof(T));
  NAME(pack)((const T *)p->b, at, count, steps[1], terms, packed, most);
  panel->b = packed;
  panel->steps = steps[3];
}

// Some rows and all columns n0 … n1, with some terms of their sums.
static void NAME(columns)(const product *p, const NAME(rows) *rows, int64_t n0, int64_t n1, int64_t terms, int add,
                          const NAME(room) *room, const kernels *with) {
  int64_t most = 2 * with->lanes;
  tile t = {.terms = terms, .a_steps = room->steps[rows->packed ? 2 : 0]};
  for (int64_t n = n0, count; n < n1;) {
    for (count = 0; count < room->most_panels && n < n1; count++, n += most)
      NAME(prepare)(&room->panels[count], p, n, least(most, n1 - n), rows->count, terms, room->steps,
                    room->b + count * terms * most, with);
    NAME(tiles)(rows, room->panels, count, t, add, room->sums, with);
  }
}

// Packs the rows, tile by tile.
static void NAME(pack_rows)(const NAME(rows) *rows, int64_t *const *steps, int64_t terms, T *to) {
  for (int64_t k = 0; k < terms; k++) steps[2][k] = k * rows->height;
  for (int64_t i = 0; i < rows->count; i += rows->height)
    NAME(pack)(rows->a, rows->lines + i, least(rows->height, rows->count - i), steps[0], terms, to + i * terms,
               rows->height);
}

// The rows m0 … m1 and columns n0 … n1 of c.
static void NAME(blocks)(const product *p, int64_t m0, int64_t m1, int64_t n0, int64_t n1) {
  const kernels *with = NAME(widest)();
  int64_t stride, most = 2 * with->lanes, pack = n1 - n0 > FEW_PANELS * most;
  int apart = run(&p->n, C, &stride) == 1 || stride != 1;
  int64_t usual = apart && !pack ? MANY_TERMS : TERMS;
  int64_t blocks = p->k.total < usual ? 1 : (p->k.total + usual / 2) / usual;
  int64_t most_terms = (p->k.total + blocks - 1) / blocks;
  int64_t height = least(m1 - m0, pack ? BLOCK_BYTES / (int64_t)sizeof(T) / TERMS : BLOCK_ROWS);
  int64_t *lines = pdx_alloc(height * 8), *cells = pdx_alloc(height * 8);
  NAME(room) room;
  for (int i = 0; i < 4; i++) room.steps[i] = pdx_alloc(most_terms * 8);
  for (int64_t k = 0; k < most_terms; k++) room.steps[3][k] = k * most;
  room.most_panels = PANELS_BYTES / (int64_t)sizeof(T) / most / (most_terms + 1) + 1;
  room.most_panels = least(least(room.most_panels, MOST_PANELS), (n1 - n0 + most - 1) / most);
  room.panels = pdx_alloc(room.most_panels * (int64_t)sizeof *room.panels);
  room.a = pack ? pdx_alloc((height + with->rows) * most_terms * (int64_t)sizeof(T)) : NULL;
  room.b = pdx_alloc(room.most_panels * most_terms * most * (int64_t)sizeof(T));
  room.sums = pdx_alloc(room.most_panels * with->rows * most * (int64_t)sizeof(T));
  NAME(rows) rows = {.lines = lines, .cells = cells, .a = (const T *)p->a, .packed = room.a, .c = (T *)p->c};
  int64_t k0 = 0;
  do {
    int64_t terms = least(most_terms, p->k.total - k0);
    places(&p->k, p->left, k0, k0 + terms, room.steps[0]);
    places(&p->k, p->right, k0, k0 + terms, room.steps[1]);
    for (int64_t m = m0; m < m1; m += rows.count) {
      rows.count = least(height, m1 - m);
      int64_t tiles = (rows.count + with->rows - 1) / with->rows;
      rows.height = (rows.count + tiles - 1) / tiles;
      places(&p->m, p->left, m, m + rows.count, lines);
      places(&p->m, C, m, m + rows.count, cells);
      if (pack) NAME(pack_rows)(&rows, room.steps, terms, room.a);
      NAME(columns)(p, &rows, n0, n1, terms, p->what->add || k0, &room, with);
    }
    k0 += terms;
  } while (k0 < p->k.total);
}

// c[rows[i] + columns[j]] += sums[i, j]
static void NAME(add_sums)(char *to, const int64_t *rows, int64_t m, const int64_t *columns, int64_t n, const char *from) {
  const T *sums = (const T *)from;
  for (int64_t i = 0; i < m; i++) {
    T *row = (T *)to + rows[i];
    for (int64_t j = 0; j < n; j++) row[columns[j]] += *sums++;
  }
}

// About how long it takes, in multiplications of vectors: sums, rows and columns packed, sums written.
static double NAME(cost)(const product *p) {
  int64_t lanes = NAME(widest)()->lanes, columns = (p->n.total + lanes - 1) / lanes, by_b, by_c;
  double m = (double)p->m.total, n = (double)p->n.total, k = (double)p->k.total;
  int64_t b_run = run(&p->n, p->right, &by_b), c_run = run(&p->n, C, &by_c);
  int b_lies = by_b == 1 && b_run >= lanes, c_lies = by_c == 1 && c_run >= lanes;
  double sums = (m < 4 ? 4 : m) * (double)columns * k;
  double rows = n > (double)(FEW_PANELS * 2 * lanes) ? m * k : 0;
  double packed = b_lies ? (m > FEW_ROWS || b_run < 2 * lanes ? n * k / 4 : 0) : n * k;
  double unpacked = m * n * (c_lies ? 0.25 : 4) * (1 + k / (c_lies || rows ? TERMS : MANY_TERMS));
  return sums + rows + packed + unpacked;
}

static void NAME(range)(const product *p, int64_t m0, int64_t m1, int64_t n0, int64_t n1) {
  layout la, lb, lc;
  if (!are_matrices(p, m0, m1, n0, n1, &la, &lb, &lc)) {
    if (p->k.total || !p->what->add) NAME(blocks)(p, m0, m1, n0, n1);
    return;
  }
  int64_t rows = m1 - m0, columns = n1 - n0, terms = p->k.total;
  const T *a = (const T *)p->a + offset(&p->m, p->left, m0), *b = (const T *)p->b + offset(&p->n, p->right, n0);
  T *c = (T *)p->c + offset(&p->m, C, m0) + offset(&p->n, C, n0);
  if (lc.transposed) {  // cᵀ = bᵀ·aᵀ
    la.transposed ^= 1;
    lb.transposed ^= 1;
    GEMM(columns, rows, terms, b, lb, a, la, p->what->add, c, lc.ld);
  } else {
    GEMM(rows, columns, terms, a, la, b, lb, p->what->add, c, lc.ld);
  }
}
