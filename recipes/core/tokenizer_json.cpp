// tokenizer.json of Hugging Face's tokenizers: byte-level BPE, where each byte is written as one printable character.
#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>

#include "core/tokenizer.hpp"

namespace fabrica::recipe {

namespace {

namespace json = boost::json;

// The byte alphabet of GPT-2: printable Latin-1 bytes stand for themselves, the others for U+0100 and on.
std::array<std::string, 256> byte_alphabet() {
  std::array<std::string, 256> alphabet;
  int next = 0x100;
  for (int b = 0; b < 256; ++b) {
    bool const printable = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
    int const code = printable ? b : next++;
    auto& text = alphabet[static_cast<std::size_t>(b)];
    if (code < 0x80) {
      text.push_back(static_cast<char>(code));
    } else {
      text.push_back(static_cast<char>(0xC0 | code >> 6));
      text.push_back(static_cast<char>(0x80 | (code & 0x3F)));
    }
  }
  return alphabet;
}

std::string written(std::string_view bytes, std::array<std::string, 256> const& alphabet) {
  std::string text;
  for (char const c : bytes) text += alphabet[static_cast<unsigned char>(c)];
  return text;
}

std::unexpected<Error> refuse(std::string what) {
  return fail(Errc::invalid, "tokenizer", fmt::format("tokenizer.json: {}", what));
}

json::value pre_tokenizer() {
  return {
      {"type", "Sequence"},
      {"pretokenizers",
       json::array{
           {{"type", "Split"}, {"pattern", {{"Regex", kPiecePattern}}}, {"behavior", "Isolated"}, {"invert", false}},
           {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", false}}}}};
}

json::value begin_of_text_processor() {
  json::object const special{{"SpecialToken", {{"id", Tokenizer::kEndOfTextName}, {"type_id", 0}}}};
  auto const sequence = [](char const* id) { return json::object{{"Sequence", {{"id", id}, {"type_id", 0}}}}; };
  json::object names;
  names[Tokenizer::kEndOfTextName] = {{"id", Tokenizer::kEndOfTextName},
                                      {"ids", json::array{Tokenizer::kEndOfText}},
                                      {"tokens", json::array{Tokenizer::kEndOfTextName}}};
  return {{"type", "TemplateProcessing"},
          {"single", json::array{special, sequence("A")}},
          {"pair", json::array{special, sequence("A"), special, sequence("B")}},
          {"special_tokens", names}};
}

}  // namespace

std::string Tokenizer::to_json() const {
  auto const alphabet = byte_alphabet();
  json::object vocab;
  vocab.reserve(bytes_.size());
  vocab[kEndOfTextName] = kEndOfText;
  for (int id = kFirstByte; id < vocab_size(); ++id)
    vocab[written(bytes_[static_cast<std::size_t>(id)], alphabet)] = id;
  json::array merges;
  for (auto const& [left, right] : merges_)
    merges.push_back(json::array{written(bytes_[static_cast<std::size_t>(left)], alphabet),
                                 written(bytes_[static_cast<std::size_t>(right)], alphabet)});
  json::object const byte_level{
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", false}};
  json::object const root{{"version", "1.0"},
                          {"truncation", nullptr},
                          {"padding", nullptr},
                          {"added_tokens", json::array{{{"id", kEndOfText},
                                                        {"content", kEndOfTextName},
                                                        {"single_word", false},
                                                        {"lstrip", false},
                                                        {"rstrip", false},
                                                        {"normalized", false},
                                                        {"special", true}}}},
                          {"normalizer", nullptr},
                          {"pre_tokenizer", pre_tokenizer()},
                          {"post_processor", begin_of_text_processor()},
                          {"decoder", byte_level},
                          {"model",
                           {{"type", "BPE"},
                            {"dropout", nullptr},
                            {"unk_token", nullptr},
                            {"continuing_subword_prefix", nullptr},
                            {"end_of_word_suffix", nullptr},
                            {"fuse_unk", false},
                            {"byte_fallback", false},
                            {"ignore_merges", false},
                            {"vocab", vocab},
                            {"merges", merges}}}};
  return json::serialize(root) + "\n";
}

Result<Tokenizer> Tokenizer::parse(std::string_view text) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 16;
  auto const root = json::parse(text, error, {}, options);
  if (error) return refuse(fmt::format("no JSON: {}.", error.message()));
  auto const at = [&](char const* pointer) -> json::value const* {
    boost::system::error_code missing;
    return root.find_pointer(pointer, missing);
  };
  auto const* const cut = at("/pre_tokenizer");
  auto const* const type = at("/model/type");
  auto const* const vocab = at("/model/vocab");
  auto const* const merges = at("/model/merges");
  if (!type || *type != json::value("BPE") || !cut || *cut != pre_tokenizer() || !vocab || !vocab->is_object() ||
      !merges || !merges->is_array())
    return refuse("not a byte-level BPE tokenizer as fabrica-gpt writes it; other kinds are not read.");
  auto const& pairs = merges->get_array();
  if (pairs.size() > 65536) return refuse("more than 65536 merges.");
  auto const alphabet = byte_alphabet();
  Tokenizer tokenizer;
  std::unordered_map<std::string, int> ids;
  for (int b = 0; b < 256; ++b) ids.emplace(alphabet[static_cast<std::size_t>(b)], kFirstByte + b);
  for (auto const& pair : pairs) {
    auto const* const both = pair.if_array();
    if (!both || both->size() != 2 || !(*both)[0].is_string() || !(*both)[1].is_string())
      return refuse(fmt::format("merge {} is not a pair of strings.", tokenizer.merges_.size()));
    auto const left = std::string{(*both)[0].get_string()};
    auto const right = std::string{(*both)[1].get_string()};
    auto const l = ids.find(left);
    auto const r = ids.find(right);
    if (l == ids.end() || r == ids.end() || left.size() + right.size() > 1024)
      return refuse(
          fmt::format("merge {} joins tokens that no earlier merge made, or is too long.", tokenizer.merges_.size()));
    if (!ids.emplace(left + right, tokenizer.vocab_size()).second)
      return refuse(fmt::format("merge {} makes a token that exists already.", tokenizer.merges_.size()));
    tokenizer.add_merge(l->second, r->second);
  }
  auto const& table = vocab->get_object();
  if (table.size() != static_cast<std::size_t>(tokenizer.vocab_size()))
    return refuse(
        fmt::format("{} tokens in the vocabulary, the merges make {}.", table.size(), tokenizer.vocab_size()));
  for (auto const& [token, id] : ids)
    if (auto const* const found = table.if_contains(token); !found || *found != json::value(id))
      return refuse("a token of the vocabulary has another id than its merge.");
  return tokenizer;
}

}  // namespace fabrica::recipe
