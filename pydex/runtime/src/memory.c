// Tables as a whole: large ones are filled and copied by several threads.
#include "pydex_rt.h"

#include <string.h>

enum { LINE = 64, CHUNK_BYTES = 1 << 18, MOST_CHUNKS = 64, BYTES_PER_NS = 32 };

typedef struct {
  char *to;
  const char *from;  // or NULL: each cell is to be `value`
  int64_t bytes, chunks, cell;
  uint64_t value;
} table;

#define FILL(type)                                                       \
  for (int64_t i = 0; i < bytes / (int64_t)sizeof(type); i++) ((type *)to)[i] = (type)value

static void fill(char *to, int64_t bytes, int64_t cell, uint64_t value) {
  if (cell == 1 || !value) memset(to, (int)value, (size_t)bytes);
  else if (cell == 2) FILL(uint16_t);
  else if (cell == 4) FILL(uint32_t);
  else FILL(uint64_t);
}

static void run_chunk(void *env, int64_t chunk) {
  const table *t = env;
  int64_t lines = t->bytes / LINE, lo = lines * chunk / t->chunks * LINE;
  int64_t hi = chunk + 1 == t->chunks ? t->bytes : lines * (chunk + 1) / t->chunks * LINE;
  if (t->from) memcpy(t->to + lo, t->from + lo, (size_t)(hi - lo));
  else fill(t->to + lo, hi - lo, t->cell, t->value);
}

static void run(table t) {
  if (t.bytes <= 0) return;
  t.chunks = t.bytes / CHUNK_BYTES < 1 ? 1 : t.bytes / CHUNK_BYTES > MOST_CHUNKS ? MOST_CHUNKS : t.bytes / CHUNK_BYTES;
  pdx_parallel(run_chunk, &t, t.chunks, t.bytes / BYTES_PER_NS);
}

void pdx_copy(void *to, const void *from, int64_t bytes) { run((table){.to = to, .from = from, .bytes = bytes}); }

void pdx_fill(void *to, int64_t bytes, int64_t cell, int64_t value) {
  run((table){.to = to, .bytes = bytes, .cell = cell, .value = (uint64_t)value});
}
