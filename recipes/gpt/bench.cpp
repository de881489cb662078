// The speed of training on random tokens, and of the machine's matrix products in the same process, for
// bench/recipe.sh.
#include "gpt/bench.hpp"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/random.hpp"
#include "core/gemm.hpp"
#include "core/trainer.hpp"

namespace fabrica::recipe {

namespace {

constexpr double kWindow_s = 3.0;

double wall_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double cpu_s() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

struct Rate {
  double wall = 0;  // a second of wall time
  double cpu = 0;   // a second of CPU time of all threads
};

// Products of 1024 x 1024 on all ranks at once: the best a library reaches on this machine, in flop/s.
Rate gemm_peak(Ranks& ranks) {
  constexpr int kSide = 1024;
  constexpr int kProducts = 20;
  std::vector<Gemm> gemms(static_cast<std::size_t>(ranks.count()));
  auto const begin = wall_s();
  auto const cpu = cpu_s();
  ranks.run([&](int rank) {
    std::vector<float> const a(kSide * kSide, 0.5f);
    std::vector<float> const b(kSide * kSide, 0.25f);
    std::vector<float> c(kSide * kSide);
    for (int i = 0; i < kProducts; ++i)
      gemms[static_cast<std::size_t>(rank)].nn(kSide, kSide, kSide, a.data(), kSide, b.data(), kSide, 0, c.data(),
                                               kSide);
  });
  double flop = 0;
  for (auto const& gemm : gemms) flop += gemm.flop();
  return {flop / (wall_s() - begin), flop / (cpu_s() - cpu)};
}

}  // namespace

Result<std::string> bench(TrainSettings settings, int threads, double seconds) {
  auto const* const kernels = kernels_for_this_cpu();
  if (!kernels) return fail(Errc::unavailable, "cpu", "This program needs a CPU with AVX2 and FMA (x86-64-v3).");
  Ranks ranks{threads};
  SeededRandom random{1};
  std::vector<int> tokens(1U << 20);
  for (auto& token : tokens)
    token = static_cast<int>(random.below(static_cast<std::uint64_t>(settings.model.vocab_size)));
  FABRICA_TRY(auto const trainer, Trainer::create(std::move(settings), tokens, ranks, *kernels));
  std::atomic<bool> const go{false};
  FABRICA_DO(trainer->step(go));
  Rate peak;
  std::vector<double> rates;
  std::vector<double> cpu_rates;
  double best_share = 0;
  double flop_per_token = 0;
  for (auto const end = wall_s() + seconds; wall_s() < end;) {
    auto const now = gemm_peak(ranks);
    peak = {std::max(peak.wall, now.wall), std::max(peak.cpu, now.cpu)};
    auto const begin = wall_s();
    auto const cpu = cpu_s();
    auto const flop = trainer->flop();
    double count = 0;
    while (wall_s() - begin < kWindow_s) {
      FABRICA_DO(trainer->step(go));
      count += trainer->settings().batch_tokens;
    }
    rates.push_back(count / (wall_s() - begin));
    cpu_rates.push_back(count / (cpu_s() - cpu));
    flop_per_token = (trainer->flop() - flop) / count;
    best_share = std::max(best_share, cpu_rates.back() * flop_per_token);
  }
  return fmt::format(
      R"({{"tokens_per_s":[{:.1f}],"tokens_per_cpu_s":[{:.1f}],"flop_per_token":{:.0f},"gemm_flop_per_s":{:.4g},"gemm_flop_per_cpu_s":{:.4g},"share_of_gemm_peak":{:.3f},"kernels":"{}","parameters":{}}})",
      fmt::join(rates, ","), fmt::join(cpu_rates, ","), flop_per_token, peak.wall, peak.cpu, best_share / peak.cpu,
      kernels->name, trainer->layout().size());
}

}  // namespace fabrica::recipe
