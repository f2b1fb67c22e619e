// A large block that is freed goes into a small cache, from which the next request of about its size is served: the
// system's allocator would return its pages, and getting 16 MB of them back costs 10 ms.
#define _GNU_SOURCE
#include "buffer.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <malloc.h>
#include <sys/mman.h>
#define block_size(data) malloc_usable_size(data)
#else
#include <malloc/malloc.h>
#define block_size(data) malloc_size(data)
#endif

enum { ALIGN = 64, LARGE = 1 << 20, HUGE_PAGE = 1 << 21, CACHED_BLOCKS = 8 };
#define CACHED_BYTES ((size_t)256 << 20)

typedef struct {
  void *data;
  size_t size;
} cached;

static struct {
  cached blocks[CACHED_BLOCKS];  // the oldest first
  int count;
  size_t bytes;
  pthread_mutex_t lock;
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void lock(void) { pthread_mutex_lock(&cache.lock); }
static void unlock(void) { pthread_mutex_unlock(&cache.lock); }

__attribute__((constructor)) static void survive_fork(void) { pthread_atfork(lock, unlock, unlock); }

static void *take(int i) {
  void *data = cache.blocks[i].data;
  cache.bytes -= cache.blocks[i].size;
  cache.count--;
  memmove(&cache.blocks[i], &cache.blocks[i + 1], (size_t)(cache.count - i) * sizeof(cached));
  return data;
}

// A block of at least `bytes`, of which at most an eighth is wasted, beside what alignment may have left behind it.
static void *find(size_t bytes) {
  size_t spare = bytes / 8 + (bytes >= 2 * HUGE_PAGE ? HUGE_PAGE : 0);
  void *data = NULL;
  lock();
  for (int i = cache.count - 1; i >= 0 && !data; i--)
    if (cache.blocks[i].size >= bytes && cache.blocks[i].size - bytes <= spare) data = take(i);
  unlock();
  return data;
}

static void keep(void *data, size_t size) {
  void *evicted[CACHED_BLOCKS];
  int n = 0;
  lock();
  while (cache.count == CACHED_BLOCKS || (cache.count && cache.bytes + size > CACHED_BYTES)) evicted[n++] = take(0);
  cache.blocks[cache.count++] = (cached){data, size};
  cache.bytes += size;
  unlock();
  while (n) free(evicted[--n]);
}

void buffer_trim(void) {
  void *waiting[CACHED_BLOCKS];
  int n = 0;
  lock();
  while (cache.count) waiting[n++] = take(0);
  unlock();
  while (n) free(waiting[--n]);
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

static void *get_memory(size_t bytes) {
  static const size_t whole = (size_t)1 << 30;
  if (bytes >= whole && bytes / (size_t)sysconf(_SC_PAGE_SIZE) > (size_t)sysconf(_SC_PHYS_PAGES)) return NULL;
  void *data = NULL;
  size_t align = bytes >= 2 * HUGE_PAGE ? HUGE_PAGE : ALIGN;
  if (posix_memalign(&data, align, bytes ? bytes : ALIGN)) return NULL;
#ifdef MADV_HUGEPAGE
  if (align == HUGE_PAGE) madvise(data, bytes, MADV_HUGEPAGE);
#endif
  return data;
}

void *buffer_new(size_t bytes) {
  void *data = bytes >= LARGE ? find(bytes) : NULL;
  return data ? data : get_memory(bytes);
}

void buffer_free(void *data, size_t bytes) {
  size_t size = data && bytes >= LARGE ? block_size(data) : 0;
  if (size >= LARGE && size <= CACHED_BYTES) {
    keep(data, size);
  } else {
    free(data);
  }
}

void *buffer_resize(void *data, size_t bytes) {
  void *moved = buffer_new(bytes);
  if (!moved) return NULL;
  size_t old = block_size(data);
  memcpy(moved, data, old < bytes ? old : bytes);
  buffer_free(data, old);
  return moved;
}
