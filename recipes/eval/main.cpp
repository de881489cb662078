// fabrica-eval: evaluates a language model as a job (docs/guide/job-contract.md, recipes/README.md).
#include <fmt/format.h>

#include "core/files.hpp"
#include "core/job.hpp"
#include "eval/evaluation.hpp"

namespace fabrica::recipe {

namespace {

// Each figure for people and machines while the job runs; results.json has them all with their intervals.
Result<> report_metrics(Job const& job, Results const& results) {
  long step = 0;
  for (auto const& m : results.metrics) {
    auto const name = m.slice == "all" ? m.name : fmt::format("{}.{}", m.name, m.slice);
    FABRICA_DO(job.report({.step = ++step, .metrics = {{name.c_str(), m.value}}}));
  }
  for (auto const& g : results.gates)
    FABRICA_DO(job.report({.step = ++step,
                           .metrics = {{g.name.c_str(), g.holds ? 1.0 : 0.0}},
                           .text = fmt::format("Gate {} {}: {:.4f} against {:.4f}.", g.name,
                                               g.holds ? "holds" : "does not hold", g.value, g.bound)}));
  return {};
}

Result<int> evaluate(Job const& job) {
  FABRICA_TRY(auto const settings, parse_eval_settings(job.parameters));
  auto const* const kernels = kernels_for_this_cpu();
  if (!kernels)
    return fail(Errc::unavailable, "cpu", "This program needs a CPU with AVX2 and FMA (x86-64-v3): any since 2015.");
  FABRICA_DO(job.report({.progress = 0.0, .text = "Reading the model and the corpus."}));
  FABRICA_TRY(auto const model, load_model(job.inputs / "model"));
  FABRICA_TRY(auto const tokenizer, load_tokenizer(job.inputs / "model" / "tokenizer.json"));
  auto const& config = model.layout.config();
  if (tokenizer.vocab_size() > config.vocab_size)
    return fail(Errc::invalid, "model",
                fmt::format("tokenizer.json has {} tokens, the model {}.", tokenizer.vocab_size(), config.vocab_size));
  FABRICA_TRY(auto const training, read_split(job.inputs / "corpus" / "train"));
  FABRICA_TRY(auto const heldout, read_split(job.inputs / "corpus" / "held_out"));
  Ranks ranks{job.cpus};
  Subject const subject{model, tokenizer, *kernels, ranks, training, heldout};
  Results results{.job = job.id,
                  .settings = settings,
                  .model_parameters = model.layout.size(),
                  .vocab_size = config.vocab_size,
                  .context = config.context,
                  .kernels = kernels->name};
  FABRICA_DO(job.report({.progress = 0.1, .text = "Measuring held-out loss and the baselines."}));
  FABRICA_DO(measure_quality(subject, results));
  FABRICA_DO(job.report({.progress = 0.6, .text = "Measuring memorisation."}));
  measure_memorisation(subject, results);
  FABRICA_DO(job.report({.progress = 0.8, .text = "Measuring membership inference."}));
  measure_membership(subject, results);
  make_samples(subject, results);
  FABRICA_DO(write_file(job.outputs / "results.json", to_json(results)));
  FABRICA_DO(report_metrics(job, results));
  FABRICA_DO(job.report({.progress = 1.0, .text = "Evaluation written."}));
  return 0;
}

Result<int> command(int argc, char** argv) {
  if (argc > 1)
    return fail(
        Errc::invalid, "usage",
        fmt::format("{} is unknown: fabrica-eval takes no arguments. It runs as a job: docs/guide/job-contract.md.",
                    argv[1]));
  FABRICA_TRY(auto const job, Job::from_environment());
  return evaluate(job);
}

}  // namespace

}  // namespace fabrica::recipe

int main(int argc, char** argv) {
  auto const status = fabrica::recipe::command(argc, argv);
  return status ? *status : fabrica::recipe::report_failure("fabrica-eval", status.error());
}
