#include "decisions/rules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/page.hpp"
#include "db/db.hpp"

namespace fabrica::decisions {

using matching::RankState;
using matching::TieKind;

bool has_step(calls::ReviewedRules const& rules, calls::StepKind step) {
  return std::ranges::find(rules.steps, step, &calls::StepRule::step) != rules.steps.end();
}

matching::RankingRules ranking_rules(calls::ReviewedRules const& rules, std::string_view commitment) {
  auto out = rules.ranking;
  out.lottery_commitment = commitment;
  if (!has_step(rules, calls::StepKind::expert)) {
    out.criteria = {{std::string{kPassedCriterion}, 0, 1, 1, 1, {}}};
    out.quorum = 1;
    out.threshold_millionths = 0;
    out.calibration.reset();
    std::erase_if(out.tie_breaks, [](matching::TieBreak const& one) { return one.kind == TieKind::criterion; });
  }
  std::erase_if(out.tie_breaks, [](matching::TieBreak const& one) { return one.kind == TieKind::lottery; });
  out.tie_breaks.push_back({TieKind::lottery, ""});
  return out;
}

matching::ScoredReview passed_review() {
  return {std::string{kStepsReviewer}, std::string{kStepsReviewer}, {{std::string{kPassedCriterion}, 1}}};
}

bool same_rules(calls::ReviewedRules const& a, calls::ReviewedRules const& b) {
  return json::write(ranking_rules(a, "")) == json::write(ranking_rules(b, "")) && a.award_rule == b.award_rule &&
         json::write(a.guarantees) == json::write(b.guarantees) && json::write(a.caps) == json::write(b.caps) &&
         has_step(a, calls::StepKind::expert) == has_step(b, calls::StepKind::expert);
}

std::vector<matching::AwardOption> options_of(calls::Contender const& contender, std::vector<Change> const& changes) {
  std::vector<matching::AwardOption> out;
  for (auto const& one : contender.choices) {
    matching::AwardOption option{one.partition, one.amount_units, one.minimum_units, {}};
    for (auto const& change : changes) {
      bool const here = change.proposal == contender.id && change.kind == ChangeKind::limit &&
                        change.partition == std::optional{one.partition};
      if (here) option.recommended = std::min(option.recommended.value_or(*change.units), *change.units);
    }
    if (option.recommended.value_or(option.minimum) >= option.minimum) out.push_back(std::move(option));
  }
  return out;
}

bool is_excluded(PublicId const& proposal, std::vector<Change> const& changes, std::string* reason) {
  for (auto const& change : changes) {
    if (change.proposal != proposal || change.kind != ChangeKind::exclude) continue;
    if (reason != nullptr) *reason = change.reason;
    return true;
  }
  return false;
}

std::string_view unit_word(budget::Unit unit) {
  switch (unit) {
    case budget::Unit::gpu_hour: return "GPU-hours";
    case budget::Unit::node_hour: return "node-hours";
    case budget::Unit::core_hour: return "core-hours";
    case budget::Unit::euro_cent: return "euro cents";
  }
  return "units";
}

std::string percent(std::int64_t millionths) {
  return fmt::format("{}.{:02} %", millionths / 10'000, millionths % 10'000 / 100);
}

std::string why_unranked(matching::RankLine const& line, matching::RankingRules const& rules) {
  switch (line.state) {
    case RankState::ranked: return {};
    case RankState::below_quorum:
      return fmt::format("Not ranked: it has fewer complete reviews than the {} this call needs.", rules.quorum);
    case RankState::below_criterion: {
      std::string names;
      for (auto const& one : line.criteria)
        if (!one.reached) names += (names.empty() ? "" : ", ") + one.criterion;
      return fmt::format("Not ranked: below the threshold of {}.", names);
    }
    case RankState::below_threshold:
      return fmt::format("Not ranked: its score of {} is below the threshold of {}.", percent(line.score_millionths),
                         percent(rules.threshold_millionths));
  }
  return {};
}

std::int64_t median(std::vector<std::int64_t> values) {
  if (values.empty()) return 0;
  auto const middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

std::string register_head() {
  return "award,call,call_title,title,organisation,country,partition,unit,amount,starts,ends\r\n";
}

std::string csv(std::vector<RegisterEntry> const& entries) { return register_head() + csv_lines(entries); }

std::string csv_lines(std::vector<RegisterEntry> const& entries) {
  std::string out;
  for (auto const& one : entries)
    out += fmt::format("{},{},{},{},{},{},{},{},{},{},{}\r\n", one.award.text(), one.call.text(),
                       csv_cell(one.call_title), csv_cell(one.title), csv_cell(one.organisation.value_or("")),
                       csv_cell(one.country), csv_cell(one.partition), db::enum_name(one.unit), one.amount_units,
                       format_date(one.starts.us), format_date(one.ends.us));
  return out;
}

namespace {

template <class F>
void add_rounds(std::vector<RoundPace> const& rounds, F const& line) {
  for (auto const& one : rounds) {
    line("median_millidays", one.name, one.median_millidays);
    line("running_median_millidays", one.name, one.running_median_millidays);
    if (one.promised_millidays) line("promised_millidays", one.name, *one.promised_millidays);
    line("late", one.name, one.late);
  }
}

}  // namespace

std::string csv(Indicators const& in) {
  std::string out = "figure,of,value\r\n";
  auto const line = [&](std::string_view figure, std::string_view of, std::int64_t value) {
    out += fmt::format("{},{},{}\r\n", figure, csv_cell(of), value);
  };
  line("applications", "", in.applications);
  line("awards", "", in.awards);
  line("success_millionths", "", in.success_millionths);
  line("small_firms_millionths", "", in.small_firms_millionths);
  if (in.other_countries_millionths) line("other_countries_millionths", "", *in.other_countries_millionths);
  line("promised_working_days", "", in.promised_working_days);
  line("organisations", "", in.organisations);
  line("awards_used", "", in.awards_used);
  if (in.first_job_median_millidays) line("first_job_median_millidays", "", *in.first_job_median_millidays);
  line("energy_j", "", in.energy_j);
  line("energy_jobs", "", in.energy_jobs);
  for (auto const& one : in.hours) {
    line("offered_units", one.partition, one.offered_units);
    line("awarded_units", one.partition, one.awarded_units);
    line("used_units", one.partition, one.used_units);
    line("expired_units", one.partition, one.expired_units);
  }
  auto const groups = [&](std::string_view by, std::vector<GroupCount> const& counts) {
    for (auto const& one : counts) {
      line(fmt::format("applications_by_{}", by), one.name, one.applications);
      line(fmt::format("awards_by_{}", by), one.name, one.awards);
    }
  };
  groups("mode", in.by_mode);
  groups("kind", in.by_kind);
  groups("country", in.by_country);
  groups("sector", in.by_sector);
  add_rounds(in.rounds, line);
  return out;
}

std::string csv(CallPace const& in) {
  std::string out = "figure,of,value\r\n";
  auto const line = [&](std::string_view figure, std::string_view of, std::int64_t value) {
    out += fmt::format("{},{},{}\r\n", figure, csv_cell(of), value);
  };
  line("promised_working_days", "", in.promised_working_days);
  line("decisions", "", in.decisions);
  line("running_median_millidays", "", in.running_median_millidays);
  line("late", "", in.late);
  line("waiting", "", in.waiting);
  line("overdue", "", in.overdue);
  add_rounds(in.rounds, line);
  return out;
}
}  // namespace fabrica::decisions
