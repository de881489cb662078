#include "gpt/report.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <fstream>

#include "core/files.hpp"

namespace fabrica::recipe {

namespace {

namespace json = boost::json;

std::string cpu_name() {
  std::ifstream in{"/proc/cpuinfo"};
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name") && line.find(": ") != std::string::npos) return line.substr(line.find(": ") + 2);
  return "unknown";
}

std::size_t tokens_seen(TrainingRecord const& r) {
  return r.losses.size() * static_cast<std::size_t>(r.settings.train.batch_tokens);
}

std::string training_json(TrainingRecord const& r) {
  json::array languages;
  for (auto const& l : r.languages)
    languages.push_back({{"language", l.language}, {"documents", l.documents}, {"bytes", l.bytes}});
  json::array samples;
  for (auto const& s : r.samples) samples.push_back({{"prompt", s.prompt}, {"text", s.text}});
  json::object const root{
      {"format", "fabrica-gpt-training-1"},
      {"job", r.job},
      {"program", "fabrica-gpt"},
      {"parameters", json::parse(to_json(r.settings))},
      {"model_parameters", r.parameters},
      {"corpus", {{"languages", std::move(languages)}, {"tokens", r.corpus_tokens}}},
      {"tokens_seen", tokens_seen(r)},
      {"flop", {{"value", r.flop}, {"method", "counted: 2mnk of every matrix product of training, nothing else"}}},
      {"wall_s", r.wall_s},
      {"cpu", cpu_name()},
      {"ranks", r.ranks},
      {"kernels", r.kernels},
      {"dtype", "float32"},
      {"final",
       {{"loss", r.losses.empty() ? 0.0 : static_cast<double>(r.losses.back())},
        {"validation_loss", r.validation_loss},
        {"validation_bits_per_byte", r.validation_bits_per_byte}}},
      {"losses", "losses.csv"},
      {"samples", std::move(samples)}};
  return json::serialize(root) + "\n";
}

std::string front_matter(TrainingRecord const& r) {
  std::string text = "---\nlanguage:\n";
  for (auto const& l : r.languages) text += fmt::format("- {}\n", l.language);
  if (!r.settings.license.empty())
    text += fmt::format("license: {}\n", json::serialize(json::value(r.settings.license)));
  return text + "library_name: transformers\npipeline_tag: text-generation\n---\n\n";
}

std::string block_quote(std::string_view text) {
  std::string out = "> ";
  for (char const c : text) out += c == '\n' ? std::string{"\n> "} : std::string(1, c);
  return out;
}

std::string model_card(TrainingRecord const& r) {
  auto const& t = r.settings.train;
  auto const& m = t.model;
  auto text = front_matter(r);
  text +=
      fmt::format("# {}\n\n", r.settings.model_name.empty() ? "Language model of job " + r.job : r.settings.model_name);
  text += fmt::format(
      "A decoder language model in the layout of Llama, trained from random weights by `fabrica-gpt` as job {}. It "
      "continues text in the style of what it was trained on. It is not aligned, not instructed and not a source of "
      "facts.\n\n"
      "| | |\n| --- | --- |\n| parameters | {} |\n| layers, width, heads, key heads | {}, {}, {}, {} |\n| MLP width | "
      "{} |\n"
      "| context | {} tokens |\n| vocabulary | {} tokens, byte-level BPE |\n| number format | float32 |\n\n",
      r.job, r.parameters, m.layers, m.d_model, m.heads, m.kv_heads, m.d_ff, m.context, m.vocab_size);
  text += "## Training text\n\n| language | documents | bytes |\n| --- | --- | --- |\n";
  for (auto const& l : r.languages) text += fmt::format("| {} | {} | {} |\n", l.language, l.documents, l.bytes);
  text += fmt::format(
      "\n## Training\n\nAdamW with decoupled decay {}, gradient norm clipped at {}, learning rate {} after {} steps of "
      "warm-up falling by a cosine to a tenth, {} steps of {} tokens ({} tokens in all, {:.2f} times the corpus), seed "
      "{}. {:.3g} floating-point operations counted in {:.0f} s on {} threads of {}. `training.json` has every "
      "parameter, `losses.csv` the loss of every step.\n",
      t.weight_decay, t.clip, t.learning_rate, t.warmup_steps, t.steps, t.batch_tokens, tokens_seen(r),
      static_cast<double>(tokens_seen(r)) / static_cast<double>(r.corpus_tokens), t.seed, r.flop, r.wall_s, r.ranks,
      cpu_name());
  text += fmt::format("\n## Result\n\nOn the validation split: {:.4f} nats a token, {:.4f} bits a byte.\n",
                      r.validation_loss, r.validation_bits_per_byte);
  if (!r.samples.empty()) text += "\n## Samples\n\nUnselected, temperature 0.8, top 40; the prompt in bold.\n";
  for (auto const& s : r.samples) text += fmt::format("\n{}\n", block_quote(fmt::format("**{}**{}", s.prompt, s.text)));
  return text;
}

}  // namespace

Result<> write_record(std::filesystem::path const& folder, TrainingRecord const& record) {
  std::string losses = "step,loss_nats_per_token\n";
  for (std::size_t i = 0; i < record.losses.size(); ++i) losses += fmt::format("{},{}\n", i + 1, record.losses[i]);
  FABRICA_DO(write_file(folder / "losses.csv", losses));
  FABRICA_DO(write_file(folder / "training.json", training_json(record)));
  return write_file(folder / "README.md", model_card(record));
}

}  // namespace fabrica::recipe
