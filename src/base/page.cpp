#include "base/page.hpp"

#include <algorithm>
#include <array>

namespace fabrica {
namespace {

// No fonts, images or addresses from outside; the marks differ by word and border, not by colour alone.
constexpr std::string_view kStyle = R"css(
:root{color-scheme:light;--ink:#1a1f24;--soft:#5a6570;--line:#d5dbe0;--paper:#fff;--shade:#f5f7f8}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.55 Charter,"Bitstream Charter","Noto Serif",Georgia,serif}
main{max-width:47rem;margin:0 auto;padding:3rem 1.25rem 4rem}
h1,h2,dt,th,.mark,.counts,.meta,.banner,.none{font-family:"Inter","Noto Sans","Segoe UI",Roboto,Helvetica,Arial,sans-serif}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .4rem;letter-spacing:-.01em}
.subject{font-size:1.15rem;color:var(--soft);margin:0 0 1.5rem}
h2{font-size:1.15rem;margin:2.6rem 0 .4rem;padding-top:.8rem;border-top:2px solid var(--ink);break-after:avoid}
.meta{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;font-size:.85rem;margin:0 0 1.2rem}
.meta dt{color:var(--soft)}.meta dd{margin:0;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;font-size:.9rem;margin:.3rem 0}
th,td{border:1px solid var(--line);padding:.25rem .5rem;text-align:start;vertical-align:top;overflow-wrap:anywhere}
th{background:var(--shade);font-size:.8rem}tr{break-inside:avoid}
.counts{width:auto;margin:0 0 1.2rem;font-size:.85rem}
.counts th,.counts td{padding:.3rem .9rem;text-align:center}
.banner{border:2px solid var(--ink);padding:.6rem .9rem;margin:0 0 1.2rem;font-weight:700;letter-spacing:.04em}
.notices{background:var(--shade);border-left:4px solid var(--ink);
margin:0 0 1.2rem;padding:.7rem 1rem .7rem 2rem;font-size:.92rem}
.field{padding:.7rem 0;border-bottom:1px solid var(--line);break-inside:avoid}
.field dt{font-size:.85rem;font-weight:600;break-after:avoid}
.cite{color:var(--soft);font-weight:400}
.field dd{margin:.15rem 0 0;white-space:pre-line;overflow-wrap:anywhere}
.mark{display:inline-block;margin-top:.3rem;font-size:.72rem;color:var(--soft);
border:1px solid var(--line);border-radius:.2rem;padding:.02rem .4rem}
.missing{color:var(--ink);border:1px dashed var(--ink);font-weight:600}
.declared{border-style:dotted;border-color:var(--soft)}
.none{color:var(--soft);font-size:.85rem;font-style:italic}
footer{margin-top:3rem;padding-top:.8rem;border-top:1px solid var(--line);font-size:.8rem;color:var(--soft)}
@media print{@page{size:A4;margin:20mm 18mm}body{font-size:10.5pt}main{max-width:none;padding:0}
.counts th,.notices{background:none}}
@media (max-width:34rem){.meta{grid-template-columns:1fr}.meta dd{margin-bottom:.4rem}}
)css";

}  // namespace

void escape_html(std::string& out, std::string_view text) {
  for (char const c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      case '\n':
      case '\t': out += c; break;
      default:
        // Control characters have no place on a page and confuse readers' tools.
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) out += "\xEF\xBF\xBD";
        else out += c;
    }
  }
}

std::string escaped_html(std::string_view text) {
  std::string out;
  escape_html(out, text);
  return out;
}

Page::Page(std::string_view title) {
  out_ =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n";
  element("<title>", title, "</title>\n<style>");
  out_ += kStyle;
  out_ += "</style>\n</head>\n<body>\n<main>\n";
}

void Page::element(std::string_view open, std::string_view text, std::string_view close) {
  out_ += open;
  escape_html(out_, text);
  out_ += close;
}

void Page::meta_row(std::string_view name, std::string_view value) {
  if (value.empty()) return;
  element("<dt>", name, "</dt>");
  element("<dd dir=\"auto\">", value, "</dd>\n");
}

void Page::table_row(std::initializer_list<std::string> cells, std::string_view tag) {
  out_ += "<tr>";
  for (auto const& cell : cells) {
    out_.append("<").append(tag).append(" dir=\"auto\">");
    escape_html(out_, cell);
    out_.append("</").append(tag).append(">");
  }
  out_ += "</tr>\n";
}

std::string Page::finish(std::string_view footer) {
  if (!footer.empty()) out_.append("<footer>").append(footer).append("</footer>\n");
  out_ += "</main>\n</body>\n</html>\n";
  return std::move(out_);
}

std::string csv_cell(std::string_view text) {
  // The signs, their full-width forms (U+FF1D, U+FF0B, U+FF0D, U+FF20) and the bar of DDE; a spreadsheet skips white
  // space before it looks, and takes some of it for a reason to look again.
  static constexpr std::array<std::string_view, 9> kSigns{"=", "+", "-", "@", "|", "＝", "＋", "－", "＠"};
  static constexpr std::string_view kWhite = " \t\r\n";
  auto const first = text.find_first_not_of(kWhite);
  auto const seen = first == std::string_view::npos ? std::string_view{} : text.substr(first);
  bool const formula = std::ranges::any_of(kSigns, [&](auto sign) { return seen.starts_with(sign); }) ||
                       (!text.empty() && text.front() != ' ' && kWhite.contains(text.front()));
  std::string out = formula ? "\"'" : "\"";
  for (char const c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

}  // namespace fabrica
