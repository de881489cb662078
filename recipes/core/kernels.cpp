#include "core/kernels.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace fabrica::recipe {

namespace v3 {
extern Kernels const kernels;
}

#ifdef __x86_64__

namespace v4 {
extern Kernels const kernels;
}

Kernels const* kernels_for_this_cpu() {
  __builtin_cpu_init();
  bool const has_v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  bool const has_v4 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (has_v3 && has_v4) return &v4::kernels;
  return has_v3 ? &v3::kernels : nullptr;
}

void flush_denormals() {
  _mm_setcsr(_mm_getcsr() | 0x8040);  // flush-to-zero (bit 15) and denormals-are-zero (bit 6)
}

#else

Kernels const* kernels_for_this_cpu() { return &v3::kernels; }
void flush_denormals() {}

#endif

}  // namespace fabrica::recipe
