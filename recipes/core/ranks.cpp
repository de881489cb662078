#include "core/ranks.hpp"

#include "core/gemm.hpp"
#include "core/kernels.hpp"

namespace fabrica::recipe {

Ranks::Ranks(int count) {
  flush_denormals();
  gemm_on_this_thread_only();
  for (int rank = 1; rank < count; ++rank) threads_.emplace_back([this, rank] { serve(rank); });
}

Ranks::~Ranks() {
  {
    std::lock_guard const lock{mutex_};
    stop_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Ranks::run(std::function<void(int)> const& work) {
  {
    std::lock_guard const lock{mutex_};
    work_ = &work;
    running_ = static_cast<int>(threads_.size());
    ++round_;
  }
  wake_.notify_all();
  work(0);
  std::unique_lock lock{mutex_};
  done_.wait(lock, [this] { return running_ == 0; });
}

void Ranks::serve(int rank) {
  flush_denormals();
  gemm_on_this_thread_only();
  unsigned long seen = 0;
  for (;;) {
    std::function<void(int)> const* work = nullptr;
    {
      std::unique_lock lock{mutex_};
      wake_.wait(lock, [&] { return stop_ || round_ != seen; });
      if (stop_) return;
      seen = round_;
      work = work_;
    }
    (*work)(rank);
    std::lock_guard const lock{mutex_};
    if (--running_ == 0) done_.notify_one();
  }
}

}  // namespace fabrica::recipe
