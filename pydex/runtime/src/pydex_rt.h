// libpydex_rt: what compiled code may call. Plain C, no Python in it.
#pragma once
#include <setjmp.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PDX_API __attribute__((visibility("default")))
#define PDX_OUT_OF_MEMORY (-1)  // the site of a failed allocation; a = the bytes asked for

// ---- errors ---------------------------------------------------------------------------------------------------
typedef struct {
  int64_t site, a, b;
} pdx_error;

// Leaves the innermost pdx_call of this thread with an error. `site` indexes the compiled function's table.
PDX_API _Noreturn void pdx_raise(int64_t site, int64_t a, int64_t b);

// Runs entry(frame); returns 0, or 1 with *error filled in if it raised. The arena is as before on both ways out.
PDX_API int pdx_call(void (*entry)(void *), void *frame, pdx_error *error);

// ---- the arena: temporaries of compiled code, a stack per thread --------------------------------------------------
PDX_API void *pdx_alloc(int64_t bytes);  // 64-byte aligned, uninitialised; raises PDX_OUT_OF_MEMORY
PDX_API int64_t pdx_mark(void);
PDX_API void pdx_release(int64_t mark);  // forgets everything allocated since the mark
PDX_API int64_t pdx_arena_bytes(void);   // memory that this thread's arena holds, used or not
PDX_API void pdx_arena_trim(void);       // gives back what this thread's arena holds and does not use
PDX_API void pdx_arena_age(void);        // between calls: gives back what the last 64 calls of this thread did not need

// ---- parallel loops -------------------------------------------------------------------------------------------
// Runs body(env, 0) … body(env, nchunks - 1), of which one thread needs so many nanoseconds at least, 0 if that is not
// known. If chunks raise, every lower chunk still completes, and the error of the lowest one is raised here. Inside a
// chunk the chunks of a nested call run one after the other.
PDX_API void pdx_parallel(void (*body)(void *env, int64_t chunk), void *env, int64_t nchunks, int64_t nanoseconds);
PDX_API void pdx_set_threads(int64_t n);  // n < 1: as many as the processors this process may use
PDX_API int64_t pdx_get_threads(void);

// ---- tables as a whole ------------------------------------------------------------------------------------------
PDX_API void pdx_copy(void *to, const void *from, int64_t bytes);  // they do not overlap
PDX_API void pdx_fill(void *to, int64_t bytes, int64_t cell, int64_t value);  // cells of 1, 2, 4 or 8 bytes

// ---- contractions ----------------------------------------------------------------------------------------------
struct contraction;
PDX_API void pdx_contract(const struct contraction *what);  // see contract.h
PDX_API void pdx_set_vectors(int64_t bytes);  // use none that are longer (for tests: they run on one machine)
// Where OpenBLAS is; before the first contraction. It is opened then.
PDX_API void pdx_set_blas(const char *path);
PDX_API const char *pdx_blas(void);  // the path of the library in use, or "" without one (then contractions are slow)

#ifdef __cplusplus
}
#endif
