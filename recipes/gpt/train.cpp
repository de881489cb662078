#include "gpt/train.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numbers>

#include "core/checkpoint.hpp"
#include "core/corpus.hpp"
#include "core/decoder.hpp"
#include "core/model_folder.hpp"
#include "core/scorer.hpp"
#include "core/utf8.hpp"
#include "gpt/report.hpp"
#include "gpt/settings.hpp"

namespace fabrica::recipe {

namespace {

constexpr std::size_t kTokenizerBytes = 64U << 20;  // the tokenizer learns from at most this much of the text
constexpr std::size_t kValidationTokens = 40'000;   // documents are taken until there are so many
constexpr int kSampleTokens = 80;

double now_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

Result<Tokenizer> learn_tokenizer(std::vector<LanguageTexts> const& split, int vocab_size) {
  std::size_t bytes = 0;
  for (auto const& language : split) bytes += language.bytes();
  auto const stride = std::max<std::size_t>(1, (bytes + kTokenizerBytes - 1) / kTokenizerBytes);
  std::vector<std::string_view> texts;
  for (auto const& language : split)
    for (std::size_t i = 0; i < language.documents.size(); i += stride) texts.push_back(language.documents[i].text);
  return Tokenizer::train(texts, vocab_size);
}

// All documents of all languages in one row, each behind an end-of-text token.
std::vector<int> tokens_of(std::vector<LanguageTexts> const& split, Tokenizer const& tokenizer) {
  std::vector<int> tokens;
  for (auto const& language : split) {
    for (auto const& document : language.documents) {
      tokens.push_back(Tokenizer::kEndOfText);
      tokenizer.encode(document.text, tokens);
    }
  }
  return tokens;
}

struct Validation {
  std::vector<std::vector<int>> documents;
  std::size_t bytes = 0;
};

// A document of each language in turn, until there are enough tokens.
Validation validation_of(std::vector<LanguageTexts> const& split, Tokenizer const& tokenizer) {
  Validation validation;
  std::size_t tokens = 0;
  for (std::size_t i = 0; tokens < kValidationTokens; ++i) {
    bool any = false;
    for (auto const& language : split) {
      if (i >= language.documents.size()) continue;
      any = true;
      auto const& text = language.documents[i].text;
      tokenizer.encode(text, validation.documents.emplace_back());
      validation.bytes += text.size();
      tokens += validation.documents.back().size();
    }
    if (!any) break;
  }
  return validation;
}

struct ValidationResult {
  double loss = 0;
  double bits_per_byte = 0;
};

ValidationResult validate(Scorer& scorer, std::vector<float> const& weights, Validation const& validation,
                          int context) {
  double nats = 0;
  long tokens = 0;
  for (auto const& score : scorer.score(weights.data(), validation.documents, context)) {
    nats += score.nats;
    tokens += score.tokens;
  }
  return {nats / static_cast<double>(tokens), nats / (static_cast<double>(validation.bytes) * std::numbers::ln2)};
}

// One training run from its first or a later step to its end.
class Run {
 public:
  Run(Job const& job, GptSettings settings, Kernels const& kernels)
      : job_{job}, settings_{std::move(settings)}, kernels_{kernels} {}

  Result<int> run();

 private:
  Result<> prepare();
  Result<> start();
  Result<> after_step(StepReport const& step);
  Result<> save();
  Result<> finish();
  RunFacts facts() const;

