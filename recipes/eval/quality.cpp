#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "base/random.hpp"
#include "core/scorer.hpp"
#include "eval/evaluation.hpp"

namespace fabrica::recipe {

namespace {

struct Scored {
  std::string language;
  std::string id;
  double nats = 0;
  double tokens = 0;
  double bytes = 0;
  double ngram_bits = 0;
};

struct Chosen {
  std::vector<Scored> documents;
  std::vector<std::vector<int>> tokens;
  std::map<std::string, std::string> text;  // language -> all its chosen documents in one
};

// Whole documents in a seeded order until the limit of the language is reached.
Chosen choose(Subject const& subject, EvalSettings const& settings, ByteNgram const& ngram) {
  Chosen chosen;
  for (auto const& language : subject.heldout) {
    std::vector<Document const*> order;
    for (auto const& document : language.documents) order.push_back(&document);
    SeededRandom random{settings.seed};
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    auto& text = chosen.text[language.language];
    for (auto const* document : order) {
      if (!text.empty() &&
          text.size() + document->text.size() > static_cast<std::size_t>(settings.max_bytes_per_language))
        continue;
      subject.tokenizer.encode(document->text, chosen.tokens.emplace_back());
      chosen.documents.push_back({language.language, document->id, 0, static_cast<double>(chosen.tokens.back().size()),
                                  static_cast<double>(document->text.size()), ngram.bits(document->text)});
      text += document->text;
      text += '\n';
    }
  }
  return chosen;
}

// Sums of the documents that share an id: one page in several languages is one observation, not several.
std::vector<Scored> clusters(std::vector<Scored> const& documents) {
  std::map<std::string, Scored> by_id;
  for (auto const& d : documents) {
    auto& sum = by_id[d.id];
    sum.nats += d.nats;
    sum.tokens += d.tokens;
    sum.bytes += d.bytes;
    sum.ngram_bits += d.ngram_bits;
  }
  std::vector<Scored> out;
  for (auto const& [id, sum] : by_id) out.push_back(sum);
  return out;
}

struct Quality {
  double loss = 0;
  double perplexity = 0;
  double bits_per_byte = 0;
  double ngram_bits_per_byte = 0;
};

template <class Range>
Quality quality_of(Range const& documents) {
  double nats = 0;
  double tokens = 0;
  double bytes = 0;
  double ngram = 0;
  for (Scored const& d : documents) {
    nats += d.nats;
    tokens += d.tokens;
    bytes += d.bytes;
    ngram += d.ngram_bits;
  }
  return {nats / tokens, std::exp(nats / tokens), nats / (bytes * std::numbers::ln2), ngram / bytes};
}

Result<> add_compressors(std::string const& slice, std::string const& text, Results& results) {
  auto const bytes = static_cast<double>(text.size());
  FABRICA_TRY(auto const gzip, gzip_bytes(text));
  FABRICA_TRY(auto const xz, xz_bytes(text));
  results.metrics.push_back({"gzip_bits_per_byte",
                             slice,
                             8 * static_cast<double>(gzip) / bytes,
                             {},
                             static_cast<long>(text.size()),
                             "bit/byte",
                             "gzip -9 of the held-out text"});
  results.metrics.push_back({"xz_bits_per_byte",
                             slice,
                             8 * static_cast<double>(xz) / bytes,
                             {},
                             static_cast<long>(text.size()),
                             "bit/byte",
                             "xz -9e of the held-out text"});
  return {};
}

Quality add_slice(std::string const& slice, std::vector<Scored> const& documents, Results& results) {
  auto const groups = clusters(documents);
  auto const q = quality_of(groups);
  auto const intervals =
      bootstrap(groups.size(), results.settings.bootstrap_rounds, results.settings.seed, [&](auto sample) {
        std::vector<Scored> drawn;
        for (auto const i : sample) drawn.push_back(groups[i]);
        auto const r = quality_of(drawn);
        return std::vector{r.loss, r.perplexity, r.bits_per_byte, r.ngram_bits_per_byte};
      });
  auto const n = static_cast<long>(groups.size());
  std::string const method = "bootstrap over documents, those with one id together";
  auto& metrics = results.metrics;
  metrics.push_back({"loss", slice, q.loss, intervals[0], n, "nat/token", method});
  metrics.push_back({"perplexity", slice, q.perplexity, intervals[1], n, "1", method});
  metrics.push_back({"bits_per_byte", slice, q.bits_per_byte, intervals[2], n, "bit/byte", method});
  metrics.push_back({"ngram3_bits_per_byte", slice, q.ngram_bits_per_byte, intervals[3], n, "bit/byte", method});
  return q;
}

// In how many documents the model needs fewer bits than the n-gram model, and whether chance explains it.
void add_comparison(std::vector<Scored> const& documents, Results& results) {
  long better = 0;
  long worse = 0;
  for (auto const& d : documents) {
    better += d.nats / std::numbers::ln2 < d.ngram_bits;
    worse += d.nats / std::numbers::ln2 > d.ngram_bits;
  }
  if (better + worse == 0) return;
  results.metrics.push_back({"documents_better_than_ngram3", "all",
                             static_cast<double>(better) / static_cast<double>(better + worse),
                             wilson(better, better + worse), better + worse, "share", "Wilson score"});
  results.metrics.push_back({"documents_better_than_ngram3_p",
                             "all",
                             mcnemar_exact(worse, better),
                             {},
                             better + worse,
                             "probability",
                             "exact McNemar test, two-sided"});
}

}  // namespace

Result<> measure_quality(Subject const& subject, Results& results) {
  ByteNgram ngram;
  for (auto const& language : subject.training)
    for (auto const& document : language.documents) ngram.add(document.text);
  ngram.finish();
  auto chosen = choose(subject, results.settings, ngram);
  auto const context = subject.model.layout.config().context;
  Scorer scorer{subject.model.layout, subject.kernels, subject.ranks};
  auto const losses = scorer.score(subject.model.weights.data(), chosen.tokens, std::max(1, context / 2));
  for (std::size_t i = 0; i < losses.size(); ++i) chosen.documents[i].nats = losses[i].nats;
  std::string all;
  for (auto const& [language, text] : chosen.text) {
    std::vector<Scored> own;
    std::ranges::copy_if(chosen.documents, std::back_inserter(own),
                         [&](auto const& d) { return d.language == language; });
    add_slice(language, own, results);
    FABRICA_DO(add_compressors(language, text, results));
    all += text;
  }
  auto const total = add_slice("all", chosen.documents, results);
  FABRICA_DO(add_compressors("all", all, results));
  add_comparison(chosen.documents, results);
  results.gates.push_back({"beats_ngram3", "bits_per_byte of all held-out text is below ngram3_bits_per_byte",
                           total.bits_per_byte < total.ngram_bits_per_byte, total.bits_per_byte,
                           total.ngram_bits_per_byte});
  results.notes.push_back(fmt::format(
      "Held-out documents were taken whole in a seeded order up to {} bytes a language. A document longer than the "
      "context is scored in windows that overlap by half, so that each token counts once with at least half a context "
      "before it. The end of a document is not scored.",
      results.settings.max_bytes_per_language));
  return {};
}

}  // namespace fabrica::recipe
