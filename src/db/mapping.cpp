#include "db/mapping.hpp"

#include <fmt/format.h>

namespace fabrica::db::detail {

void missing_column(std::string_view member, Row const& row) {
  std::string have;
  for (int at = 0; at < row.columns(); ++at) have += fmt::format("{}{}", at ? ", " : "", row.name(at));
  die(fmt::format("a query gives no column \"{}\" for the member of that name; it gives: {}", member, have));
}

void null_column(Row const& row, int column) {
  die(fmt::format("column \"{}\" is NULL and its member is not optional", row.name(column)));
}

void unfit_column(Row const& row, int column, std::string_view wanted) {
  die(fmt::format("column \"{}\" holds \"{}\", which is not {}", row.name(column), row.text(column).substr(0, 64),
                  wanted));
}

void unfit_parameter(std::string_view what) { die(fmt::format("a parameter is {}", what)); }

int column_of(Row const& row, std::string_view member) {
  for (int at = 0; at < row.columns(); ++at)
    if (row.name(at) == member) return at;
  missing_column(member, row);
}

}  // namespace fabrica::db::detail
