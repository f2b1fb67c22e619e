// A stack of blocks per thread. Blocks stay when the stack shrinks, so that the next call reuses pages that are
// already mapped (a fresh 16 MB costs 10 ms of page faults).
//
// A position in the stack, the value of a mark, counts the bytes of all blocks below plus those used in its block.
#include "pydex_rt.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

enum { ALIGN = 64, FIRST_BLOCK = 1 << 16, LARGEST_GROWTH = 1 << 26, HUGE_PAGE = 1 << 21 };
enum { PAGE = 1 << 12, APART = 5 * ALIGN };  // tables of whole pages would meet in the same lines of the first cache

typedef struct block {
  struct block *below, *above;
  int64_t base, size, used;  // base: the size of all blocks below
  int64_t peak;              // of `used`, since pdx_arena_age looked
  char *data;
} block;

static _Thread_local block *top;  // the block being filled; those above it are empty

static int64_t physical_memory(void) {
  int64_t pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGE_SIZE);
  return pages > 0 && size > 0 ? pages * size : INT64_MAX;
}

static char *get_memory(int64_t size) {
  // A system that overcommits would accept more than the machine has, and kill the process later.
  if (size >= (int64_t)1 << 30 && size > physical_memory()) return NULL;
  void *data = NULL;
  int64_t align = size >= 2 * HUGE_PAGE ? HUGE_PAGE : ALIGN;
  if (posix_memalign(&data, (size_t)align, (size_t)size)) return NULL;
#ifdef MADV_HUGEPAGE
  if (align == HUGE_PAGE) madvise(data, (size_t)size, MADV_HUGEPAGE);
#endif
  return data;
}

static void free_from(block *b) {
  while (b) {
    block *above = b->above;
    free(b->data);
    free(b);
    b = above;
  }
}

// ---- the arena of a thread ends with it -----------------------------------------------------------------------
static pthread_key_t at_exit;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_all(void *bottom) {
  free_from(bottom);
  top = NULL;
}

static void make_key(void) { pthread_key_create(&at_exit, free_all); }

// ---- growing --------------------------------------------------------------------------------------------------
static block *push_block(int64_t need) {
  int64_t size = top ? 2 * top->size : FIRST_BLOCK;
  if (size > LARGEST_GROWTH) size = LARGEST_GROWTH;
  if (size < need) size = need;
  block *b = malloc(sizeof *b);
  if (!b) return NULL;
  *b = (block){.below = top, .base = top ? top->base + top->size : 0, .size = size, .data = get_memory(size)};
  if (!b->data) {
    free(b);
    return NULL;
  }
  if (top) {
    top->above = b;
  } else {
    pthread_once(&once, make_key);
    pthread_setspecific(at_exit, b);
  }
  return b;
}

// The next block with room for `need` bytes; blocks in the way are too small for what this program does, and go.
static block *next_block(int64_t need) {
  block *next = top ? top->above : NULL;
  if (next && next->size >= need) return next;
  if (next) {
    free_from(next);
    top->above = NULL;
  }
  return push_block(need);
}

void *pdx_alloc(int64_t bytes) {
  if (bytes < 0 || bytes > PTRDIFF_MAX - 2 * HUGE_PAGE) pdx_raise(PDX_OUT_OF_MEMORY, bytes, 0);
  int64_t need = (bytes + ALIGN - 1) & -(int64_t)ALIGN;
  if (need % PAGE == 0) need += need ? APART : ALIGN;
  if (!top || top->size - top->used < need) {
    block *next = next_block(need);
    if (!next) pdx_raise(PDX_OUT_OF_MEMORY, bytes, 0);
    top = next;
  }
  void *p = top->data + top->used;
  top->used += need;
  if (top->used > top->peak) top->peak = top->used;
  return p;
}

int64_t pdx_mark(void) { return top ? top->base + top->used : 0; }

void pdx_release(int64_t mark) {
  if (!top) return;
  while (top->base > mark) {
    top->used = 0;
    top = top->below;
  }
  top->used = mark - top->base;
}

int64_t pdx_arena_bytes(void) {
  if (!top) return 0;
  block *last = top;
  while (last->above) last = last->above;
  return last->base + last->size;
}

void pdx_arena_trim(void) {
  if (!top) return;
  if (top->below == NULL && top->used == 0) {
    pthread_setspecific(at_exit, NULL);
    free_all(top);
    return;
  }
  free_from(top->above);
  top->above = NULL;
}

// Between calls nothing is in use, so blocks may go that turned out too large.
enum { CALLS_BETWEEN_LOOKS = 64, SMALL = 1 << 20, LARGEST_WASTE = 8 };

void pdx_arena_age(void) {
  static _Thread_local int calls;
  if (!top || top->below || top->used || ++calls < CALLS_BETWEEN_LOOKS) return;
  calls = 0;
  block *b = top;
  while (b && (b->size <= SMALL || b->size / LARGEST_WASTE <= b->peak)) {
    b->peak = 0;
    b = b->above;
  }
  if (!b) return;
  if (b != top) {
    b->below->above = NULL;
    free_from(b);
  } else {
    pdx_arena_trim();
  }
}
