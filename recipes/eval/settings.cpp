#include "eval/settings.hpp"

#include "core/parameters.hpp"

namespace fabrica::recipe {

Result<EvalSettings> parse_eval_settings(std::string_view text) {
  FABRICA_TRY(auto in, Parameters::parse(text));
  EvalSettings s;
  in.integer("max_bytes_per_language", s.max_bytes_per_language, 1000, 1 << 30);
  in.integer("bootstrap_rounds", s.bootstrap_rounds, 100, 100'000);
  in.integer("memorisation_samples", s.memorisation_samples, 0, 100'000);
  in.integer("membership_samples", s.membership_samples, 0, 100'000);
  in.seed("seed", s.seed);
  in.strings("sample_prompts", s.sample_prompts, 32, 2000);
  FABRICA_DO(in.done());
  return s;
}

}  // namespace fabrica::recipe
