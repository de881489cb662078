#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/page.hpp"
#include "json/json.hpp"
#include "trust/document.hpp"

namespace fabrica::trust {
namespace {

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

void cover(Page& out, Document const& document) {
  out.element("<h1>", document.title, "</h1>\n");
  out.element("<p class=\"subject\">", document.subject, "</p>\n");
  if (document.draft) out.markup("<p class=\"banner\">DRAFT</p>\n");
  if (document.demo) out.markup("<p class=\"banner\">DEMONSTRATION</p>\n");
  out.markup("<dl class=\"meta\">\n");
  out.meta_row("Provider", document.provider);
  out.meta_row("Template", document.template_version);
  out.meta_row("Made", format_time(document.made.us));
  out.meta_row("Factory", document.factory);
  out.meta_row("Log", document.log_origin);
  out.meta_row("Project", document.project);
  out.meta_row("Duty", document.due_because);
  out.markup("</dl>\n<table class=\"counts\"><caption hidden>Sources of the fields</caption><tr>");
  for (auto name : {"recorded", "measured", "declared", "missing"})
    out.markup(fmt::format("<th scope=\"col\">{}</th>", name));
  auto const& counts = document.counts;
  out.markup(fmt::format("</tr><tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr></table>\n<ul class=\"notices\">\n",
                         counts.recorded, counts.measured, counts.declared, counts.missing));
  for (auto const& notice : document.notices) out.element("<li>", notice, "</li>\n");
  out.markup("</ul>\n");
}

void field_block(Page& out, Field const& field) {
  out.markup("<div class=\"field\"><dt>");
  out.element("", field.title, "");
  if (!field.citation.empty()) out.element(" <span class=\"cite\">", field.citation, "</span>");
  out.markup("</dt><dd>");
  if (field.source.origin != Origin::missing) {
    if (!field.text.empty()) out.element("", field.text, "");
    else out.element("", fmt::format("{} {}", *field.value, field.unit), "");
    out.markup("<br>");
  }
  out.markup(fmt::format("<span class=\"mark {}\">", json::enum_name(field.source.origin)));
  out.element("", mark_text(field), "</span></dd></div>\n");
}

}  // namespace

std::string render_html(Document const& document) {
  Page out{document.title + ": " + document.subject};
  cover(out, document);
  for (auto const& section : document.sections) {
    if (section.fields.empty()) continue;
    out.markup("<section id=\"");
    out.element("", section.key, "");
    out.element("\">\n<h2>", section.title, "</h2>\n<dl>\n");
    for (auto const& field : section.fields) field_block(out, field);
    out.markup("</dl>\n</section>\n");
  }
  return out.finish(
      "Made by Fabrica. Verify the dossier this page belongs to with <code>fabrica verify</code> and a policy file you "
      "did not get from it.");
}

}  // namespace fabrica::trust
