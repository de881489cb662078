#include "core/tokenizer_pieces.hpp"

#include <algorithm>

#include "core/tokenizer.hpp"

namespace fabrica::recipe {

PieceTable::PieceTable(std::span<std::string_view const> texts) {
  std::unordered_map<std::string_view, std::int64_t> counts;
  for (auto text : texts) {
    while (!text.empty()) {
      auto const piece = next_piece(text);
      text.remove_prefix(piece.size());
      ++counts[piece];
    }
  }
  pieces_.reserve(counts.size());
  for (auto const& [text, count] : counts) {
    if (text.size() < 2) continue;
    Piece piece{{}, count};
    for (char const c : text) piece.ids.push_back(Tokenizer::kFirstByte + static_cast<unsigned char>(c));
    pieces_.push_back(std::move(piece));
  }
  for (std::size_t i = 0; i < pieces_.size(); ++i) count_pairs(static_cast<std::int32_t>(i));
  for (auto const& [pair, entry] : pairs_) queue_.push({entry.count, pair});
}

void PieceTable::count_pairs(std::int32_t index) {
  auto const& piece = pieces_[static_cast<std::size_t>(index)];
  for (std::size_t i = 0; i + 1 < piece.ids.size(); ++i) {
    auto& pair = pairs_[key(piece.ids[i], piece.ids[i + 1])];
    pair.count += piece.count;
    if (pair.pieces.empty() || pair.pieces.back() != index) pair.pieces.push_back(index);
  }
}

std::optional<std::pair<int, int>> PieceTable::most_frequent_pair() {
  while (!queue_.empty()) {
    auto const best = queue_.top();
    auto const found = pairs_.find(best.key);
    auto const count = found == pairs_.end() ? 0 : found->second.count;
    if (count == best.count) {
      if (count < 2) return std::nullopt;
      return std::pair{static_cast<int>(best.key >> 32), static_cast<int>(best.key & 0xFFFFFFFFU)};
    }
    queue_.pop();
    if (count > 0) queue_.push({count, best.key});
  }
  return std::nullopt;
}

void PieceTable::merge(int left, int right, int merged) {
  auto const found = pairs_.find(key(left, right));
  auto touched = std::move(found->second.pieces);
  std::ranges::sort(touched);
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  std::vector<std::uint64_t> grown;
  for (auto const index : touched) {
    auto& piece = pieces_[static_cast<std::size_t>(index)];
    auto& ids = piece.ids;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i)
      if (auto const pair = pairs_.find(key(ids[i], ids[i + 1])); pair != pairs_.end())
        pair->second.count -= piece.count;
    std::size_t to = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      bool const both = i + 1 < ids.size() && ids[i] == left && ids[i + 1] == right;
      ids[to++] = both ? merged : ids[i];
      if (both) ++i;
    }
    ids.resize(to);
    count_pairs(index);
    for (std::size_t i = 0; i + 1 < ids.size(); ++i)
      if (ids[i] == merged || ids[i + 1] == merged) grown.push_back(key(ids[i], ids[i + 1]));
  }
  pairs_.erase(key(left, right));
  std::ranges::sort(grown);
  grown.erase(std::unique(grown.begin(), grown.end()), grown.end());
  for (auto const pair : grown)
    if (auto const entry = pairs_.find(pair); entry != pairs_.end() && entry->second.count > 0)
      queue_.push({entry->second.count, pair});
}

}  // namespace fabrica::recipe
