// From a template and an operator's choices to a call's draft.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "calls/templates.hpp"

namespace fabrica::calls {
namespace {

budget::Unit unit_of(schedule::HoursUnit unit) {
  switch (unit) {
    case schedule::HoursUnit::gpu_hour: return budget::Unit::gpu_hour;
    case schedule::HoursUnit::node_hour: return budget::Unit::node_hour;
    case schedule::HoursUnit::core_hour: return budget::Unit::core_hour;
  }
  return budget::Unit::node_hour;
}

// A promise in working days: five of seven days, 21 of a month, rounded down.
std::int64_t working_days(schedule::Answer const& answer) {
  switch (answer.unit) {
    case schedule::AnswerUnit::working_days: return answer.count;
    case schedule::AnswerUnit::days: return answer.count * 5 / 7;
    case schedule::AnswerUnit::months: return answer.count * 21;
  }
  return answer.count;
}

std::int64_t milli(double points) { return std::llround(points * 1000); }

class Maker {
 public:
  Maker(schedule::CallTemplate const& from, TemplateChoices const& choices) : from_{from}, choices_{choices} {}

  Result<CallDraft> run() {
    fill_head();
    fill_applicants();
    for (std::size_t at = 0; at < choices_.offers.size(); ++at) fill_offer(at);
    if (draft_.kind == CallKind::reviewed) fill_review();
    else fill_first_come();
    if (faults_.empty()) return std::move(draft_);
    auto const what = faults_.front().what;
    return fail(Errc::invalid, "template_choices", what, std::move(faults_));
  }

 private:
  void need(std::string pointer, std::string what) { faults_.push_back({std::move(pointer), std::move(what)}); }

  void fill_head() {
    draft_.title = choices_.title.value_or(from_.title);
    draft_.summary = choices_.summary.value_or(from_.summary);
    draft_.source = choices_.source.value_or(from_.source);
    draft_.access_mode = from_.access_mode;
    draft_.opens = choices_.opens;
    draft_.demo = choices_.demo;
    if (choices_.kind) draft_.kind = *choices_.kind;
    else if (from_.kind)
      draft_.kind = *from_.kind == schedule::TemplateKind::reviewed ? CallKind::reviewed : CallKind::first_come;
    else need("/kind", "The template does not say how this call decides: first_come or reviewed.");
    if (choices_.duration_days_max) draft_.duration_days_max = *choices_.duration_days_max;
    else if (!from_.durations_months.empty())
      draft_.duration_days_max = static_cast<std::int64_t>(
          std::ceil(30.5 * static_cast<double>(*std::ranges::max_element(from_.durations_months))));
    else need("/duration_days_max", "The template does not say how long an award may last.");
    if (choices_.answer_working_days) draft_.answer_working_days = *choices_.answer_working_days;
    else if (from_.schedule && from_.schedule->answer)
      draft_.answer_working_days = working_days(*from_.schedule->answer);
    if (!from_.open_questions.empty() && !choices_.questions_settled)
      need("/questions_settled",
           fmt::format("Settle these first, then say so: {}", fmt::join(from_.open_questions, " ")));
  }

  void fill_applicants() {
    if (choices_.organisation_kinds) draft_.organisation_kinds = *choices_.organisation_kinds;
    else if (from_.applicants)
      for (auto const& kind : from_.applicants->organisation_kinds)
        if (auto const known = json::enum_value<identity::OrganisationKind>(kind))
          draft_.organisation_kinds.push_back(*known);
    if (draft_.organisation_kinds.empty()) need("/organisation_kinds", "The template does not say who may apply.");
    if (choices_.countries) draft_.countries = *choices_.countries;
    else if (from_.applicants) draft_.countries = from_.applicants->countries;
    if (draft_.countries.empty()) need("/countries", "The template does not say from which countries.");
  }

