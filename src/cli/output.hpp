#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json/json.hpp"

namespace fabrica::cli {

// A column of a table: its heading and the JSON pointer of its value in each element.
struct Column {
  std::string heading;
  std::string pointer;
};

// An array of objects as aligned columns; "nothing" when it is empty.
std::string table_of(json::Value list, std::vector<Column> const& columns);
// An object as "name  value" lines, nested members indented.
std::string sheet_of(json::Value object);
// A scalar as people read it: strings without quotes, null as "-".
std::string plain(json::Value value);
// A text from elsewhere without what would steer the terminal (C0 and C1 control characters become spaces).
std::string harmless(std::string_view text);
// "1,234,567"; "12.5 GiB".
std::string grouped(std::int64_t number);
std::string bytes_of(std::int64_t bytes);

// One line that is rewritten on a terminal, and printed now and then off it.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine() { finish(); }
  // share in [0, 1]; negative: unknown.
  void show(double share, std::string_view text);
  void finish();
  bool terminal() const { return terminal_; }

 private:
  bool terminal_;
  bool open_ = false;
  int last_tenth_ = -1;
};

}  // namespace fabrica::cli
