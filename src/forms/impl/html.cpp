#include <fmt/format.h>

#include "forms/render.hpp"

namespace fabrica::forms {
namespace {

// No fonts, images or addresses from outside; what is missing or open says so in words, not by colour alone.
constexpr std::string_view kStyle = R"css(
:root{color-scheme:light;--ink:#1a1f24;--soft:#5a6570;--line:#d5dbe0;--paper:#fff;--shade:#f5f7f8}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.55 Charter,"Bitstream Charter","Noto Serif",Georgia,serif}
main{max-width:48rem;margin:0 auto;padding:3rem 1.25rem 4rem}
h1,h2,dt,th,.meta,.banner,.none,.mark{font-family:"Inter","Noto Sans","Segoe UI",Roboto,Helvetica,Arial,sans-serif}
h1{font-size:1.8rem;line-height:1.2;margin:0 0 .4rem}
.subject{font-size:1.15rem;color:var(--soft);margin:0 0 1.5rem}
h2{font-size:1.15rem;margin:2.4rem 0 .4rem;padding-top:.8rem;border-top:2px solid var(--ink);break-after:avoid}
.meta{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;font-size:.85rem;margin:0 0 1.2rem}
.meta dt{color:var(--soft)}.meta dd{margin:0;overflow-wrap:anywhere}
.banner{border:2px solid var(--ink);padding:.6rem .9rem;margin:0 0 1.2rem;font-weight:700;letter-spacing:.04em}
.field{padding:.65rem 0;border-bottom:1px solid var(--line)}
.field dt{font-size:.85rem;font-weight:600;break-after:avoid}
.field dd{margin:.15rem 0 0;white-space:pre-line;overflow-wrap:anywhere}
.none{color:var(--soft);font-size:.85rem;font-style:italic}
.mark{font-size:.75rem;border:1px dashed var(--ink);border-radius:.2rem;padding:.02rem .4rem}
table{border-collapse:collapse;width:100%;font-size:.9rem;margin:.3rem 0}
th,td{border:1px solid var(--line);padding:.25rem .5rem;text-align:start;vertical-align:top;overflow-wrap:anywhere}
th{background:var(--shade);font-size:.8rem}tr{break-inside:avoid}
footer{margin-top:3rem;padding-top:.8rem;border-top:1px solid var(--line);font-size:.8rem;color:var(--soft)}
@media print{@page{size:A4;margin:20mm 18mm}body{font-size:10.5pt}main{max-width:none;padding:0}}
)css";

void escape(std::string& out, std::string_view text) {
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
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) out += "\xEF\xBF\xBD";
        else out += c;
    }
  }
}

void element(std::string& out, std::string_view open, std::string_view text, std::string_view close) {
  out += open;
  escape(out, text);
  out += close;
}

void meta_row(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  element(out, "<dt>", name, "</dt>");
  element(out, "<dd>", value, "</dd>\n");
}

void table(std::string& out, Line const& line) {
  out += "<table>\n<tr>";
  for (auto const& column : line.columns) element(out, "<th scope=\"col\">", column, "</th>");
  out += "</tr>\n";
  for (auto const& row : line.rows) {
    out += "<tr>";
    for (auto const& cell : row) element(out, "<td dir=\"auto\">", cell, "</td>");
    out += "</tr>\n";
  }
  out += "</table>";
}

void field(std::string& out, Line const& line) {
  element(out, "<div class=\"field\"><dt>", line.label, "</dt>");
  if (!line.answered) {
    out += "<dd class=\"none\">Not answered</dd></div>\n";
    return;
  }
  // An answer's own letters say its direction; it cannot turn round what stands beside it.
  out += line.type == FieldType::table ? "<dd>" : "<dd dir=\"auto\">";
  if (line.type == FieldType::table) table(out, line);
  else escape(out, line.text);
  if (line.open_question) out += " <span class=\"mark\">open question</span>";
  out += "</dd></div>\n";
}

}  // namespace

std::string html(Sheet const& sheet, Heading const& heading) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n";
  element(out, "<title>", heading.subject.empty() ? sheet.title : sheet.title + ": " + heading.subject, "</title>\n");
  out += "<style>";
  out += kStyle;
  out += "</style>\n</head>\n<body>\n<main>\n";
  element(out, "<h1>", sheet.title, "</h1>\n");
  if (!heading.subject.empty()) element(out, "<p class=\"subject\" dir=\"auto\">", heading.subject, "</p>\n");
  if (heading.draft) out += "<p class=\"banner\">DRAFT: NOT SUBMITTED</p>\n";
  out += "<dl class=\"meta\">\n";
  meta_row(out, "Reference", heading.reference);
  meta_row(out, "Form", fmt::format("{}, version {}", sheet.form, sheet.version));
  meta_row(out, "Digest of the form", sheet.form_digest);
  meta_row(out, "Digest of the answers", sheet.answers_digest);
  if (sheet.left_out > 0)
    meta_row(out, "Not shown", fmt::format("{} answers that this reader is not given", sheet.left_out));
  out += "</dl>\n";
  for (auto const& part : sheet.parts) {
    element(out, "<section id=\"", part.key, "\">\n");
    element(out, "<h2>", part.title, "</h2>\n<dl>\n");
    for (auto const& line : part.lines) field(out, line);
    out += "</dl>\n</section>\n";
  }
  out += "<footer>The digests tell whether this page shows the answers that were recorded.</footer>\n";
  return out + "</main>\n</body>\n</html>\n";
}

}  // namespace fabrica::forms
