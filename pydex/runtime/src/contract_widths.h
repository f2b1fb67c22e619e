// The kernels for elements of type T, for each width of vectors that the machine may have; included by contract.c.
#define BYTES 16
#define ISA
#define KERNEL(name) NAME(name##_16)
#ifdef __aarch64__
#define HEIGHT 8  // 32 registers
#else
#define HEIGHT 4  // 16 registers
#endif
#include "contract_kernel.h"

#ifdef __x86_64__
#define BYTES 32
#define ISA __attribute__((target("avx2,fma")))
#define KERNEL(name) NAME(name##_32)
#define HEIGHT 4
#include "contract_kernel.h"

#define BYTES 64
#define ISA __attribute__((target("avx512f,fma")))
#define KERNEL(name) NAME(name##_64)
#define HEIGHT 8
#include "contract_kernel.h"
#endif

static const kernels *NAME(widest)(void) {
#ifdef __x86_64__
  if (vector_bytes >= 64 && __builtin_cpu_supports("avx512f")) return &NAME(all_64);
  if (vector_bytes >= 32 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &NAME(all_32);
#endif
  return &NAME(all_16);
}
