#include "decisions/letters.hpp"

#include <fmt/format.h>

#include "base/page.hpp"
#include "db/db.hpp"
#include "decisions/rules.hpp"

namespace fabrica::decisions {
namespace {

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
  Page page{fmt::format("Decision on proposal {}", in.proposal.text())};
  page.element("<h1>", "Decision", "</h1>\n");
  page.element("<p class=\"subject\" dir=\"auto\">", in.title, "</p>\n<dl class=\"meta\">\n");
  page.meta_row("Date", format_date(in.made.us));
  page.meta_row("Call", in.call_title);
  page.meta_row("Round", in.round_name);
  page.meta_row("Proposal", in.proposal.text());
  page.markup("</dl>\n");
  for (auto const& part : parts_of(in)) {
    page.element("<h2>", part.head, "</h2>\n");
    for (auto const& line : part.lines)
      if (!line.empty()) page.element("<p dir=\"auto\">", line, "</p>\n");
  }
  return page.finish();
}

std::string minutes_html(MinutesFacts const& in) {
  Page page{fmt::format("Minutes of the round {}", in.round_name)};
  page.element("<h1>", "Minutes", "</h1>\n");
  page.element("<p class=\"subject\" dir=\"auto\">", fmt::format("{}, round {}", in.call_title, in.round_name),
               "</p>\n<dl class=\"meta\">\n");
  page.meta_row("Cut-off", in.cut_off ? format_time(in.cut_off->us) : "none");
  page.meta_row("Published", format_time(in.published.us));
  page.meta_row("Decision",
                fmt::format("{} by the rule {}, from ranking {}", in.decision, db::enum_name(in.rule), in.ranking));
  page.meta_row("Verified", in.verdict);
  if (in.forced_reason) page.meta_row("Published although proposals were undecided", *in.forced_reason);
  page.markup("</dl>\n");
  page.markup("<h2>Capacity</h2>\n<table>\n");
  page.table_row({"Partition", "Available", "Awarded", "Proposals"}, "th");
  for (auto const& one : in.systems)
    page.table_row(
        {one.system, std::to_string(one.available), std::to_string(one.awarded), std::to_string(one.funded)});
  page.markup("</table>\n");
  if (!in.guarantees.empty()) {
    page.markup("<h2>Guarantees</h2>\n<table>\n");
    page.table_row({"Guarantee", "Group", "Partition", "Promised", "Counted"}, "th");
    for (auto const& one : in.guarantees)
      page.table_row({one.guarantee, one.group, one.system, std::to_string(one.promised), std::to_string(one.counted)});
    page.markup("</table>\n");
  }
  if (!in.changes.empty()) {
    page.markup("<h2>Changes by officers</h2>\n<table>\n");
    page.table_row({"Proposal", "Change", "Partition", "Units", "Reason"}, "th");
    for (auto const& one : in.changes)
      page.table_row({one.proposal.text(), std::string{db::enum_name(one.kind)}, one.partition.value_or(""),
                      one.units ? std::to_string(*one.units) : "", one.reason});
    page.markup("</table>\n");
  }
  page.markup("<h2>Decisions</h2>\n<table>\n");
  page.table_row({"Rank", "Proposal", "Project", "Score", "Outcome", "Partition", "Amount", "Reason", "State"}, "th");
  for (auto const& one : in.lines)
    page.table_row({one.rank > 0 ? std::to_string(one.rank) : "", one.proposal.text(), one.title,
                    percent(one.score_millionths), std::string{db::enum_name(one.outcome)}, one.partition,
                    std::to_string(one.amount_units), one.reason, std::string{db::enum_name(one.state)}});
  page.markup("</table>\n<h2>Digests</h2>\n<table>\n");
  page.table_row({"Lottery commitment", in.lottery_commitment});
  page.table_row({"Lottery seed", in.lottery_seed});
  if (in.assignment_seed) page.table_row({"Seed of the reviewers' draw", *in.assignment_seed});
  page.table_row({"Ranking input", in.ranking_input_sha256});
  page.table_row({"Ranking", in.ranking_sha256});
  page.table_row({"Award input", in.award_input_sha256});
  page.table_row({"Award outcome", in.award_outcome_sha256});
  page.markup("</table>\n");
  return page.finish();
}

}  // namespace fabrica::decisions
