// Whether calls of a function are too short to let other Python threads run meanwhile.
//
// Taking the GIL back from a thread that computes costs up to Python's switch interval, 5 ms. So a function whose last
// BRIEF_CALLS calls were all shorter than a few microseconds keeps it, until a call is longer.
#pragma once
#include <stdint.h>

#if defined(__x86_64__)
static inline uint64_t brief_ticks(void) { return __builtin_ia32_rdtsc(); }
enum { BRIEF_TICKS = 20000 };  // 5 to 10 µs
#else
#include <time.h>
static inline uint64_t brief_ticks(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
enum { BRIEF_TICKS = 5000 };
#endif
enum { BRIEF_CALLS = 16 };

// *calls: how many calls in a row were brief, up to BRIEF_CALLS.
static inline void brief_note(uint8_t *calls, uint64_t ticks) {
  if (ticks > BRIEF_TICKS) *calls = 0;
  else if (*calls < BRIEF_CALLS) ++*calls;
}
