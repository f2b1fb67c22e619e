// How a contraction is shared out; included by contract.c. Batches first, then rows and columns of c: tasks write cells of
// their own. Where c is too small for that, or cells are shared, it is the terms, or the last loop of m. How, and into how
// many tasks, depends on sizes and strides alone.

enum { MAX_TASKS = 64 };
enum { PART_ROWS = 128, PART_COLUMNS = 512 };  // of a task, at least, if it is made of blocks
enum { PART_SIDE = 64 };                       // rows or columns, if it is made of matrices
enum { PART_TERMS = 1024 };                    // so many pay for writing and adding up cells once more

// Multiplications of f32 in one task. Each task packs its part of a and b for itself: two halves of a matrix take 2 % more
// than the whole, 16 parts 10 %. So many parts are for large ones.
static const double MATRIX_WORK = 48e6, LARGE_MATRIX_WORK = 256e6, BLOCK_WORK = 4e6;
enum { SOME_TASKS = 4 };
static const double WORK_PER_NS = 64;  // of one thread, at most

typedef struct {
  product of;
  axis batch;
  int64_t batches, rows, columns;  // in how many parts each is cut: a task is a part of each
  int64_t terms;                   // or these are, and each part but the first has cells of its own:
  char *sums;
  int64_t slices;                  // or, where cells are shared, the last loop of m
} job;

typedef struct {
  int64_t lo, hi;
} range;

static range part(int64_t total, int64_t parts, int64_t k) {
  return (range){total * k / parts, total * (k + 1) / parts};
}

static int64_t size_of(const job *j) { return j->of.what->wide ? 8 : 4; }

// ---- tasks ----------------------------------------------------------------------------------------------------------
static void run_task(void *shared, int64_t task) {
  const job *j = shared;
  product p = j->of;
  range columns = part(p.n.total, j->columns, task % j->columns);
  range rows = part(p.m.total, j->rows, task / j->columns % j->rows);
  range batches = part(j->batch.total, j->batches, task / j->columns / j->rows);
  for (int64_t batch = batches.lo; batch < batches.hi; batch++) {
    p.a = j->of.a + size_of(j) * offset(&j->batch, j->of.left, batch);
    p.b = j->of.b + size_of(j) * offset(&j->batch, j->of.right, batch);
    p.c = j->of.c + size_of(j) * offset(&j->batch, C, batch);
    multiply(&p, rows.lo, rows.hi, columns.lo, columns.hi);
  }
}

// A part of a loop of an axis; the first place in each table moves with it.
static void narrow(job *j, axis *x, dim *dims, int64_t loop, range some) {
  memcpy(dims, x->dims, (size_t)x->rank * sizeof *dims);
  j->of.a += size_of(j) * some.lo * stride_of(&dims[loop], j->of.left);
  j->of.b += size_of(j) * some.lo * stride_of(&dims[loop], j->of.right);
  j->of.c += size_of(j) * some.lo * dims[loop].c;
  *x = (axis){dims, x->rank, x->total / dims[loop].count * (some.hi - some.lo)};
  dims[loop].count = some.hi - some.lo;
}

// A part of the last loop of m, in which no other part has a cell.
static void run_slice(void *shared, int64_t task) {
  job slice = *(const job *)shared;
  dim dims[MAX_DIMS];
  int64_t last = slice.of.m.rank - 1;
  narrow(&slice, &slice.of.m, dims, last, part(slice.of.m.dims[last].count, slice.slices, task));
  run_task(&slice, 0);
}

static int64_t longest(const axis *x) {
  int64_t found = 0;
  for (int64_t d = 1; d < x->rank; d++)
    if (x->dims[d].count > x->dims[found].count) found = d;
  return found;
}

// Cells of its own, row by row: those of a part of the terms.
static axis row_by_row(const axis *x, dim *dims, int64_t stride) {
  memcpy(dims, x->dims, (size_t)x->rank * sizeof *dims);
  for (int64_t d = x->rank - 1; d >= 0; d--) {
    dims[d].c = stride;
    stride *= dims[d].count;
  }
  return (axis){dims, x->rank, x->total};
}

// A part of the longest loop of k. The first one writes to c.
static void run_terms(void *shared, int64_t task) {
  job some = *(const job *)shared;
  dim m[MAX_DIMS], n[MAX_DIMS], k[MAX_DIMS];
  int64_t loop = longest(&some.of.k);
  narrow(&some, &some.of.k, k, loop, part(some.of.k.dims[loop].count, some.terms, task));
  contraction fresh = *some.of.what;
  fresh.add = 0;
  if (task) {
    some.of.n = row_by_row(&some.of.n, n, 1);
    some.of.m = row_by_row(&some.of.m, m, some.of.n.total);
    some.of.c = some.sums + size_of(&some) * (task - 1) * some.of.m.total * some.of.n.total;
    some.of.what = &fresh;
  }
  multiply(&some.of, 0, some.of.m.total, 0, some.of.n.total);
}

