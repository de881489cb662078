#include "core/scorer.hpp"

#include <algorithm>
#include <atomic>

#include "core/tokenizer.hpp"

namespace fabrica::recipe {

namespace {

struct Window {
  std::size_t document = 0;
  std::size_t begin = 0;    // first target
  std::size_t end = 0;      // past the last target
  std::size_t counted = 0;  // targets from here on count
  double nats = 0;
};

constexpr std::size_t kRound = 32;  // lengths are rounded up to this: few different shapes

}  // namespace

Scorer::Scorer(Layout const& layout, Kernels const& kernels, Ranks& ranks) : layout_{layout}, ranks_{ranks} {
  for (int r = 0; r < ranks.count(); ++r)
    passes_.push_back(std::make_unique<Pass>(layout, kernels, 1, layout.config().context, false));
}

std::vector<DocumentLoss> Scorer::score(float const* weights, std::span<std::vector<int> const> documents, int fresh) {
  auto const context = static_cast<std::size_t>(layout_.config().context);
  auto const step = static_cast<std::size_t>(fresh);
  std::vector<DocumentLoss> losses(documents.size());
  std::vector<Window> windows;
  for (std::size_t d = 0; d < documents.size(); ++d) {
    auto const size = documents[d].size();
    losses[d].tokens = static_cast<long>(size);
    for (std::size_t counted = 0; counted < size;) {
      auto const end = std::min(size, counted == 0 ? context : counted + step);
      windows.push_back({d, end > context ? end - context : 0, end, counted});
      counted = end;
    }
  }
  std::atomic<std::size_t> next{0};
  ranks_.run([&](int rank) {
    std::vector<int> tokens;
    std::vector<int> targets;
    std::vector<float> nats(context);
    for (auto i = next.fetch_add(1); i < windows.size(); i = next.fetch_add(1)) {
      auto& w = windows[i];
      auto const& document = documents[w.document];
      auto const length = std::min(context, (w.end - w.begin + kRound - 1) / kRound * kRound);
      tokens.assign(length, Tokenizer::kEndOfText);
      targets.assign(length, -1);
      for (auto t = w.begin; t < w.end; ++t) {
        if (t > 0) tokens[t - w.begin] = document[t - 1];
        if (t >= w.counted) targets[t - w.begin] = document[t];
      }
      passes_[static_cast<std::size_t>(rank)]->losses(weights, {tokens, targets, 1, static_cast<int>(length)}, nats);
      for (std::size_t t = 0; t < length; ++t) w.nats += static_cast<double>(nats[t]);
    }
  });
  for (auto const& w : windows) losses[w.document].nats += w.nats;
  return losses;
}

}  // namespace fabrica::recipe
