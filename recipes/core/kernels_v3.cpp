// AVX2 and FMA on x86; the compiler's default elsewhere.
#include "core/kernels.hpp"

#define FABRICA_KERNEL_SET v3
#ifdef __x86_64__
#define FABRICA_KERNEL_NAME "x86-64-v3"
#else
#define FABRICA_KERNEL_NAME "portable"
#endif
#include "core/kernels.inc"