// Adds what the parts of the terms have summed up, in their order.
static void add_terms(const job *j) {
  int64_t mark = pdx_mark(), m = j->of.m.total, n = j->of.n.total;
  int64_t *rows = pdx_alloc(m * 8), *columns = pdx_alloc(n * 8);
  places(&j->of.m, C, 0, m, rows);
  places(&j->of.n, C, 0, n, columns);
  for (int64_t t = 1; t < j->terms; t++) {
    const char *sums = j->sums + size_of(j) * (t - 1) * m * n;
    j->of.what->wide ? add_sums_f64(j->of.c, rows, m, columns, n, sums) : add_sums_f32(j->of.c, rows, m, columns, n, sums);
  }
  pdx_release(mark);
}

// ---- how many -------------------------------------------------------------------------------------------------------
static int64_t tasks_for(double work, int matrices) {
  double parts = work / BLOCK_WORK;
  if (matrices) {
    parts = work / MATRIX_WORK < SOME_TASKS ? work / MATRIX_WORK : SOME_TASKS;
    if (parts < work / LARGE_MATRIX_WORK) parts = work / LARGE_MATRIX_WORK;
  }
  return parts < 1 ? 1 : parts > MAX_TASKS ? MAX_TASKS : (int64_t)parts;
}

// Parts of matrices are about square, which reads a and b least often; blocks are cut so that packing, which each task does
// for itself, stays small.
static void cut(job *j, int64_t wanted, int matrices) {
  int64_t m = j->of.m.total, n = j->of.n.total, tasks;
  j->batches = least(wanted, j->batch.total);
  while ((tasks = j->batches * j->rows * j->columns) < wanted) {
    int64_t height = m / j->rows, width = n / j->columns;
    int low = height < 2 * (matrices ? PART_SIDE : PART_ROWS), narrow = width < 2 * (matrices ? PART_SIDE : PART_COLUMNS);
    if (low && narrow) break;
    if (matrices ? height > width : narrow) {
      j->rows *= 2;
    } else {
      j->columns *= 2;
    }
  }
  if (tasks == 1 && j->batch.total == 1 && j->of.k.total >= 2 * PART_TERMS)
    j->terms = least(least(wanted, j->of.k.total / PART_TERMS), j->of.k.dims[longest(&j->of.k)].count);
}

// By how many elements the places of an axis in c differ at most, but for its loop number `but`.
static int64_t extent(const axis *x, int64_t but) {
  int64_t sum = 0;
  for (int64_t d = 0; d < x->rank; d++)
    if (d != but) sum += llabs(x->dims[d].c) * (x->dims[d].count - 1);
  return sum;
}

// In how many parts the last loop of m may be cut: in each many rows, and no cell is in two.
static int64_t slices(const job *j) {
  const axis *m = &j->of.m;
  int64_t last = m->rank - 1;
  if (j->batch.total > 1 || !m->rank || llabs(m->dims[last].c) <= extent(m, last) + extent(&j->of.n, -1)) return 1;
  int64_t most = least(m->dims[last].count, least(m->total / PART_ROWS, MAX_TASKS));
  return most < 1 ? 1 : most;
}

static void share(job *j, double work) {
  layout any;
  int64_t nanoseconds = (int64_t)(work / WORK_PER_NS), m = j->of.m.total, n = j->of.n.total;
  int matrices = are_matrices(&j->of, 0, m, 0, n, &any, &any, &any);
  j->batches = j->rows = j->columns = j->terms = 1;
  if (j->of.what->overlap) {
    j->slices = slices(j);
    pdx_parallel(j->slices > 1 ? run_slice : run_task, j, j->slices, nanoseconds);
    return;
  }
  cut(j, tasks_for(work * (j->of.what->wide ? 2 : 1), matrices), matrices);
  if (j->terms < 2) {
    pdx_parallel(run_task, j, j->batches * j->rows * j->columns, nanoseconds);
    return;
  }
  int64_t mark = pdx_mark();
  j->sums = pdx_alloc((j->terms - 1) * m * n * size_of(j));
  pdx_parallel(run_terms, j, j->terms, nanoseconds);
  add_terms(j);
  pdx_release(mark);
}
