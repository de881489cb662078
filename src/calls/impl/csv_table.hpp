#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace fabrica::calls {

struct CsvRow {
  std::int64_t line = 0;  // of the file, from 1
  std::vector<std::string> cells;
};

struct CsvTable {
  std::vector<std::string> header;
  std::vector<CsvRow> rows;
};

// RFC 4180 with LF or CRLF, a comma or a semicolon (as the header has it), and a byte order mark or none. An apostrophe
// that a spreadsheet was given so that it does not calculate goes. Faults at /proposals_csv/<line>. At most 5,000 rows
// of 500 columns.
CsvTable read_csv(std::string_view text, std::vector<Fault>& faults);

}  // namespace fabrica::calls
