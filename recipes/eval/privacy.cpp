#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "base/random.hpp"
#include "core/decoder.hpp"
#include "core/scorer.hpp"
#include "core/utf8.hpp"
#include "eval/evaluation.hpp"

namespace fabrica::recipe {

namespace {

constexpr int kPrefix = 50;
constexpr int kContinuation = 50;
constexpr int kTogether = 25;  // sequences decoded at once
constexpr int kSampleTokens = 80;

// The documents of all languages in turn, each language in a seeded order of its own: languages weigh the same as far
// as they have documents, and no page comes in all of them before others come at all.
std::vector<Document const*> in_turn(std::vector<LanguageTexts> const& split, std::uint64_t seed) {
  std::vector<std::vector<Document const*>> orders;
  std::size_t longest = 0;
  for (auto const& language : split) {
    auto& order = orders.emplace_back();
    for (auto const& document : language.documents) order.push_back(&document);
    SeededRandom random{seed * 1000 + orders.size()};
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    longest = std::max(longest, order.size());
  }
  std::vector<Document const*> out;
  for (std::size_t i = 0; i < longest; ++i)
    for (auto const& order : orders)
      if (i < order.size()) out.push_back(order[i]);
  return out;
}

// Stretches of prefix and continuation, one a document, at a seeded place.
std::vector<std::vector<int>> stretches(Subject const& subject, std::vector<LanguageTexts> const& split, int most,
                                        std::uint64_t seed) {
  constexpr std::size_t kLength = kPrefix + kContinuation;
  std::vector<std::vector<int>> found;
  SeededRandom random{seed};
  for (auto const* const document : in_turn(split, seed)) {
    if (found.size() == static_cast<std::size_t>(most)) break;
    std::vector<int> tokens;
    subject.tokenizer.encode(document->text, tokens);
    if (tokens.size() < kLength) continue;
    auto const at = static_cast<std::ptrdiff_t>(random.below(tokens.size() - kLength + 1));
    found.emplace_back(tokens.begin() + at, tokens.begin() + at + static_cast<std::ptrdiff_t>(kLength));
  }
  return found;
}

// How many of these stretches the model continues exactly; they all have the same length.
long continued_exactly(Subject const& subject, std::span<std::vector<int> const> group) {
  auto const n = group.size();
  auto const vocab = static_cast<std::size_t>(subject.model.layout.config().vocab_size);
  Decoder decoder{subject.model.layout, subject.kernels, subject.model.weights.data(), static_cast<int>(n)};
  std::vector<int> next(n, Tokenizer::kEndOfText);
  std::vector<bool> exact(n, true);
  for (std::size_t t = 0; t <= kPrefix + kContinuation - 1; ++t) {
    auto const scores = decoder.step(next);
    for (std::size_t s = 0; s < n; ++s) {
      auto const row = scores.subspan(s * vocab, vocab);
      bool const given = t < kPrefix;
      next[s] = given ? group[s][t] : static_cast<int>(std::ranges::max_element(row) - row.begin());
      if (!given && next[s] != group[s][t]) exact[s] = false;
    }
  }
  return std::ranges::count(exact, true);
}

void add_memorisation(Subject const& subject, std::vector<LanguageTexts> const& split, char const* name,
                      Results& results) {
  auto const all = stretches(subject, split, results.settings.memorisation_samples, results.settings.seed);
  if (all.empty()) {
    results.notes.push_back(fmt::format("{}: not measured, no document has {} tokens.", name, kPrefix + kContinuation));
    return;
  }
  std::atomic<std::size_t> next{0};
  std::atomic<long> hits{0};
  subject.ranks.run([&](int) {
    for (auto begin = next.fetch_add(kTogether); begin < all.size(); begin = next.fetch_add(kTogether))
      hits += continued_exactly(subject,
                                std::span{all}.subspan(begin, std::min<std::size_t>(kTogether, all.size() - begin)));
  });
  auto const n = static_cast<long>(all.size());
  results.metrics.push_back({name, "all", static_cast<double>(hits) / static_cast<double>(n), clopper_pearson(hits, n),
                             n, "share", "exact greedy continuation of 50 tokens by 50; Clopper-Pearson"});
}

struct Losses {
  std::vector<double> mean;     // of the first context of each document
  std::vector<std::string> id;  // of its page
};

Losses document_losses(Subject const& subject, std::vector<LanguageTexts> const& split, Results const& results) {
  auto const context = static_cast<std::size_t>(subject.model.layout.config().context);
  Losses losses;
  std::vector<std::vector<int>> documents;
  for (auto const* const document : in_turn(split, results.settings.seed)) {
    if (documents.size() == static_cast<std::size_t>(results.settings.membership_samples)) break;
    auto& tokens = documents.emplace_back();
    subject.tokenizer.encode(document->text, tokens);
    tokens.resize(std::min(tokens.size(), context));
    losses.id.push_back(document->id);
  }
  Scorer scorer{subject.model.layout, subject.kernels, subject.ranks};
  for (auto const& score : scorer.score(subject.model.weights.data(), documents, static_cast<int>(context)))
    losses.mean.push_back(score.nats / static_cast<double>(score.tokens));
  return losses;
}

// Resamples pages, not documents: the languages of one page are not independent.
Interval auc_interval(Losses const& members, Losses const& others, EvalSettings const& settings) {
  struct Page {
    std::vector<double> members;
    std::vector<double> others;
  };
  std::map<std::string, Page> by_id;
  for (std::size_t i = 0; i < members.mean.size(); ++i) by_id[members.id[i]].members.push_back(members.mean[i]);
  for (std::size_t i = 0; i < others.mean.size(); ++i) by_id[others.id[i]].others.push_back(others.mean[i]);
  std::vector<Page const*> pages;
  for (auto const& [id, page] : by_id) pages.push_back(&page);
  return bootstrap(pages.size(), settings.bootstrap_rounds, settings.seed,
                   [&](auto sample) {
                     std::vector<double> m;
                     std::vector<double> o;
                     for (auto const i : sample) {
                       m.insert(m.end(), pages[i]->members.begin(), pages[i]->members.end());
                       o.insert(o.end(), pages[i]->others.begin(), pages[i]->others.end());
                     }
                     return std::vector{separation(m, o, 0.0).auc};
                   })
      .at(0);
}

}  // namespace

void measure_memorisation(Subject const& subject, Results& results) {
  if (results.settings.memorisation_samples == 0) return;
  if (subject.model.layout.config().context < kPrefix + kContinuation) {
    results.notes.push_back(
        fmt::format("Memorisation was not measured: the context is below {} tokens.", kPrefix + kContinuation));
    return;
  }
  add_memorisation(subject, subject.training, "memorisation_rate", results);
  add_memorisation(subject, subject.heldout, "memorisation_control_rate", results);
}

void measure_membership(Subject const& subject, Results& results) {
  if (results.settings.membership_samples == 0) return;
  constexpr double kFpr = 0.01;
  auto const members = document_losses(subject, subject.training, results);
  auto const others = document_losses(subject, subject.heldout, results);
  auto const s = separation(members.mean, others.mean, kFpr);
  auto const n = members.mean.size();
  auto const both = static_cast<long>(n + others.mean.size());
  if (n == 0 || others.mean.empty()) return;
  results.metrics.push_back({"membership_auc", "all", s.auc, auc_interval(members, others, results.settings), both, "1",
                             "loss threshold; bootstrap over pages"});
  results.metrics.push_back(
      {"membership_advantage", "all", s.advantage, {}, both, "1", "largest TPR - FPR of a loss threshold"});
  results.metrics.push_back({"membership_tpr_at_1_percent_fpr", "all",
                             static_cast<double>(s.hits_at_fpr) / static_cast<double>(n),
                             clopper_pearson(s.hits_at_fpr, static_cast<long>(n)), static_cast<long>(n), "share",
                             "loss threshold; Clopper-Pearson"});
  results.notes.push_back(
      "Members are documents of the training split. A model trained on less than one pass of it has not "
      "seen all of them, which lowers memorisation and membership figures.");
}

void make_samples(Subject const& subject, Results& results) {
  SeededRandom random{results.settings.seed};
  for (auto const& prompt : results.settings.sample_prompts) {
    std::vector<int> ids;
    subject.tokenizer.encode(prompt, ids);
    auto const made =
        generate(subject.model.layout, subject.kernels, subject.model.weights.data(), ids, kSampleTokens, {}, random);
    results.samples.push_back({prompt, valid_utf8(subject.tokenizer.decode(made))});
  }
}

}  // namespace fabrica::recipe
