// fabrica-gpt: trains a language model as a job, and looks into the models it made.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>
#include <iostream>
#include <map>

#include "core/corpus.hpp"
#include "core/decoder.hpp"
#include "core/files.hpp"
#include "core/model_folder.hpp"
#include "core/pass.hpp"
#include "core/ranks.hpp"
#include "core/utf8.hpp"
#include "gpt/bench.hpp"
#include "gpt/settings.hpp"
#include "gpt/train.hpp"

namespace fabrica::recipe {

namespace {

constexpr std::string_view kUsage =
    R"(fabrica-gpt trains decoder language models and looks into them.

  fabrica-gpt train                                   as a job: docs/guide/job-contract.md, recipes/README.md
  fabrica-gpt logits --model DIR --tokens 1,2,3       scores after each token, as JSON
  fabrica-gpt sample --model DIR --prompt TEXT [--tokens 80] [--seed 1] [--temperature 0.8] [--top-k 40]
  fabrica-gpt tokenizer --corpus DIR --vocab-size N --out FILE    learns a tokenizer from <language>.jsonl files
  fabrica-gpt encode --tokenizer FILE                 JSON strings in, one a line; arrays of ids out
  fabrica-gpt decode --tokenizer FILE                 arrays of ids in, one a line; JSON strings out
  fabrica-gpt bench --parameters FILE [--threads 2] [--seconds 30]    speed of training, as JSON
)";

std::unexpected<Error> usage(std::string what) {
  return fail(Errc::invalid, "usage", fmt::format("{}\n\n{}", what, kUsage));
}

using Options = std::map<std::string, std::string, std::less<>>;

Result<Options> parse_options(int argc, char** argv, std::vector<std::string_view> const& allowed) {
  Options options;
  for (int i = 2; i < argc; i += 2) {
    std::string_view const name = argv[i];
    if (std::ranges::find(allowed, name) == allowed.end()) return usage(fmt::format("Unknown option {}.", name));
    if (i + 1 >= argc) return usage(fmt::format("Option {} needs a value.", name));
    options[std::string{name}] = argv[i + 1];
  }
  return options;
}

Result<std::string> needed(Options const& options, std::string_view name) {
  auto const found = options.find(name);
  if (found == options.end()) return usage(fmt::format("Option {} is missing.", name));
  return found->second;
}

template <class T>
Result<T> number(Options const& options, std::string_view name, T otherwise, T low, T high) {
  auto const found = options.find(name);
  if (found == options.end()) return otherwise;
  T value{};
  auto const& text = found->second;
  auto const read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || !(value >= low && value <= high))
    return usage(fmt::format("Option {} must be a number from {} to {}, is {}.", name, low, high, text));
  return value;
}

Result<Kernels const*> kernels() {
  auto const* const found = kernels_for_this_cpu();
  if (!found)
    return fail(Errc::unavailable, "cpu", "This program needs a CPU with AVX2 and FMA (x86-64-v3): any since 2015.");
  return found;
}

Result<std::vector<int>> parse_ids(std::string_view text, int vocab_size) {
  std::vector<int> ids;
  while (!text.empty()) {
    int id = -1;
    auto const read = std::from_chars(text.data(), text.data() + text.size(), id);
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    bool const good = read.ec == std::errc{} && id >= 0 && id < vocab_size && (text.empty() || text[0] == ',');
    if (!good) return usage(fmt::format("Tokens must be whole numbers from 0 to {}, with commas.", vocab_size - 1));
    if (!text.empty()) text.remove_prefix(1);
    ids.push_back(id);
  }
  return ids;
}

Result<int> logits(Options const& options) {
  FABRICA_TRY(auto const folder, needed(options, "--model"));
  FABRICA_TRY(auto const list, needed(options, "--tokens"));
  FABRICA_TRY(auto const* const set, kernels());
  FABRICA_TRY(auto const model, load_model(folder));
  auto const& config = model.layout.config();
  FABRICA_TRY(auto const ids, parse_ids(list, config.vocab_size));
  if (ids.empty() || ids.size() > static_cast<std::size_t>(config.context))
    return usage(fmt::format("Give 1 to {} tokens.", config.context));
  Ranks const one{1};
  std::vector<float> scores(ids.size() * static_cast<std::size_t>(config.vocab_size));
  Pass{model.layout, *set, 1, static_cast<int>(ids.size()), false}.logits(model.weights.data(), ids, scores);
  fmt::print("{{\"vocab_size\":{},\"logits\":[", config.vocab_size);
  for (std::size_t i = 0; i < scores.size(); ++i) fmt::print("{}{}", i ? "," : "", scores[i]);
  fmt::print("]}}\n");
  return 0;
}

