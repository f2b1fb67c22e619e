// Copies for elements of type T, of tables to where the kernels read and from where they write; included by contract.c.

typedef T NAME(four) __attribute__((vector_size(4 * sizeof(T)), aligned(sizeof(T)), may_alias));
#ifdef __clang__
#define SHUFFLE(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
#else
typedef INTEGER NAME(places) __attribute__((vector_size(4 * sizeof(T))));
#define SHUFFLE(x, y, ...) __builtin_shuffle(x, y, (NAME(places)){__VA_ARGS__})
#endif

// to[k * stride + i] = from[lines[i] + k],  for four lines and four terms.
static inline __attribute__((always_inline)) void NAME(transpose)(const T *from, const int64_t *lines, T *to,
                                                                  int64_t stride) {
  NAME(four) x[4], y[4];
  for (int i = 0; i < 4; i++) x[i] = *(const NAME(four) *)(from + lines[i]);
  y[0] = SHUFFLE(x[0], x[1], 0, 4, 1, 5);
  y[1] = SHUFFLE(x[0], x[1], 2, 6, 3, 7);
  y[2] = SHUFFLE(x[2], x[3], 0, 4, 1, 5);
  y[3] = SHUFFLE(x[2], x[3], 2, 6, 3, 7);
  *(NAME(four) *)to = SHUFFLE(y[0], y[2], 0, 1, 4, 5);
  *(NAME(four) *)(to + stride) = SHUFFLE(y[0], y[2], 2, 3, 6, 7);
  *(NAME(four) *)(to + 2 * stride) = SHUFFLE(y[1], y[3], 0, 1, 4, 5);
  *(NAME(four) *)(to + 3 * stride) = SHUFFLE(y[1], y[3], 2, 3, 6, 7);
}
#undef SHUFFLE

// Copies  to[k * stride + i] = from[steps[k] + i],  for i < count; `at_once` is a power of two and at least half of it.
static inline __attribute__((always_inline)) void NAME(copy)(const T *from, const int64_t *steps, int64_t terms, T *to,
                                                             int64_t stride, int64_t count, int64_t at_once) {
  for (int64_t k = 0; k < terms; k++, to += stride) {
    const T *run = from + steps[k];
    __builtin_prefetch((const char *)(run + count));  // the next panel
    __builtin_prefetch((const char *)(run + count) + 64);
    memcpy(to, run, (size_t)at_once * sizeof(T));
    memcpy(to + count - at_once, run + count - at_once, (size_t)at_once * sizeof(T));
  }
}

static void NAME(copy_run)(const T *from, const int64_t *steps, int64_t terms, T *to, int64_t stride, int64_t count) {
  switch (count) {
    case 32: NAME(copy)(from, steps, terms, to, stride, 32, 32); break;
    case 16 ... 31: NAME(copy)(from, steps, terms, to, stride, count, 16); break;
    case 8 ... 15: NAME(copy)(from, steps, terms, to, stride, count, 8); break;
    case 4 ... 7: NAME(copy)(from, steps, terms, to, stride, count, 4); break;
    case 2 ... 3: NAME(copy)(from, steps, terms, to, stride, count, 2); break;
    default: NAME(copy)(from, steps, terms, to, stride, 1, 1);
  }
}

// The same where terms, not lines, lie side by side.
static void NAME(copy_across)(const T *from, const int64_t *lines, int64_t count, const int64_t *steps, int64_t terms,
                              T *to, int64_t stride) {
  int64_t fours = count - count % 4;
  for (int64_t k0 = 0, k1; k0 < terms; k0 = k1) {  // so many that few lines of memory are read and written
    int64_t k2 = k0;
    k1 = least(terms, k0 + 16);
    while (k1 - k2 >= 4 && adjacent(steps + k2, 4)) k2 += 4;
    for (int64_t i = 0; i < fours; i += 4)
      for (int64_t k = k0; k < k2; k += 4) NAME(transpose)(from + steps[k], lines + i, to + k * stride + i, stride);
    for (int64_t k = k0; k < k1; k++)
      for (int64_t i = k < k2 ? fours : 0; i < count; i++) to[k * stride + i] = from[lines[i] + steps[k]];
  }
}

// Copies  to[k * stride + i] = from[lines[i] + steps[k]],  for `count` lines.
static void NAME(pack)(const T *from, const int64_t *lines, int64_t count, const int64_t *steps, int64_t terms, T *to,
                       int64_t stride) {
  if (terms >= 4 && adjacent(steps, 4) && !adjacent(lines, least(count, 4))) {
    NAME(copy_across)(from, lines, count, steps, terms, to, stride);
    return;
  }
  if (!adjacent(lines, least(count, 2))) {
    for (int64_t k = 0; k < terms; k++, to += stride)
      for (int64_t i = 0; i < count; i++) to[i] = from[lines[i] + steps[k]];
    return;
  }
  for (int64_t i = 0, length; i < count; i += length) {
    length = together(lines + i, count - i);
    NAME(copy_run)(from + lines[i], steps, terms, to + i, stride, length);
  }
}

// Writes sums to these cells of a row of c, or adds them.
static void NAME(unpack)(const T *sums, T *row, const pieces *columns, int add) {
  if (columns->apart) {
    for (int64_t p = 0; p < columns->count; p++) {
      T *to = row + columns->of[p].place;
      *to = add ? *to + sums[p] : sums[p];
    }
    return;
  }
  for (int64_t p = 0; p < columns->count; p++) {
    int64_t length = columns->of[p].length, fours = length - length % 4;
    T *to = row + columns->of[p].place;
    for (int64_t i = 0; i < fours; i += 4) {
      NAME(four) sum = *(const NAME(four) *)(sums + i);
      if (add) sum += *(const NAME(four) *)(to + i);
      *(NAME(four) *)(to + i) = sum;
    }
    for (int64_t i = fours; i < length; i++) to[i] = add ? to[i] + sums[i] : sums[i];
    sums += length;
  }
}
