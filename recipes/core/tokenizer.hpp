#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"

namespace fabrica::recipe {

// Byte-level byte-pair encoding. Every byte is a token, so any text is encoded and comes back unchanged; frequent
// neighbours are merged. Text is first cut into pieces (next_piece) and no token crosses a cut.
//   id 0        <|endoftext|>, stands before every document
//   ids 1..256  the bytes
//   then one id a merge, in the order they were learned
class Tokenizer {
 public:
  static constexpr int kEndOfText = 0;
  static constexpr int kFirstByte = 1;
  static constexpr int kFirstMerge = 257;
  static constexpr std::string_view kEndOfTextName = "<|endoftext|>";

  // Learns merges until there are vocab_size tokens or no pair of tokens occurs twice. The same text in any order
  // gives the same tokenizer. Errors: invalid "vocab_size".
  static Result<Tokenizer> train(std::span<std::string_view const> texts, int vocab_size);

  // Reads what to_json wrote, or another tokenizer.json of the same kind. Errors: invalid "tokenizer".
  static Result<Tokenizer> parse(std::string_view json);

  // Hugging Face's tokenizer.json.
  std::string to_json() const;

  int vocab_size() const { return static_cast<int>(bytes_.size()); }
  // Appends; no end-of-text token is added and none is recognised inside the text.
  void encode(std::string_view text, std::vector<int>& ids) const;
  // Unknown ids and end-of-text give nothing.
  std::string decode(std::span<int const> ids) const;
  std::size_t length_bytes(int id) const { return bytes_[static_cast<std::size_t>(id)].size(); }

 private:
  Tokenizer();
  static std::uint64_t key(int left, int right) {
    return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint32_t>(right);
  }
  void add_merge(int left, int right);
  void encode_piece(std::string_view piece, std::vector<int>& ids) const;

  std::vector<std::string> bytes_;               // what each id stands for
  std::vector<std::pair<int, int>> merges_;      // merge i makes id kFirstMerge + i
  std::unordered_map<std::uint64_t, int> rank_;  // pair -> merge
};

// The first piece of a text that is not empty: letters (every character beyond ASCII counts as one) or digits (at most
// three) or other signs, each with one space before; control characters; spaces. The same cut as kPiecePattern.
std::string_view next_piece(std::string_view text);
extern std::string_view const kPiecePattern;

}  // namespace fabrica::recipe
