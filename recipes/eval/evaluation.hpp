#pragma once

#include <functional>
#include <vector>

#include "core/baselines.hpp"
#include "core/corpus.hpp"
#include "core/kernels.hpp"
#include "core/model_folder.hpp"
#include "core/ranks.hpp"
#include "eval/results.hpp"

namespace fabrica::recipe {

// What every part of an evaluation works with.
struct Subject {
  LoadedModel const& model;
  Tokenizer const& tokenizer;
  Kernels const& kernels;
  Ranks& ranks;
  std::vector<LanguageTexts> const& training;
  std::vector<LanguageTexts> const& heldout;
};

// Held-out loss, perplexity and bits per byte of each language and of all, beside an order-3 byte n-gram model fitted
// on the training text, gzip and xz; the gate that the model beats the n-gram model.
Result<> measure_quality(Subject const& subject, Results& results);

// Discoverable memorisation (Carlini 2022): the greedy continuation of 50 tokens of the training text by 50 more equals
// what followed there; the same for held-out text as the control.
void measure_memorisation(Subject const& subject, Results& results);

// Membership inference by a threshold on the loss of a document (Yeom 2018): training split against held-out split.
void measure_membership(Subject const& subject, Results& results);

void make_samples(Subject const& subject, Results& results);

}  // namespace fabrica::recipe
