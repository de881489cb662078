#pragma once

namespace fabrica::recipe {

// Matrix products in fp32, row-major, one thread a call. One object a thread: it counts what it computed.
class Gemm {
 public:
  // C[m,n] = A[m,k] * B[n,k]^T + beta * C
  void nt(int m, int n, int k, float const* a, int lda, float const* b, int ldb, float beta, float* c, int ldc);
  // C[m,n] = A[m,k] * B[k,n] + beta * C
  void nn(int m, int n, int k, float const* a, int lda, float const* b, int ldb, float beta, float* c, int ldc);
  // C[m,n] = A[k,m]^T * B[k,n] + beta * C
  void tn(int m, int n, int k, float const* a, int lda, float const* b, int ldb, float beta, float* c, int ldc);

  // Floating-point operations so far: 2mnk a product. Nothing else is counted.
  double flop() const { return flop_; }

 private:
  double flop_ = 0;
};

// Holds the libraries to the calling thread. Each computing thread calls it once before its first product: the
// libraries' own pools would fight with ours.
void gemm_on_this_thread_only();

}  // namespace fabrica::recipe