Result<int> sample(Options const& options) {
  FABRICA_TRY(auto const folder, needed(options, "--model"));
  FABRICA_TRY(auto const prompt, needed(options, "--prompt"));
  FABRICA_TRY(auto const most, number(options, "--tokens", 80, 1, 8192));
  FABRICA_TRY(auto const seed, number<std::uint64_t>(options, "--seed", 1, 0, ~std::uint64_t{0}));
  SamplingChoice choice;
  FABRICA_TRY(choice.temperature, number(options, "--temperature", choice.temperature, 0.0, 100.0));
  FABRICA_TRY(choice.top_k, number(options, "--top-k", choice.top_k, 0, 1 << 18));
  FABRICA_TRY(auto const* const set, kernels());
  FABRICA_TRY(auto const model, load_model(folder));
  FABRICA_TRY(auto const tokenizer, load_tokenizer(std::filesystem::path{folder} / "tokenizer.json"));
  if (tokenizer.vocab_size() > model.layout.config().vocab_size)
    return fail(Errc::invalid, "model", "The tokenizer has more tokens than the model.");
  Ranks const one{1};
  std::vector<int> ids;
  tokenizer.encode(prompt, ids);
  SeededRandom random{seed};
  auto const made = generate(model.layout, *set, model.weights.data(), ids, most, choice, random);
  fmt::print("{}{}\n", prompt, valid_utf8(tokenizer.decode(made)));
  return 0;
}

Result<int> learn(Options const& options) {
  FABRICA_TRY(auto const folder, needed(options, "--corpus"));
  FABRICA_TRY(auto const out, needed(options, "--out"));
  FABRICA_TRY(auto const vocab_size, number(options, "--vocab-size", 4096, 257, 65536));
  FABRICA_TRY(auto const split, read_split(folder));
  std::vector<std::string_view> texts;
  for (auto const& language : split)
    for (auto const& document : language.documents) texts.push_back(document.text);
  FABRICA_TRY(auto const tokenizer, Tokenizer::train(texts, vocab_size));
  FABRICA_DO(write_file(out, tokenizer.to_json()));
  return 0;
}

Result<int> encode(Options const& options) {
  FABRICA_TRY(auto const file, needed(options, "--tokenizer"));
  FABRICA_TRY(auto const tokenizer, load_tokenizer(file));
  for (std::string line; std::getline(std::cin, line);) {
    boost::system::error_code error;
    auto const value = boost::json::parse(line, error);
    if (error || !value.is_string()) return usage("encode reads one JSON string a line.");
    std::vector<int> ids;
    tokenizer.encode(value.get_string(), ids);
    fmt::print("[{}]\n", fmt::join(ids, ","));
  }
  return 0;
}

Result<int> decode(Options const& options) {
  FABRICA_TRY(auto const file, needed(options, "--tokenizer"));
  FABRICA_TRY(auto const tokenizer, load_tokenizer(file));
  for (std::string line; std::getline(std::cin, line);) {
    if (line.size() < 2 || line.front() != '[' || line.back() != ']') return usage("decode reads one array a line.");
    FABRICA_TRY(auto const ids, parse_ids(std::string_view{line}.substr(1, line.size() - 2), tokenizer.vocab_size()));
    fmt::print("{}\n", boost::json::serialize(boost::json::value(valid_utf8(tokenizer.decode(ids)))));
  }
  return 0;
}

Result<int> bench_command(Options const& options) {
  FABRICA_TRY(auto const file, needed(options, "--parameters"));
  FABRICA_TRY(auto const threads, number(options, "--threads", 2, 1, 1024));
  FABRICA_TRY(auto const seconds, number(options, "--seconds", 30.0, 1.0, 3600.0));
  FABRICA_TRY(auto const text, read_file(file, 1U << 20));
  FABRICA_TRY(auto settings, parse_settings(text));
  FABRICA_TRY(auto const result, bench(std::move(settings.train), threads, seconds));
  fmt::print("{}\n", result);
  return 0;
}

Result<int> command(int argc, char** argv) {
  std::string_view const name = argc > 1 ? argv[1] : "";
  if (name == "--help" || name == "help") {
    fmt::print("{}", kUsage);
    return 0;
  }
  if (name == "train") {
    FABRICA_DO(parse_options(argc, argv, {}));
    FABRICA_TRY(auto const job, Job::from_environment());
    return train(job);
  }
  struct Command {
    std::string_view name;
    Result<int> (*run)(Options const&);
    std::vector<std::string_view> options;
  };
  Command const commands[] = {
      {"logits", logits, {"--model", "--tokens"}},
      {"sample", sample, {"--model", "--prompt", "--tokens", "--seed", "--temperature", "--top-k"}},
      {"tokenizer", learn, {"--corpus", "--vocab-size", "--out"}},
      {"encode", encode, {"--tokenizer"}},
      {"decode", decode, {"--tokenizer"}},
      {"bench", bench_command, {"--parameters", "--threads", "--seconds"}},
  };
  for (auto const& c : commands) {
    if (c.name != name) continue;
    FABRICA_TRY(auto const options, parse_options(argc, argv, c.options));
    return c.run(options);
  }
  return usage(name.empty() ? "Say what to do." : fmt::format("Unknown command {}.", name));
}

}  // namespace

}  // namespace fabrica::recipe

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  auto const status = fabrica::recipe::command(argc, argv);
  return status ? *status : fabrica::recipe::report_failure("fabrica-gpt", status.error());
}
