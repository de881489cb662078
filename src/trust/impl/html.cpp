#include <fmt/format.h>
#include <fmt/ranges.h>

#include "json/json.hpp"
#include "trust/document.hpp"

namespace fabrica::trust {
namespace {

// No fonts, images or addresses from outside; the marks differ by word and border, not by colour alone.
constexpr std::string_view kStyle = R"css(
:root{color-scheme:light;--ink:#1a1f24;--soft:#5a6570;--line:#d5dbe0;--paper:#fff;--shade:#f5f7f8}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.55 Charter,"Bitstream Charter","Noto Serif",Georgia,serif}
main{max-width:46rem;margin:0 auto;padding:3rem 1.25rem 4rem}
h1,h2,dt,.mark,.counts,.meta,.banner{
font-family:"Inter","Noto Sans","Segoe UI",Roboto,Helvetica,Arial,sans-serif}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .4rem;letter-spacing:-.01em}
.subject{font-size:1.15rem;color:var(--soft);margin:0 0 1.5rem}
h2{font-size:1.15rem;margin:2.6rem 0 .4rem;padding-top:.8rem;border-top:2px solid var(--ink);break-after:avoid}
.meta{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;font-size:.85rem;margin:0 0 1.2rem}
.meta dt{color:var(--soft)}.meta dd{margin:0;overflow-wrap:anywhere}
.counts{border-collapse:collapse;margin:0 0 1.2rem;font-size:.85rem}
.counts th,.counts td{border:1px solid var(--line);padding:.3rem .9rem;text-align:center}
.counts th{background:var(--shade);font-weight:600}
.banner{border:2px solid var(--ink);padding:.6rem .9rem;margin:0 0 1.2rem;font-weight:700;letter-spacing:.04em}
.notices{background:var(--shade);border-left:4px solid var(--ink);
margin:0 0 1.2rem;padding:.7rem 1rem .7rem 2rem;font-size:.92rem}
.field{padding:.75rem 0;border-bottom:1px solid var(--line);break-inside:avoid}
.field dt{font-size:.85rem;font-weight:600}
.cite{color:var(--soft);font-weight:400}
.field dd{margin:.15rem 0 0;white-space:pre-line;overflow-wrap:anywhere}
.mark{display:inline-block;margin-top:.3rem;font-size:.72rem;color:var(--soft);
border:1px solid var(--line);border-radius:.2rem;padding:.02rem .4rem}
.missing{color:var(--ink);border:1px dashed var(--ink);font-weight:600}
.declared{border-style:dotted;border-color:var(--soft)}
footer{margin-top:3rem;padding-top:.8rem;border-top:1px solid var(--line);font-size:.8rem;color:var(--soft)}
@media print{@page{size:A4;margin:20mm 18mm}body{font-size:10.5pt}main{max-width:none;padding:0}
.counts th,.notices{background:none}}
@media (max-width:34rem){.meta{grid-template-columns:1fr}.meta dd{margin-bottom:.4rem}}
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
        // Control characters have no place on a page and confuse readers' tools.
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

std::string mark_text(Field const& field) {
  std::string numbers;
  for (auto number : field.source.statements) numbers += fmt::format("{}#{}", numbers.empty() ? "" : " ", number);
  switch (field.source.origin) {
    case Origin::recorded: return fmt::format("recorded {}", numbers);
    case Origin::measured: return fmt::format("measured {}", numbers);
    case Origin::declared: return fmt::format("declared by {} {}", field.source.by, numbers);
    case Origin::missing: return field.due ? "missing, and due" : "missing; no duty asks for it";
  }
  return {};
}

void cover(std::string& out, Document const& document) {
  element(out, "<h1>", document.title, "</h1>\n");
  element(out, "<p class=\"subject\">", document.subject, "</p>\n");
  if (document.draft) out += "<p class=\"banner\">DRAFT</p>\n";
  if (document.demo) out += "<p class=\"banner\">DEMONSTRATION</p>\n";
  out += "<dl class=\"meta\">\n";
  meta_row(out, "Provider", document.provider);
  meta_row(out, "Template", document.template_version);
  meta_row(out, "Made", format_time(document.made.us));
  meta_row(out, "Factory", document.factory);
  meta_row(out, "Log", document.log_origin);
  meta_row(out, "Project", document.project);
  meta_row(out, "Duty", document.due_because);
  out += "</dl>\n<table class=\"counts\"><caption hidden>Sources of the fields</caption><tr>";
  for (auto name : {"recorded", "measured", "declared", "missing"})
    out += fmt::format("<th scope=\"col\">{}</th>", name);
  auto const& counts = document.counts;
  out += fmt::format("</tr><tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr></table>\n<ul class=\"notices\">\n",
                     counts.recorded, counts.measured, counts.declared, counts.missing);
  for (auto const& notice : document.notices) element(out, "<li>", notice, "</li>\n");
  out += "</ul>\n";
}

void field_block(std::string& out, Field const& field) {
  out += "<div class=\"field\"><dt>";
  escape(out, field.title);
  if (!field.citation.empty()) element(out, " <span class=\"cite\">", field.citation, "</span>");
  out += "</dt><dd>";
  if (field.source.origin != Origin::missing) {
    if (!field.text.empty()) escape(out, field.text);
    else escape(out, fmt::format("{} {}", *field.value, field.unit));
    out += "<br>";
  }
  out += fmt::format("<span class=\"mark {}\">", json::enum_name(field.source.origin));
  element(out, "", mark_text(field), "</span></dd></div>\n");
}

}  // namespace

std::string render_html(Document const& document) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n";
  element(out, "<title>", document.title + ": " + document.subject, "</title>\n");
  out += "<style>";
  out += kStyle;
  out += "</style>\n</head>\n<body>\n<main>\n";
  cover(out, document);
  for (auto const& section : document.sections) {
    if (section.fields.empty()) continue;
    out += "<section id=\"";
    escape(out, section.key);
    element(out, "\">\n<h2>", section.title, "</h2>\n<dl>\n");
    for (auto const& field : section.fields) field_block(out, field);
    out += "</dl>\n</section>\n";
  }
  out +=
      "<footer>Made by Fabrica. Verify the dossier this page belongs to with <code>fabrica verify</code> and a policy "
      "file you "
      "did not get from it.</footer>\n</main>\n</body>\n</html>\n";
  return out;
}

}  // namespace fabrica::trust