  Job const& job_;
  GptSettings settings_;
  Kernels const& kernels_;
  TrainingRecord record_;
  std::optional<Tokenizer> tokenizer_;
  std::vector<int> tokens_;
  Validation validation_;
  std::unique_ptr<Ranks> ranks_;
  std::unique_ptr<Trainer> trainer_;
  std::unique_ptr<Scorer> scorer_;
  RunFacts before_;  // wall time and work of the runs this one goes on from
  double started_s_ = 0;
  double rate_s_ = 0;  // when the current interval of the tokens/s figure began
  int rate_step_ = 0;
};

Result<> Run::prepare() {
  FABRICA_DO(job_.report({.text = "Reading the corpus."}));
  FABRICA_TRY(auto const training, read_split(job_.inputs / "corpus" / "train"));
  FABRICA_TRY(auto const validation, read_split(job_.inputs / "corpus" / "validation"));
  for (auto const& language : training)
    record_.languages.push_back({language.language, language.documents.size(), language.bytes()});
  FABRICA_DO(job_.report({.text = "Learning the tokenizer."}));
  FABRICA_TRY(tokenizer_, learn_tokenizer(training, settings_.train.model.vocab_size));
  settings_.train.model.vocab_size = tokenizer_->vocab_size();
  FABRICA_DO(job_.report({.text = "Tokenising."}));
  tokens_ = tokens_of(training, *tokenizer_);
  validation_ = validation_of(validation, *tokenizer_);
  record_.corpus_tokens = tokens_.size();
  return {};
}

RunFacts Run::facts() const {
  RunFacts facts;
  facts.parameters = digest_of(to_json(settings_));
  facts.tokens = digest_of({reinterpret_cast<char const*>(tokens_.data()), tokens_.size() * sizeof(int)});
  facts.ranks = ranks_ ? ranks_->count() : job_.cpus;
  facts.wall_s = before_.wall_s + (started_s_ > 0 ? now_s() - started_s_ : 0);
  facts.flop = before_.flop + (trainer_ ? trainer_->flop() : 0);
  return facts;
}

Result<> Run::start() {
  std::vector<std::string> notes;
  auto checkpoint = CheckpointFolder{job_.checkpoints}.load(notes);
  for (auto const& note : notes) {
    fmt::print(stderr, "fabrica-gpt: {}\n", note);
    FABRICA_DO(job_.report({.text = note}));
  }
  if (checkpoint) FABRICA_DO(check_same_run(*checkpoint, facts(), Layout{settings_.train.model}));
  ranks_ = std::make_unique<Ranks>(checkpoint ? checkpoint->facts.ranks : job_.cpus);
  FABRICA_TRY(trainer_, Trainer::create(settings_.train, tokens_, *ranks_, kernels_));
  scorer_ = std::make_unique<Scorer>(trainer_->layout(), kernels_, *ranks_);
  if (checkpoint) {
    before_ = checkpoint->facts;
    trainer_->restore(std::move(checkpoint->state));
    FABRICA_DO(job_.report(
        {.step = trainer_->state().step, .text = fmt::format("Going on from step {}.", trainer_->state().step)}));
  }
  started_s_ = rate_s_ = now_s();
  rate_step_ = trainer_->state().step;
  return {};
}

Result<> Run::after_step(StepReport const& step) {
  int const steps = settings_.train.steps;
  double const progress = static_cast<double>(step.step) / steps;
  double const now = now_s();
  if (now - rate_s_ >= 1.0 || step.step == steps) {
    double const rate = (step.step - rate_step_) * static_cast<double>(settings_.train.batch_tokens) / (now - rate_s_);
    FABRICA_DO(job_.report({.step = step.step,
                            .metrics = {{"loss", step.loss},
                                        {"tokens_per_s", rate},
                                        {"learning_rate", step.learning_rate},
                                        {"gradient_norm", step.gradient_norm},
                                        {"progress", progress}},
                            .progress = progress}));
    rate_s_ = now;
    rate_step_ = step.step;
  }
  if (step.step % settings_.validate_every == 0 || step.step == steps) {
    auto const result = validate(*scorer_, trainer_->state().weights, validation_, settings_.train.model.context);
    record_.validation_loss = result.loss;
    record_.validation_bits_per_byte = result.bits_per_byte;
    FABRICA_DO(job_.report({.step = step.step,
                            .metrics = {{"validation_loss", result.loss}, {"bits_per_byte", result.bits_per_byte}},
                            .progress = progress,
                            .text = fmt::format("Step {} of {}: validation {:.3f} nats a token, {:.3f} bits a byte.",
                                                step.step, steps, result.loss, result.bits_per_byte)}));
    rate_s_ += now_s() - now;
  }
  if (step.step % settings_.checkpoint_every == 0 || step.step == steps) FABRICA_DO(save());
  return {};
}

Result<> Run::save() {
  double const begin = now_s();
  FABRICA_DO(CheckpointFolder{job_.checkpoints}.save(trainer_->state(), facts(), trainer_->layout()));
  rate_s_ += now_s() - begin;
  return {};
}

Result<> Run::finish() {
  if (record_.validation_loss == 0) {  // restarted after the last step
    auto const result = validate(*scorer_, trainer_->state().weights, validation_, settings_.train.model.context);
    record_.validation_loss = result.loss;
    record_.validation_bits_per_byte = result.bits_per_byte;
  }
  auto const now = facts();
  record_.job = job_.id;
  record_.settings = settings_;
  record_.parameters = trainer_->layout().size();
  record_.ranks = now.ranks;
  record_.kernels = kernels_.name;
  record_.wall_s = now.wall_s;
  record_.flop = now.flop;
  record_.losses = trainer_->state().losses;
  SeededRandom random{settings_.train.seed};
  for (auto const& prompt : settings_.sample_prompts) {
    std::vector<int> ids;
    tokenizer_->encode(prompt, ids);
    auto const made =
        generate(trainer_->layout(), kernels_, trainer_->state().weights.data(), ids, kSampleTokens, {}, random);
    record_.samples.push_back({prompt, valid_utf8(tokenizer_->decode(made))});
  }
  FABRICA_DO(write_model_folder(job_.outputs, trainer_->layout(), trainer_->state().weights, *tokenizer_));
  FABRICA_DO(write_record(job_.outputs, record_));
  return job_.report({.step = settings_.train.steps,
                      .metrics = {{"progress", 1.0}},
                      .progress = 1.0,
                      .text = fmt::format("Model written: {} parameters, {:.3f} bits a byte on validation text.",
                                          record_.parameters, record_.validation_bits_per_byte)});
}

Result<int> Run::run() {
  FABRICA_DO(prepare());
  FABRICA_DO(start());
  stop_by_request();
  while (trainer_->state().step < settings_.train.steps) {
    FABRICA_TRY(auto const step, trainer_->step(stop_requested()));
    if (!step) {
      FABRICA_DO(save());
      return kStoppedStatus;
    }
    FABRICA_DO(after_step(*step));
  }
  FABRICA_DO(finish());
  return 0;
}

}  // namespace

Result<int> train(Job const& job) {
  auto const* const kernels = kernels_for_this_cpu();
  if (!kernels)
    return fail(Errc::unavailable, "cpu", "This program needs a CPU with AVX2 and FMA (x86-64-v3): any since 2015.");
  FABRICA_TRY(auto settings, parse_settings(job.parameters));
  return Run{job, std::move(settings), *kernels}.run();
}

}  // namespace fabrica::recipe
