#include <fmt/format.h>

#include "base/page.hpp"
#include "forms/render.hpp"

namespace fabrica::forms {
namespace {

void table(Page& out, Line const& line) {
  out.markup("<table>\n<tr>");
  for (auto const& column : line.columns) out.element("<th scope=\"col\">", column, "</th>");
  out.markup("</tr>\n");
  for (auto const& row : line.rows) {
    out.markup("<tr>");
    for (auto const& cell : row) out.element("<td dir=\"auto\">", cell, "</td>");
    out.markup("</tr>\n");
  }
  out.markup("</table>");
}

void field(Page& out, Line const& line) {
  out.element("<div class=\"field\"><dt>", line.label, "</dt>");
  if (!line.answered) {
    out.markup("<dd class=\"none\">Not answered</dd></div>\n");
    return;
  }
  // An answer's own letters say its direction; it cannot turn round what stands beside it.
  out.markup(line.type == FieldType::table ? "<dd>" : "<dd dir=\"auto\">");
  if (line.type == FieldType::table) table(out, line);
  else out.element("", line.text, "");
  if (line.open_question) out.markup(" <span class=\"mark\">open question</span>");
  out.markup("</dd></div>\n");
}

}  // namespace

std::string html(Sheet const& sheet, Heading const& heading) {
  Page out{heading.subject.empty() ? sheet.title : sheet.title + ": " + heading.subject};
  out.element("<h1>", sheet.title, "</h1>\n");
  if (!heading.subject.empty()) out.element("<p class=\"subject\" dir=\"auto\">", heading.subject, "</p>\n");
  if (heading.draft) out.markup("<p class=\"banner\">DRAFT: NOT SUBMITTED</p>\n");
  out.markup("<dl class=\"meta\">\n");
  out.meta_row("Reference", heading.reference);
  out.meta_row("Form", fmt::format("{}, version {}", sheet.form, sheet.version));
  out.meta_row("Digest of the form", sheet.form_digest);
  out.meta_row("Digest of the answers", sheet.answers_digest);
  if (sheet.left_out > 0)
    out.meta_row("Not shown", fmt::format("{} answers that this reader is not given", sheet.left_out));
  out.markup("</dl>\n");
  for (auto const& part : sheet.parts) {
    out.element("<section id=\"", part.key, "\">\n");
    out.element("<h2>", part.title, "</h2>\n<dl>\n");
    for (auto const& line : part.lines) field(out, line);
    out.markup("</dl>\n</section>\n");
  }
  return out.finish("The digests tell whether this page shows the answers that were recorded.");
}

}  // namespace fabrica::forms
