// AVX-512.
#include "core/kernels.hpp"

#ifdef __x86_64__
#define FABRICA_KERNEL_SET v4
#define FABRICA_KERNEL_NAME "x86-64-v4"
#include "core/kernels.inc"
#endif
