#include "awards/letters.hpp"

#include <fmt/format.h>

#include "awards/rules.hpp"
#include "db/db.hpp"

namespace fabrica::awards {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (char const c : text) switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  return out;
}

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
  auto out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Request {0}</title>\n<p>{1}</p>\n"
      "<dl><dt>Call</dt><dd dir=\"auto\">{2}</dd><dt>Project</dt><dd dir=\"auto\">{3}</dd><dt>Award</dt><dd>{4}</dd>"
      "<dt>Request</dt><dd>{0}</dd></dl>\n",
      in.request.id.text(), format_date(in.made.us), escaped(in.call_title), escaped(in.title),
      in.request.award.text());
  for (auto const& line : lines_of(in)) out += fmt::format("<p dir=\"auto\">{}</p>\n", escaped(line));
  return out + "</html>\n";
}

namespace {

std::string row(std::initializer_list<std::string> cells, std::string_view tag = "td") {
  std::string out = "<tr>";
  for (auto const& cell : cells) out += fmt::format("<{0} dir=\"auto\">{1}</{0}>", tag, escaped(cell));
  return out + "</tr>\n";
}

void part(std::string& out, std::string_view head, std::string_view text) {
  if (text.empty()) return;
  out += fmt::format("<h2>{}</h2>\n<p dir=\"auto\" style=\"white-space:pre-wrap\">{}</p>\n", head, escaped(text));
}

void things(std::string& out, std::string_view head, std::vector<RecordedThing> const& all) {
  out += fmt::format("<h2>{}</h2>\n", head);
  if (all.empty()) {
    out += "<p>None.</p>\n";
    return;
  }
  out += "<table>\n" + row({"Name", "Licence", "Id"}, "th");
  for (auto const& one : all) out += row({one.name, one.licence, one.id.text()});
  out += "</table>\n";
}

void figures_html(std::string& out, ReportFigures const& in) {
  auto const unit = unit_name(in.unit);
  out += "<h2>Computing time</h2>\n<table>\n";
  for (auto const& [name, micro] : {std::pair<std::string_view, std::int64_t>{"Awarded", in.ledger.awarded_micro},
                                    {"Used", in.ledger.used_micro},
                                    {"Of that, beyond what was there", in.ledger.overrun_micro},
                                    {"Returned at the end of periods", in.ledger.returned_micro},
                                    {"Expired", in.ledger.expired_micro},
                                    {"Left", in.ledger.balance_micro}})
    out += row({std::string{name}, amount(micro) + " " + unit});
  out += "</table>\n<table>\n" + row({"Month", unit}, "th");
  for (auto const& one : in.months) out += row({one.month, amount(one.used_micro)});
  out += "</table>\n";
  out += fmt::format("<p>Jobs: {} completed, {} failed, {} cancelled, {} not over.</p>\n", in.jobs.completed,
                     in.jobs.failed, in.jobs.cancelled, in.jobs.open);
  if (in.energy.jobs > 0)
    out += fmt::format("<p>Energy: {:.2f} kWh, estimated, over the {} jobs that have an estimate.</p>\n",
                       static_cast<double>(in.energy.joules) / 3'600'000, in.energy.jobs);
  else out += "<p>Energy: not known.</p>\n";
}

}  // namespace

std::string report_html(ReportDocument const& in) {
  auto const& figures = in.figures;
  auto const version = in.version > 0 ? fmt::format("version {}", in.version) : std::string{"draft"};
  auto out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Final report on award {0}</title>\n"
      "<h1>Final report</h1>\n<p>{1}, {2}</p>\n<dl><dt>Award</dt><dd>{0}</dd><dt>Proposal</dt><dd>{3}</dd>"
      "<dt>Call</dt><dd dir=\"auto\">{4}</dd><dt>Project</dt><dd dir=\"auto\">{5}</dd><dt>Organisation</dt>"
      "<dd "
      "dir=\"auto\">{6}</dd><dt>Partition</dt><dd>{7}</dd><dt>From</dt><dd>{8}</dd><dt>To</dt><dd>{9}{10}</dd></dl>\n",
      figures.award.text(), format_date(in.made.us), version, figures.proposal.text(), escaped(figures.call),
      escaped(figures.title), escaped(figures.organisation), escaped(figures.partition), format_date(figures.starts.us),
      format_date(figures.ends.us),
      figures.ends == figures.ends_first ? "" : fmt::format(" (first {})", format_date(figures.ends_first.us)));
  part(out, "Research field", in.narrative.research_field);
  part(out, "Summary", in.narrative.summary);
  part(out, "Results and benefit to society", in.narrative.results);
  figures_html(out, figures);
  part(out, "Why hours were not used", in.narrative.unused_reason);
  things(out, "Data sets", figures.data_sets);
  things(out, "Models released", figures.models);
  part(out, "AI Act", in.narrative.ai_act);
  if (!in.narrative.publications.empty()) {
    out += "<h2>Publications</h2>\n<table>\n" + row({"Title", "DOI", "Acknowledges"}, "th");
    for (auto const& one : in.narrative.publications)
      out += row({one.title, one.doi.value_or(""), one.acknowledges ? (*one.acknowledges ? "yes" : "no") : ""});
    out += "</table>\n";
  }
  part(out, "Patents", in.narrative.patents);
  part(out, "Talks", in.narrative.talks);
  part(out, "Funding that followed", in.narrative.follow_on_funding);
  part(out, "Future work", in.narrative.future_work);
  part(out, "Feedback", in.narrative.feedback);
  if (in.narrative.would_apply_again) part(out, "Would apply again", *in.narrative.would_apply_again ? "Yes." : "No.");
  part(out, "Acknowledgement that publications carry", figures.acknowledgement);
  return out + "</html>\n";
}

}  // namespace fabrica::awards
