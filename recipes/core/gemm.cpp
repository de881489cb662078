#include "core/gemm.hpp"

#include <cblas.h>
#include <dlfcn.h>
#include <dnnl.h>

#include "base/check.hpp"

namespace fabrica::recipe {

namespace {

void product(char a_op, char b_op, int m, int n, int k, float const* a, int lda, float const* b, int ldb, float beta,
             float* c, int ldc) {
  auto const status = dnnl_sgemm(a_op, b_op, m, n, k, 1.0f, a, lda, b, ldb, beta, c, ldc);
  FABRICA_CHECK(status == dnnl_success);  // the only failures are wrong arguments
}

}  // namespace

void Gemm::nt(int m, int n, int k, float const* a, int lda, float const* b, int ldb, float beta, float* c, int ldc) {
  flop_ += 2.0 * m * n * k;
  product('N', 'T', m, n, k, a, lda, b, ldb, beta, c, ldc);
}

void Gemm::nn(int m, int n, int k, float const* a, int lda, float const* b, int ldb, float beta, float* c, int ldc) {
  flop_ += 2.0 * m * n * k;
  product('N', 'N', m, n, k, a, lda, b, ldb, beta, c, ldc);
}

// With A transposed oneDNN 2.6 packs slowly: OpenBLAS was a third faster on every shape of a weight gradient.
void Gemm::tn(int m, int n, int k, float const* a, int lda, float const* b, int ldb, float beta, float* c, int ldc) {
  flop_ += 2.0 * m * n * k;
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, 1.0f, a, lda, b, ldb, beta, c, ldc);
}

void gemm_on_this_thread_only() {
  openblas_set_num_threads(1);
  // oneDNN brings an OpenMP run time, which one depends on how it was built; the setting is per thread. Looked up by
  // name so that this program does not link a second run time.
  using SetThreads = void (*)(int);
  if (auto* set = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"))) set(1);
}

}  // namespace fabrica::recipe
