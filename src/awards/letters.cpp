#include "awards/letters.hpp"

#include <fmt/format.h>

#include "awards/rules.hpp"
#include "base/page.hpp"
#include "db/db.hpp"

namespace fabrica::awards {
namespace {

std::string asked(RequestLetter const& in) {
  auto const& one = in.request;
  switch (one.kind) {
    case RequestKind::extend_time: return fmt::format("{} more days", one.days.value_or(0));
    case RequestKind::more_hours: return fmt::format("{} more {}", one.units.value_or(0), in.unit);
    case RequestKind::transfer_hours:
      return fmt::format("to move {} {} from {} to {}", one.units.value_or(0), in.unit, in.partition, in.to_partition);
    case RequestKind::give_back: return fmt::format("to give back {} {}", one.units.value_or(0), in.unit);
  }
  std::unreachable();
}

std::string granted(RequestLetter const& in) {
  auto const& one = in.request;
  auto const units = one.granted_units.value_or(0);
  switch (one.kind) {
    case RequestKind::extend_time:
      return fmt::format("{} days are granted. The award ends on {}.", one.granted_days.value_or(0),
                         format_time(in.ends.us));
    case RequestKind::more_hours: return fmt::format("{} {} are added to the award.", units, in.unit);
    case RequestKind::transfer_hours: {
      auto const there = converted_micro(units * budget::kMicroUnits, one.factor_millionths.value_or(1'000'000));
      return fmt::format("{} {} on {} become {} {} on {}.", units, in.unit, in.partition, amount(there), in.to_unit,
                         in.to_partition);
    }
    case RequestKind::give_back:
      return fmt::format("{} {} went back to the call's capacity. Thank you.", units, in.unit);
  }
  std::unreachable();
}

bool in_part(Request const& one) {
  return one.state == RequestState::granted && (one.granted_days != one.days || one.granted_units != one.units);
}

std::vector<std::string> lines_of(RequestLetter const& in) {
  auto const& one = in.request;
  std::vector<std::string> out{fmt::format("You asked on {}: {}.", format_date(one.made.us), asked(in))};
  if (one.state == RequestState::granted)
    out.push_back((in_part(one) ? "Your request is granted in part. " : "Your request is granted. ") + granted(in));
  else out.push_back("Your request is refused.");
  out.push_back(one.answer);
  for (auto const& check : one.checks)
    out.push_back(fmt::format("{}: {}. {}{}", check.rule, db::enum_name(check.outcome), check.fact,
                              check.remedy.empty() ? "" : " " + check.remedy));
  return out;
}

}  // namespace

std::string letter_text(RequestLetter const& in) {
  auto out = fmt::format("{}\n\nCall: {}\nProject: {}\nAward: {}\nRequest: {}\n\n", format_date(in.made.us),
                         in.call_title, in.title, in.request.award.text(), in.request.id.text());
  for (auto const& line : lines_of(in)) out += line + "\n";
  return out;
}

std::string letter_html(RequestLetter const& in) {
  Page page{fmt::format("Request {}", in.request.id.text())};
  page.element("<h1>", "Decision on your request", "</h1>\n");
  page.element("<p class=\"subject\" dir=\"auto\">", in.title, "</p>\n<dl class=\"meta\">\n");
  page.meta_row("Date", format_date(in.made.us));
  page.meta_row("Call", in.call_title);
  page.meta_row("Award", in.request.award.text());
  page.meta_row("Request", in.request.id.text());
  page.markup("</dl>\n");
  for (auto const& line : lines_of(in)) page.element("<p dir=\"auto\">", line, "</p>\n");
  return page.finish();
}

namespace {

void part(Page& page, std::string_view head, std::string_view text) {
  if (text.empty()) return;
  page.element("<h2>", head, "</h2>\n");
  page.element("<p dir=\"auto\" style=\"white-space:pre-line\">", text, "</p>\n");
}

void things(Page& page, std::string_view head, std::vector<RecordedThing> const& all) {
  page.element("<h2>", head, "</h2>\n");
  if (all.empty()) {
    page.markup("<p class=\"none\">None.</p>\n");
    return;
  }
  page.markup("<table>\n");
  page.table_row({"Name", "Licence", "Id"}, "th");
  for (auto const& one : all) page.table_row({one.name, one.licence, one.id.text()});
  page.markup("</table>\n");
}

void figures_html(Page& page, ReportFigures const& in) {
  auto const unit = unit_name(in.unit);
  page.markup("<h2>Computing time</h2>\n<table>\n");
  for (auto const& [name, micro] : {std::pair<std::string_view, std::int64_t>{"Awarded", in.ledger.awarded_micro},
                                    {"Used", in.ledger.used_micro},
                                    {"Of that, beyond what was there", in.ledger.overrun_micro},
                                    {"Returned at the end of periods", in.ledger.returned_micro},
                                    {"Expired", in.ledger.expired_micro},
                                    {"Left", in.ledger.balance_micro}})
    page.table_row({std::string{name}, amount(micro) + " " + unit});
  page.markup("</table>\n<table>\n");
  page.table_row({"Month", unit}, "th");
  for (auto const& one : in.months) page.table_row({one.month, amount(one.used_micro)});
  page.markup("</table>\n");
  page.element("<p>",
               fmt::format("Jobs: {} completed, {} failed, {} cancelled, {} not over.", in.jobs.completed,
                           in.jobs.failed, in.jobs.cancelled, in.jobs.open),
               "</p>\n");
  page.element("<p>",
               in.energy.jobs > 0
                   ? fmt::format("Energy: {:.2f} kWh, estimated, over the {} jobs that have an estimate.",
                                 static_cast<double>(in.energy.joules) / 3'600'000, in.energy.jobs)
                   : std::string{"Energy: not known."},
               "</p>\n");
}

void publications(Page& page, std::vector<Publication> const& all) {
  if (all.empty()) return;
  page.markup("<h2>Publications</h2>\n<table>\n");
  page.table_row({"Title", "DOI", "Acknowledges"}, "th");
  for (auto const& one : all)
    page.table_row(
        {one.title, one.doi.value_or(""), !one.acknowledges ? "not said" : (*one.acknowledges ? "yes" : "no")});
  page.markup("</table>\n");
}

}  // namespace

std::string report_html(ReportDocument const& in) {
  auto const& figures = in.figures;
  auto const& said = in.narrative;
  Page page{fmt::format("Final report on award {}", figures.award.text())};
  page.element("<h1>", "Final report", "</h1>\n");
  page.element("<p class=\"subject\" dir=\"auto\">", figures.title, "</p>\n");
  if (in.version == 0) page.markup("<p class=\"banner\">Draft: not sent, figures as of today</p>\n");
  page.markup("<dl class=\"meta\">\n");
  page.meta_row("Date", format_date(in.made.us));
  if (in.version > 0) page.meta_row("Version", std::to_string(in.version));
  page.meta_row("Award", figures.award.text());
  page.meta_row("Proposal", figures.proposal.text());
  page.meta_row("Call", figures.call);
  page.meta_row("Organisation", figures.organisation);
  page.meta_row("Partition", figures.partition);
  page.meta_row("From", format_date(figures.starts.us));
  page.meta_row("To", format_date(figures.ends.us));
  if (figures.ends != figures.ends_first) page.meta_row("First to", format_date(figures.ends_first.us));
  page.meta_row("Research field", said.research_field);
  page.markup("</dl>\n");
  part(page, "Summary", said.summary);
  part(page, "Results and benefit to society", said.results);
  figures_html(page, figures);
  part(page, "Why hours were not used", said.unused_reason);
  things(page, "Data sets", figures.data_sets);
  things(page, "Models released", figures.models);
  part(page, "AI Act", said.ai_act);
  publications(page, said.publications);
  part(page, "Patents", said.patents);
  part(page, "Talks", said.talks);
  part(page, "Funding that followed", said.follow_on_funding);
  part(page, "Future work", said.future_work);
  part(page, "Feedback", said.feedback);
  if (said.would_apply_again) part(page, "Would apply again", *said.would_apply_again ? "Yes." : "No.");
  part(page, "Acknowledgement that publications carry", figures.acknowledgement);
  return page.finish();
}

}  // namespace fabrica::awards
