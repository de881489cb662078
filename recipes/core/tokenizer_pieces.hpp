#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fabrica::recipe {

// The distinct pieces of a text with their counts, and how often each pair of neighbouring tokens occurs in them:
// what learning merges works on. A merge touches only the pieces that hold its pair.
class PieceTable {
 public:
  explicit PieceTable(std::span<std::string_view const> texts);

  // Ties go to the smaller ids, so the result does not depend on the order of the texts. Nothing when no pair is left
  // that occurs twice.
  std::optional<std::pair<int, int>> most_frequent_pair();
  void merge(int left, int right, int merged);

 private:
  struct Piece {
    std::vector<int> ids;
    std::int64_t count = 0;
  };
  struct Pair {
    std::int64_t count = 0;
    std::vector<std::int32_t> pieces;  // where it occurs or once did
  };
  struct Candidate {
    std::int64_t count;
    std::uint64_t key;
    bool operator<(Candidate const& o) const { return count != o.count ? count < o.count : key > o.key; }
  };

  static std::uint64_t key(int left, int right) {
    return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint32_t>(right);
  }
  void count_pairs(std::int32_t piece);

  std::vector<Piece> pieces_;
  std::unordered_map<std::uint64_t, Pair> pairs_;
  std::priority_queue<Candidate> queue_;  // counts at the time of entry: corrected when taken out
};

}  // namespace fabrica::recipe
