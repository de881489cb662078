#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

// Printable pages made of text from outside, and cells of tables for spreadsheets.
namespace fabrica {

// `text` between tags or inside a quoted attribute. Control characters become U+FFFD.
void escape_html(std::string& out, std::string_view text);
std::string escaped_html(std::string_view text);

// A whole page that loads nothing and runs nothing, for the screen and for A4. The classes it styles: subject, meta (a
// dl), banner, notices, counts, field, cite, mark (missing, declared), none; tables; footer.
class Page {
 public:
  explicit Page(std::string_view title);

  // `open` and `close` are markup, `text` is text.
  void element(std::string_view open, std::string_view text, std::string_view close);
  void markup(std::string_view markup) { out_ += markup; }
  // A row of <dl class="meta">; none where there is no value.
  void meta_row(std::string_view name, std::string_view value);
  // A row of cells of text, each in the direction of its own letters.
  void table_row(std::initializer_list<std::string> cells, std::string_view tag = "td");
  // Ends the page; `footer` is markup, and may be empty.
  std::string finish(std::string_view footer = {});

 private:
  std::string out_;
};

// A quoted CSV cell (RFC 4180) that no spreadsheet takes for a formula: what would begin one gets an apostrophe before
// it.
std::string csv_cell(std::string_view text);

}  // namespace fabrica
