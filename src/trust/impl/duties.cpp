#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "trust/impl/procedure.hpp"

namespace fabrica::trust {
namespace {

// What Fabrica can write. technical_documentation (Annex IV) is named by duties but not written yet.
constexpr std::array<std::string_view, 6> kDocuments{
    "gpai_documentation", "gpai_integrator_documentation", "training_content_summary", "assessment_record",
    "final_report",       "technical_documentation"};

bool is_high_risk(std::string_view name) { return name == "HR_ANNEX_I_A" || name == "HR_ANNEX_III"; }

// Which rows of the duties table an open class could bring.
bool could_bring(std::string_view row, std::string_view open) {
  if (row == "HR_PROVIDER" || row == "HR_DEPLOYER") return is_high_risk(open) || open == "PROVIDER_HR";
  return row == open;
}

}  // namespace

bool Procedure::counts_as_duty_class(std::string_view row, Finding const& finding) const {
  auto const& name = finding.class_name;
  if (row == "HR_PROVIDER") return (is_high_risk(name) && provider_.possible()) || name == "PROVIDER_HR";
  if (row == "HR_DEPLOYER") return is_high_risk(name) && deployer_.possible() && !no_deployer_duties_.yes();
  if (row == "ALL") return name == "LITERACY";
  if (row != name) return false;
  // Duties of a model are its provider's; with an open licence the lighter list replaces the full one.
  if (name == "GPAI") return provider_.possible() && !foss_.yes();
  if (name.starts_with("GPAI")) return provider_.possible();
  if (name == "NOT_HR_DEROGATED") return provider_.possible();
  if (name == "IMPORTER" || name == "DISTRIBUTOR") return annex_three_.possible() || annex_one_a_.possible();
  if (name == "TRANSPARENCY_INTERACT" || name == "TRANSPARENCY_MARK") return provider_.possible();
  if (name.starts_with("TRANSPARENCY")) return deployer_.possible() && !no_deployer_duties_.yes();
  return true;
}

void Procedure::derive_duties() {
  for (auto const& row : duties_) {
    for (auto const& finding : out_.findings) {
      if (!counts_as_duty_class(row.class_name, finding)) continue;
      auto const from = std::max(row.applies_from, finding.applies_from);
      auto const state = finding.shadow ? DutyState::shadow : from <= input_.date ? DutyState::due : DutyState::later;
      DutyFinding duty{finding.class_name, row.duty, row.citation, from, state, row.document};
      auto const same = std::ranges::find_if(out_.duties, [&](DutyFinding const& known) {
        return known.duty == duty.duty && known.citation == duty.citation;
      });
      if (same == out_.duties.end()) out_.duties.push_back(std::move(duty));
      else if (duty.applies_from < same->applies_from) *same = std::move(duty);
    }
  }
}

void Procedure::derive_documents() {
  for (auto document : kDocuments) {
    DueDocument out{std::string{document}, DueState::voluntary, "No duty asks for it: produced voluntarily."};
    for (auto const& duty : out_.duties) {
      if (duty.document != document) continue;
      if (duty.state == DutyState::due) {
        out.state = DueState::due;
        out.because = fmt::format("Due: class {}, {}, since {}.", duty.class_name, duty.citation, duty.applies_from);
        break;
      }
      out.because = duty.state == DutyState::shadow
                        ? fmt::format("Not on the market yet: no duty ({} would bring {}); produced voluntarily.",
                                      duty.class_name, duty.citation)
                        : fmt::format("Not due before {} (class {}, {}); produced voluntarily.", duty.applies_from,
                                      duty.class_name, duty.citation);
    }
    std::vector<std::string> questions;
    for (auto const& open : out_.open)
      for (auto const& row : duties_)
        if (row.document == document && could_bring(row.class_name, open.class_name))
          add_new(questions, open.questions);
    if (out.state != DueState::due && !questions.empty() && !shadow_ && !gpai_shadow_) {
      out.state = DueState::undetermined;
      out.because = fmt::format("Whether it is due is undetermined until answered: {}.", fmt::join(questions, ", "));
    }
    out_.documents.push_back(std::move(out));
  }
}

bool Assessment::has(std::string_view class_name) const {
  return std::ranges::find(classes, class_name) != classes.end();
}

DueDocument Assessment::due(std::string_view document) const {
  auto const found = std::ranges::find(documents, document, &DueDocument::document);
  if (found != documents.end()) return *found;
  return {std::string{document}, DueState::voluntary, "No duty asks for it: produced voluntarily."};
}

std::vector<Question> question_list(std::vector<Rule> const& rules) {
  std::vector<Question> out;
  for (auto const& rule : rules) {
    if (is_askable(rule.id, rules)) out.push_back({rule.id, rule.condition, rule.citation});
    for (auto const& finer : kFinerQuestions)
      if (finer.rule == rule.id) out.push_back({std::string{finer.id}, std::string{finer.text}, rule.citation});
  }
  return out;
}

namespace {

void check_bounds(FlopBounds const& bounds, std::string_view name, std::vector<Fault>& faults) {
  for (auto const& [value, which] : {std::pair{bounds.lower_flop, "lower_flop"}, {bounds.upper_flop, "upper_flop"}})
    if (value && (!std::isfinite(*value) || *value < 0))
      faults.push_back({fmt::format("/{}/{}", name, which), "Must be a finite number of FLOP, 0 or more."});
  if (bounds.lower_flop && bounds.upper_flop && *bounds.lower_flop > *bounds.upper_flop)
    faults.push_back({fmt::format("/{}", name), "The lower bound is above the upper one."});
}

void check_answers(AssessmentInput const& input, std::vector<Rule> const& rules, std::vector<Fault>& faults) {
  for (std::size_t i = 0; i < input.answers.size(); ++i) {
    auto const& given = input.answers[i];
    auto const at = fmt::format("/answers/{}", i);
    bool const group = std::ranges::find(kGroups, given.question) != kGroups.end();
    if (group && given.answer != Answer::no)
      faults.push_back(
          {at, fmt::format("'{}' stands for all questions of that letter and can only be answered no; answer "
                           "the one that is {} by its own id.",
                           given.question, given.answer == Answer::yes ? "yes" : "unknown")});
    if (!group && !is_askable(given.question, rules))
      faults.push_back({at, fmt::format("'{}' is no question of the rule table.", given.question)});
    if (given.answer != Answer::unknown && given.reason.empty())
      faults.push_back(
          {at + "/reason",
           fmt::format("Say why '{}' is answered so: the answer is recorded with its reason.", given.question)});
    for (std::size_t k = 0; k < i; ++k)
      if (input.answers[k].question == given.question)
        faults.push_back({at, fmt::format("'{}' is answered twice.", given.question)});
  }
}

}  // namespace

Result<Assessment> assess(AssessmentInput const& input, std::vector<Rule> const& rules,
                          std::vector<Duty> const& duties) {
  std::vector<Fault> faults;
  if (!is_date(input.date)) faults.push_back({"/date", "Must be a day, YYYY-MM-DD."});
  if (input.placed_on_market && !is_date(*input.placed_on_market))
    faults.push_back({"/placed_on_market", "Must be a day, YYYY-MM-DD."});
  check_answers(input, rules, faults);
  check_bounds(input.training, "training", faults);
  check_bounds(input.upstream, "upstream", faults);
  if (!faults.empty()) {
    auto what = fmt::format("{} {}", faults.front().pointer, faults.front().what);
    return fail(Errc::invalid, "assessment", std::move(what), std::move(faults));
  }
  return Procedure{input, rules, duties}.run();
}

}  // namespace fabrica::trust