  void fill_offer(std::size_t at) {
    auto const& choice = choices_.offers[at];
    auto const where = fmt::format("/offers/{}", at);
    auto const given = std::ranges::find(from_.offers, choice.partition, &schedule::PartitionOffer::partition);
    bool const listed = given != from_.offers.end();
    auto const pick = [&](std::optional<std::int64_t> chosen, std::optional<std::int64_t> of_partition,
                          std::optional<std::int64_t> of_all) {
      return chosen ? chosen : of_partition ? of_partition : of_all;
    };
    auto least = from_.amount ? from_.amount->min_units : std::nullopt;
    if (least && from_.amount->min_excluded) ++*least;
    auto const most = from_.amount ? from_.amount->max_units : std::nullopt;
    if (!least && from_.amount && from_.amount->fixed) least = most;
    auto const min = pick(choice.min_units, listed ? given->min_units : std::nullopt, least);
    auto const max = pick(choice.max_units, listed ? given->max_units : std::nullopt, most);
    if (!min) need(where + "/min_units", "The template does not say the least one may ask for.");
    if (!max) need(where + "/max_units", "The template does not say the most one may ask for.");
    if (!choice.unit && !from_.unit) need(where + "/unit", "The template does not say what is counted.");
    draft_.offers.push_back({choice.partition,
                             choice.unit  ? *choice.unit
                             : from_.unit ? unit_of(*from_.unit)
                                          : budget::Unit::node_hour,
                             min.value_or(1), max.value_or(1), choice.capacity_units});
  }

  void fill_first_come() {
    draft_.closes = choices_.closes;
    draft_.form = choices_.form ? choices_.form : from_.form;
    for (auto const& [given, pointer] : {std::pair{choices_.schedule.has_value(), "/schedule"},
                                         {choices_.steps.has_value(), "/steps"},
                                         {choices_.ranking.has_value(), "/ranking"},
                                         {choices_.guarantees.has_value(), "/guarantees"},
                                         {choices_.caps.has_value(), "/caps"}})
      if (given) need(pointer, "A first-come call has no such rules: leave it out.");
  }

  void fill_review() {
    ReviewedRules rules;
    if (choices_.closes) need("/closes", "A reviewed call ends with its schedule: leave this out.");
    if (choices_.schedule) rules.schedule = *choices_.schedule;
    else if (from_.schedule) rules.schedule = *from_.schedule;
    else need("/schedule", "The template does not say when the cut-offs are.");
    if (choices_.form) rules.form = *choices_.form;
    else if (from_.form) rules.form = *from_.form;
    else need("/form", "The template does not say which form is to be filled in.");
    if (choices_.steps) rules.steps = *choices_.steps;
    else
      for (auto const step : from_.steps) rules.steps.push_back({step, {}, {}, false});
    if (rules.steps.empty()) need("/steps", "The template does not say how proposals are evaluated.");
    fill_ranking(rules.ranking);
    rules.guarantees = choices_.guarantees.value_or(std::vector<matching::GroupRule>{});
    rules.caps = choices_.caps.value_or(std::vector<matching::GroupRule>{});
    draft_.reviewed = std::move(rules);
  }

  void fill_ranking(matching::RankingRules& ranking) {
    if (choices_.ranking) {
      ranking = *choices_.ranking;
      return;
    }
    if (!from_.review || !from_.review->scale_min)
      return need("/ranking", "The template does not say by which criteria proposals are ranked.");
    auto const& review = *from_.review;
    double total_max = 0;
    double total_min = 0;
    for (auto const& one : review.criteria) {
      auto const weight = std::max<std::int64_t>(1, std::llround(one.weight.value_or(1) * 100));
      ranking.criteria.push_back({one.key, milli(*review.scale_min), milli(*review.scale_max), 500, weight,
                                  review.threshold_each ? std::optional{milli(*review.threshold_each)} : std::nullopt});
      total_min += *review.scale_min;
      total_max += *review.scale_max;
    }
    if (review.threshold_total && total_max > total_min)
      ranking.threshold_millionths =
          std::llround((*review.threshold_total - total_min) / (total_max - total_min) * 1'000'000);
    ranking.tie_breaks = {{matching::TieKind::earlier, ""}, {matching::TieKind::lottery, ""}};
  }

  schedule::CallTemplate const& from_;
  TemplateChoices const& choices_;
  CallDraft draft_;
  std::vector<Fault> faults_;
};

}  // namespace

Result<CallDraft> draft_of(schedule::CallTemplate const& from, TemplateChoices const& choices) {
  if (from.state == schedule::TemplateState::superseded)
    return fail(Errc::conflict, "template_superseded",
                fmt::format("{} is kept for the record. Use {}.", from.title,
                            from.superseded_by.empty() ? "another template"
                                                       : fmt::format("{}", fmt::join(from.superseded_by, " or "))));
  return Maker{from, choices}.run();
}

}  // namespace fabrica::calls
