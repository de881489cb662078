#include "decisions/letters.hpp"

#include <fmt/format.h>

#include "db/db.hpp"
#include "decisions/rules.hpp"

namespace fabrica::decisions {
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

std::string opening(LetterFacts const& in) {
  switch (in.outcome) {
    case OutcomeKind::awarded:
      if (!in.has_to_answer)
        return fmt::format("Your proposal is awarded {} {} on {}.", in.amount_units, in.unit, *in.partition);
      return fmt::format("Your proposal is offered {} {} on {}. The hours are held for you{}.", in.amount_units,
                         in.unit, *in.partition,
                         in.answer_by ? fmt::format(": accept or decline before {}", format_time(in.answer_by->us))
                                      : std::string{" until you accept or decline"});
    case OutcomeKind::reserve:
      return "Your proposal is on the reserve list: it is next by rank should hours come free.";
    case OutcomeKind::rejected: return "Your proposal is not awarded.";
    case OutcomeKind::undecided: break;
  }
  return "Your proposal is not decided.";
}

struct Part {
  std::string head;
  std::vector<std::string> lines;
};

std::vector<Part> parts_of(LetterFacts const& in) {
  std::vector<Part> out{{"Decision", {opening(in), in.reason}}};
  Part figures{"Assessment", {}};
  if (in.rank > 0) figures.lines.push_back(fmt::format("Rank {}, score {}.", in.rank, percent(in.score_millionths)));
  for (auto const& one : in.criteria)
    if (one.criterion != kPassedCriterion)
      figures.lines.push_back(
          fmt::format("{}: {}{}.", one.criterion, percent(one.millionths), one.reached ? "" : ", below its threshold"));
  for (auto const& step : in.steps)
    if (step.state == calls::StepState::passed || step.state == calls::StepState::failed)
      if (step.step != calls::StepKind::decision)
        figures.lines.push_back(
            fmt::format("Step {}: {}. {}", db::enum_name(step.step), db::enum_name(step.state), step.reason));
  if (!figures.lines.empty()) out.push_back(std::move(figures));
  if (in.outcome == OutcomeKind::rejected)
    out.push_back({"Appeal",
                   {fmt::format("You may appeal before {}, saying what in this decision is wrong.",
                                format_time(in.appeal_before.us))}});
  return out;
}

}  // namespace

std::string letter_text(LetterFacts const& in) {
  auto out = fmt::format("{}\n\nCall: {}\nRound: {}\nProposal: {}\nProject: {}\n", format_date(in.made.us),
                         in.call_title, in.round_name, in.proposal.text(), in.title);
  for (auto const& part : parts_of(in)) {
    out += fmt::format("\n{}\n", part.head);
    for (auto const& line : part.lines)
      if (!line.empty()) out += fmt::format("{}\n", line);
  }
  return out;
}

std::string letter_html(LetterFacts const& in) {
  auto out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Decision on proposal {0}</title>\n"
      "<p>{1}</p>\n<dl><dt>Call</dt><dd>{2}</dd><dt>Round</dt><dd>{3}</dd><dt>Proposal</dt><dd>{0}</dd>"
      "<dt>Project</dt><dd dir=\"auto\">{4}</dd></dl>\n",
      in.proposal.text(), format_date(in.made.us), escaped(in.call_title), escaped(in.round_name), escaped(in.title));
  for (auto const& part : parts_of(in)) {
    out += fmt::format("<h2>{}</h2>\n", part.head);
    for (auto const& line : part.lines)
      if (!line.empty()) out += fmt::format("<p dir=\"auto\">{}</p>\n", escaped(line));
  }
  return out + "</html>\n";
}

namespace {

std::string row(std::initializer_list<std::string> cells, std::string_view tag = "td") {
  std::string out = "<tr>";
  for (auto const& cell : cells) out += fmt::format("<{0} dir=\"auto\">{1}</{0}>", tag, escaped(cell));
  return out + "</tr>\n";
}

}  // namespace

std::string minutes_html(MinutesFacts const& in) {
  auto out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Minutes of the round {0}</title>\n"
      "<h1>Minutes: {1}, round {0}</h1>\n<p>Cut-off {2}. Published {3}. Decision {4} by the rule {5}, from ranking "
      "{6}. "
      "{7}</p>\n",
      escaped(in.round_name), escaped(in.call_title), in.cut_off ? format_time(in.cut_off->us) : "none",
      format_time(in.published.us), in.decision, db::enum_name(in.rule), in.ranking, escaped(in.verdict));
  if (in.forced_reason)
    out += fmt::format("<p>Published although proposals were undecided: {}</p>\n", escaped(*in.forced_reason));
  out += "<h2>Capacity</h2>\n<table>\n" + row({"Partition", "Available", "Awarded", "Proposals"}, "th");
  for (auto const& one : in.systems)
    out += row({one.system, std::to_string(one.available), std::to_string(one.awarded), std::to_string(one.funded)});
  out += "</table>\n";
  if (!in.guarantees.empty()) {
    out += "<h2>Guarantees</h2>\n<table>\n" + row({"Guarantee", "Group", "Partition", "Promised", "Counted"}, "th");
    for (auto const& one : in.guarantees)
      out += row({one.guarantee, one.group, one.system, std::to_string(one.promised), std::to_string(one.counted)});
    out += "</table>\n";
  }
  if (!in.changes.empty()) {
    out +=
        "<h2>Changes by officers</h2>\n<table>\n" + row({"Proposal", "Change", "Partition", "Units", "Reason"}, "th");
    for (auto const& one : in.changes)
      out += row({one.proposal.text(), std::string{db::enum_name(one.kind)}, one.partition.value_or(""),
                  one.units ? std::to_string(*one.units) : "", one.reason});
    out += "</table>\n";
  }
  out += "<h2>Decisions</h2>\n<table>\n" +
         row({"Rank", "Proposal", "Project", "Score", "Outcome", "Partition", "Amount", "Reason", "State"}, "th");
  for (auto const& one : in.lines)
    out += row({one.rank > 0 ? std::to_string(one.rank) : "", one.proposal.text(), one.title,
                percent(one.score_millionths), std::string{db::enum_name(one.outcome)}, one.partition,
                std::to_string(one.amount_units), one.reason, std::string{db::enum_name(one.state)}});
  out += "</table>\n<h2>Digests</h2>\n<table>\n";
  out += row({"Lottery commitment", in.lottery_commitment}) + row({"Lottery seed", in.lottery_seed}) +
         (in.assignment_seed ? row({"Seed of the reviewers' draw", *in.assignment_seed}) : std::string{}) +
         row({"Ranking input", in.ranking_input_sha256}) + row({"Ranking", in.ranking_sha256}) +
         row({"Award input", in.award_input_sha256}) + row({"Award outcome", in.award_outcome_sha256});
  return out + "</table>\n</html>\n";
}

}  // namespace fabrica::decisions
