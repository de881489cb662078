#include "json/nearest.hpp"

#include <algorithm>
#include <vector>

namespace fabrica::json {
namespace {

// Levenshtein distance, given up beyond `most`.
std::size_t distance(std::string_view a, std::string_view b, std::size_t most) {
  if (a.size() > b.size() + most || b.size() > a.size() + most) return most + 1;
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t column = 0; column <= b.size(); ++column) row[column] = column;
  for (std::size_t line = 1; line <= a.size(); ++line) {
    std::size_t diagonal = row[0]++;
    for (std::size_t column = 1; column <= b.size(); ++column) {
      auto const above = row[column];
      row[column] = std::min({above + 1, row[column - 1] + 1, diagonal + (a[line - 1] == b[column - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view name, std::span<std::string_view const> names) {
  if (name.size() > 64) return {};
  // Two letters that changed places are two changes.
  std::size_t best = std::max<std::size_t>(name.size() < 4 ? 1 : 2, name.size() / 3) + 1;
  std::string_view found;
  for (auto const one : names)
    if (auto const far = distance(name, one, best); far < best) best = far, found = one;
  return found;
}

}  // namespace fabrica::json
