#include "gpt/settings.hpp"

#include <boost/json.hpp>

#include "core/parameters.hpp"

namespace fabrica::recipe {

Result<GptSettings> parse_settings(std::string_view text) {
  FABRICA_TRY(auto in, Parameters::parse(text));
  GptSettings s;
  auto& t = s.train;
  auto& m = t.model;
  m = {.vocab_size = 4096, .layers = 4, .d_model = 256, .heads = 4, .kv_heads = 0, .d_ff = 0, .context = 256};
  t.steps = 800;
  t.learning_rate = 2e-3;
  t.warmup_steps = 50;
  t.weight_decay = 0.1;
  t.seed = 1;
  s.validate_every = 200;
  s.checkpoint_every = 200;
  in.integer("vocab_size", m.vocab_size, 257, 65536);
  in.integer("layers", m.layers, 1, 128);
  in.integer("d_model", m.d_model, 16, 16384);
  in.integer("heads", m.heads, 1, 256);
  in.integer("kv_heads", m.kv_heads, 1, 256);
  in.integer("d_ff", m.d_ff, 16, 65536);
  in.integer("context", m.context, 8, 8192);
  in.boolean("tied_embeddings", m.tied_embeddings);
  in.integer("batch_tokens", t.batch_tokens, 8, 1 << 24);
  in.integer("steps", t.steps, 1, 100'000'000);
  in.real("learning_rate", t.learning_rate, 1e-8, 1.0);
  in.integer("warmup_steps", t.warmup_steps, 0, 1'000'000);
  in.real("weight_decay", t.weight_decay, 0.0, 1.0);
  in.real("clip", t.clip, 1e-3, 1e6);
  in.seed("seed", t.seed);
  in.integer("validate_every", s.validate_every, 1, 100'000'000);
  in.integer("checkpoint_every", s.checkpoint_every, 1, 100'000'000);
  in.strings("sample_prompts", s.sample_prompts, 32, 2000);
  in.string("model_name", s.model_name, 200);
  in.string("license", s.license, 100);
  if (m.kv_heads == 0) m.kv_heads = m.heads;
  if (m.d_ff == 0) m.d_ff = (m.d_model * 8 / 3 + 31) / 32 * 32;  // as many parameters as a plain MLP of 4 d_model
  if (t.batch_tokens % m.context != 0)
    in.fault("batch_tokens", "must be a whole number of sequences: a multiple of context");
  FABRICA_DO(in.done());
  if (auto checked = check(m); !checked)
    return fail(Errc::invalid, "parameters", "Parameter " + checked.error().what, checked.error().faults);
  return s;
}

std::string to_json(GptSettings const& s) {
  auto const& t = s.train;
  auto const& m = t.model;
  boost::json::array prompts;
  for (auto const& prompt : s.sample_prompts) prompts.push_back(boost::json::value(prompt));
  return boost::json::serialize(boost::json::object{{"vocab_size", m.vocab_size},
                                                    {"layers", m.layers},
                                                    {"d_model", m.d_model},
                                                    {"heads", m.heads},
                                                    {"kv_heads", m.kv_heads},
                                                    {"d_ff", m.d_ff},
                                                    {"context", m.context},
                                                    {"tied_embeddings", m.tied_embeddings},
                                                    {"batch_tokens", t.batch_tokens},
                                                    {"steps", t.steps},
                                                    {"learning_rate", t.learning_rate},
                                                    {"warmup_steps", t.warmup_steps},
                                                    {"weight_decay", t.weight_decay},
                                                    {"clip", t.clip},
                                                    {"seed", t.seed},
                                                    {"validate_every", s.validate_every},
                                                    {"checkpoint_every", s.checkpoint_every},
                                                    {"sample_prompts", std::move(prompts)},
                                                    {"model_name", s.model_name},
                                                    {"license", s.license}});
}

}  // namespace fabrica::recipe
