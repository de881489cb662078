#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/pass.hpp"
#include "core/ranks.hpp"

namespace fabrica::recipe {

struct DocumentLoss {
  double nats = 0;
  long tokens = 0;
};

// Losses of whole documents. A document begins behind an end-of-text token; one longer than the context is taken in
// windows, of which each but the first counts only its last `fresh` tokens: those have at least context - fresh tokens
// before them. Each token counts exactly once. The result does not depend on the number of ranks.
class Scorer {
 public:
  Scorer(Layout const& layout, Kernels const& kernels, Ranks& ranks);

  std::vector<DocumentLoss> score(float const* weights, std::span<std::vector<int> const> documents, int fresh);

 private:
  Layout const& layout_;
  Ranks& ranks_;
  std::vector<std::unique_ptr<Pass>> passes_;
};

}  // namespace fabrica::recipe
