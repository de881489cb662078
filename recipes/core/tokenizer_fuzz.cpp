// Any bytes as tokenizer.json: refused, or a tokenizer that gives every text back. The first byte says whether the rest
// is a whole file or the merges of one.
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "core/tokenizer.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace fabrica::recipe;
  if (size < 1) return 0;
  std::string const text{reinterpret_cast<char const*>(data + 1), size - 1};
  static auto const empty = Tokenizer::train({}, Tokenizer::kFirstMerge)->to_json();
  auto json = text;
  if (data[0] % 2) {
    json = empty;
    json.replace(json.find("\"merges\":[]"), 11, "\"merges\":[" + text + "]");
  }
  auto const tokenizer = Tokenizer::parse(json);
  std::vector<int> ids;
  if (tokenizer) {
    tokenizer->encode(text, ids);
    FABRICA_CHECK(tokenizer->decode(ids) == text);
    FABRICA_CHECK(Tokenizer::parse(tokenizer->to_json()).has_value());
  }
  // The same bytes as text to learn from.
  std::vector<std::string_view> const texts{text};
  auto const learned = Tokenizer::train(texts, 280);
  ids.clear();
  learned->encode(text, ids);
  FABRICA_CHECK(learned->decode(ids) == text);
  return 0;
}
