#include "core/tokenizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <queue>

#include "core/tokenizer_pieces.hpp"

namespace fabrica::recipe {

namespace {

enum class Kind : std::uint8_t { control, space, digit, sign, letter };

Kind kind_of(char c) {
  auto const b = static_cast<unsigned char>(c);
  if (b == ' ') return Kind::space;
  if (b < 0x20 || b == 0x7F) return Kind::control;
  if (b >= '0' && b <= '9') return Kind::digit;
  if (b >= 0x80 || (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z')) return Kind::letter;
  return Kind::sign;
}

std::size_t run(std::string_view text, std::size_t from, Kind kind, std::size_t most) {
  std::size_t n = 0;
  while (from + n < text.size() && n < most && kind_of(text[from + n]) == kind) ++n;
  return n;
}

}  // namespace

std::string_view const kPiecePattern =
    R"( ?[^\x00-@\[-`{-\x7F]+| ?[0-9]{1,3}| ?[!-\/:-@\[-`{-~]+|[\x00-\x1F\x7F]+| +(?= )| )";

std::string_view next_piece(std::string_view text) {
  constexpr auto kAll = std::string_view::npos;
  std::size_t const lead = text[0] == ' ' ? 1 : 0;
  if (lead < text.size()) {
    auto const kind = kind_of(text[lead]);
    if (kind == Kind::letter || kind == Kind::sign) return text.substr(0, lead + run(text, lead, kind, kAll));
    if (kind == Kind::digit) return text.substr(0, lead + run(text, lead, kind, 3));
    if (kind == Kind::control && lead == 0) return text.substr(0, run(text, 0, kind, kAll));
  }
  auto const spaces = run(text, 0, Kind::space, kAll);
  return text.substr(0, spaces > 1 ? spaces - 1 : 1);  // the last space may belong to the piece after
}

Tokenizer::Tokenizer() {
  bytes_.emplace_back();
  for (int b = 0; b < 256; ++b) bytes_.emplace_back(1, static_cast<char>(b));
}

void Tokenizer::add_merge(int left, int right) {
  rank_.emplace(key(left, right), static_cast<int>(merges_.size()));
  merges_.emplace_back(left, right);
  bytes_.push_back(bytes_[static_cast<std::size_t>(left)] + bytes_[static_cast<std::size_t>(right)]);
}

Result<Tokenizer> Tokenizer::train(std::span<std::string_view const> texts, int vocab_size) {
  if (vocab_size < kFirstMerge || vocab_size > 65536)
    return fail(Errc::invalid, "vocab_size",
                fmt::format("vocab_size must be {} to 65536, is {}.", kFirstMerge, vocab_size));
  Tokenizer tokenizer;
  PieceTable table{texts};
  while (tokenizer.vocab_size() < vocab_size) {
    auto const pair = table.most_frequent_pair();
    if (!pair) break;
    tokenizer.add_merge(pair->first, pair->second);
    table.merge(pair->first, pair->second, tokenizer.vocab_size() - 1);
  }
  return tokenizer;
}

void Tokenizer::encode(std::string_view text, std::vector<int>& ids) const {
  // Most pieces are words seen before in the same text.
  std::unordered_map<std::string_view, std::pair<std::size_t, std::size_t>> seen;  // piece -> its range in ids
  while (!text.empty()) {
    auto const piece = next_piece(text);
    text.remove_prefix(piece.size());
    auto const begin = ids.size();
    if (auto const known = seen.find(piece); known != seen.end()) {
      for (std::size_t i = known->second.first; i < known->second.second; ++i) ids.push_back(int{ids[i]});
      continue;
    }
    encode_piece(piece, ids);
    seen.emplace(piece, std::pair{begin, ids.size()});
  }
}

// Always the merge learned first, leftmost first: by a queue of candidate pairs over a linked list of tokens, so that a
// piece of a million letters costs n log n.
void Tokenizer::encode_piece(std::string_view piece, std::vector<int>& ids) const {
  struct Node {
    int id, previous, next;
  };
  std::vector<Node> nodes;
  nodes.reserve(piece.size());
  int const n = static_cast<int>(piece.size());
  for (int i = 0; i < n; ++i)
    nodes.push_back({kFirstByte + static_cast<unsigned char>(piece[static_cast<std::size_t>(i)]), i - 1, i + 1});
  struct Candidate {
    int rank, at, left, right;
    bool operator>(Candidate const& o) const { return rank != o.rank ? rank > o.rank : at > o.at; }
  };
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  auto const offer = [&](int at) {
    if (at < 0 || nodes[static_cast<std::size_t>(at)].next >= n) return;
    auto const& left = nodes[static_cast<std::size_t>(at)];
    auto const& right = nodes[static_cast<std::size_t>(left.next)];
    if (auto const found = rank_.find(key(left.id, right.id)); found != rank_.end())
      queue.push({found->second, at, left.id, right.id});
  };
  for (int i = 0; i + 1 < n; ++i) offer(i);
  while (!queue.empty()) {
    auto const best = queue.top();
    queue.pop();
    auto& left = nodes[static_cast<std::size_t>(best.at)];
    if (left.id != best.left || left.next >= n) continue;  // one of the two was merged away meanwhile
    auto& right = nodes[static_cast<std::size_t>(left.next)];
    if (right.id != best.right) continue;
    left.id = kFirstMerge + best.rank;
    left.next = right.next;
    right.id = -1;
    if (left.next < n) nodes[static_cast<std::size_t>(left.next)].previous = best.at;
    offer(left.previous);
    offer(best.at);
  }
  for (int i = 0; i < n; i = nodes[static_cast<std::size_t>(i)].next)
    ids.push_back(nodes[static_cast<std::size_t>(i)].id);
}

std::string Tokenizer::decode(std::span<int const> ids) const {
  std::string text;
  for (int const id : ids)
    if (id > 0 && id < vocab_size()) text += bytes_[static_cast<std::size_t>(id)];
  return text;
}

}  // namespace fabrica::recipe
