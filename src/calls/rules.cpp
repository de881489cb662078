#include "calls/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <expected>
#include <set>

#include "base/time.hpp"
#include "forms/shipped.hpp"

namespace fabrica::calls {
namespace {

// A plan may be wrong by this much in either direction before a reason is asked for (restarts, ablations: domain
// practice is 10 to 30 % each).
constexpr double kAmountFactorMax = 3.0;

Check passed(std::string rule, std::string fact, std::string source) {
  return {std::move(rule), Outcome::pass, std::move(fact), std::move(source), ""};
}
Check failed(std::string rule, std::string fact, std::string source, std::string remedy) {
  return {std::move(rule), Outcome::fail, std::move(fact), std::move(source), std::move(remedy)};
}
Check open_question(std::string rule, std::string fact, std::string source, std::string remedy) {
  return {std::move(rule), Outcome::unknown, std::move(fact), std::move(source), std::move(remedy)};
}

std::string_view words(identity::OrganisationKind kind) { return db::enum_name(kind); }

Check check_window(Case const& in) {
  bool const open = in.call.state == CallState::published && in.call.opens.us <= in.now_us &&
                    (!in.call.closes || in.now_us < in.call.closes->us) && in.offer.open;
  auto const fact = fmt::format("The call opened on {}{}; now it is {}.", format_time(in.call.opens.us),
                                in.call.closes ? " and closes on " + format_time(in.call.closes->us) : std::string{},
                                format_time(in.now_us));
  if (open) return passed("call_open", fact, in.call.source);
  return failed("call_open", fact, in.call.source, "Keep the draft and apply in a call that is open.");
}

// The proposal or the registration says one thing and the form another.
Check contradicted(std::string rule, std::string fact, std::string_view here, std::string_view form,
                   std::string source) {
  return failed(std::move(rule), fmt::format("{}, the form says {}.", here, form), std::move(source),
                fmt::format("Make both say the same: the form's answer under {} and this one.", fact));
}

Check check_kind(Case const& in) {
  auto const& kinds = in.call.organisation_kinds;
  if (auto const form = form_says(in, "organisation.kind"); form && *form != words(in.organisation.kind))
    return contradicted("organisation_kind", "organisation.kind",
                        fmt::format("{} is registered as {}", in.organisation.name, words(in.organisation.kind)), *form,
                        in.call.source);
  auto const fact = fmt::format("{} is registered as {}.", in.organisation.name, words(in.organisation.kind));
  if (std::ranges::find(kinds, in.organisation.kind) != kinds.end())
    return passed("organisation_kind", fact, in.call.source);
  std::string wanted;
  for (auto const kind : kinds) wanted += fmt::format("{}{}", wanted.empty() ? "" : ", ", words(kind));
  return failed(
      "organisation_kind", fact, in.call.source,
      fmt::format("This call is for {}. Choose a call for your kind of organisation, or correct the registration.",
                  wanted));
}

// Whether the country belongs to a group the facts know; absent where they do not say.
std::optional<bool> belongs(facts::Country const* country, std::string_view group) {
  if (!country) return std::nullopt;
  if (group == "eu") return country->eu_member;
  if (group == "eurohpc") return country->participating_state;
  bool const some = country->horizon_associated.value_or(false) || country->digital_associated.value_or(false);
  bool const known = country->horizon_associated && country->digital_associated;
  return some ? std::optional{true} : known ? std::optional{false} : std::nullopt;
}

Check check_country(Case const& in) {
  if (auto const form = form_says(in, "organisation.country"); form && *form != in.organisation.country)
    return contradicted("country", "organisation.country",
                        fmt::format("{} is registered in {}", in.organisation.name, in.organisation.country), *form,
                        in.call.source);
  auto const* country = facts::find(in.countries, in.organisation.country);
  bool unsure = false;
  for (auto const& wanted : in.call.countries) {
    bool const group = wanted == "eu" || wanted == "eurohpc" || wanted == "associated";
    auto const member = group ? belongs(country, wanted) : std::optional{wanted == in.organisation.country};
    if (member.value_or(false))
      return passed("country",
                    fmt::format("{} is established in {} ({}).", in.organisation.name, in.organisation.country, wanted),
                    country ? country->source : in.call.source);
    unsure = unsure || !member.has_value();
  }
  auto const fact = fmt::format("{} is established in {}; the call admits {}.", in.organisation.name,
                                in.organisation.country, fmt::join(in.call.countries, ", "));
  if (unsure)
    return open_question("country", fact, in.call.source,
                         "The facts do not say whether this country is admitted: ask the access office to record it.");
  return failed("country", fact, in.call.source, "Apply through an organisation established in an admitted country.");
}

// An answer every proposal gives; a form that asks the same answers it too.
struct Question {
  std::string_view rule;
  std::string_view asks;
  Answer answer{};
  std::string_view fact;  // of the form
};

// What proposal and form say together, or the check that they contradict each other.
std::expected<Answer, Check> said(Case const& in, Question const& question, std::string const& source) {
  auto const form = form_says(in, question.fact);
  if (!form || *form == "unknown") return question.answer;
  auto const of_form = *form == "yes" ? Answer::yes : Answer::no;
  if (question.answer == Answer::unknown || question.answer == of_form) return of_form;
  return std::unexpected(contradicted(
      std::string{question.rule}, std::string{question.fact},
      fmt::format("{} The proposal says {}", question.asks, db::enum_name(question.answer)), *form, source));
}

Check check_answer(Case const& in, Question const& question, Answer wanted, std::string source, std::string remedy) {
  std::string const rule{question.rule};
  auto const answer = said(in, question, source);
  if (!answer) return answer.error();
  auto const fact = fmt::format("{} Answer: {}.", question.asks, db::enum_name(*answer));
  if (*answer == Answer::unknown)
    return open_question(rule, fact, std::move(source), "Answer yes or no and submit again.");
  if (*answer == wanted) return passed(rule, fact, std::move(source));
  return failed(rule, fact, std::move(source), std::move(remedy));
}

Check check_personal_data(Case const& in) {
  Question const question{"personal_data", "Are personal data processed?", in.proposal.personal_data, "data.personal"};
  auto const answer = said(in, question, in.call.source);
  if (!answer) return answer.error();
  if (*answer == Answer::unknown)
    return open_question("personal_data", "Are personal data processed? Not said.", in.call.source,
                         "Answer yes or no and submit again.");
  return passed("personal_data", fmt::format("Are personal data processed? Answer: {}.", db::enum_name(*answer)),
                in.call.source);
}

void check_answers(Case const& in, std::vector<Check>& out) {
  out.push_back(check_answer(
      in,
      {"civilian_purposes", "Is the work for civilian purposes only?", in.proposal.civilian_purposes, "use.civilian"},
      Answer::yes, "Regulation (EU) 2021/1173 Art. 16 as amended: focus on civilian applications",
      "Union hours are for civilian applications: other work needs another route."));
  out.push_back(check_answer(in,
                             {"excluded_uses", "Is a practice of AI Act Article 5 involved?", in.proposal.excluded_uses,
                              "use.prohibited_practice"},
                             Answer::no, "Regulation (EU) 2024/1689 Art. 5",
                             "Prohibited practices get no hours: change the purpose of the work."));
  out.push_back(check_personal_data(in));
  if (in.call.kind != CallKind::first_come) return;
  out.push_back(check_answer(in,
                             {"first_come_accepted", "Is an award in order of arrival accepted?",
                              in.proposal.first_come_accepted, "accepted.first_come"},
                             Answer::yes, in.call.source,
                             "This call awards in order of arrival: accept that, or choose another call."));
}

std::optional<double> parse_number(std::string const& text) {
  double out = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional{out} : std::nullopt;
}

Check check_amount(Case const& in) {
  auto const fact = fmt::format("{} units are asked for; the offer is {} to {} on {}.", in.proposal.amount_units,
                                in.offer.min_units, in.offer.max_units, in.offer.partition);
  auto const form = form_says(in, "request.amount");
  if (auto const asked = form ? parse_number(*form) : std::nullopt;
      asked && *asked != static_cast<double>(in.proposal.amount_units))
    return contradicted("amount", "request.amount",
                        fmt::format("{} units are asked for in the proposal", in.proposal.amount_units), *form,
                        in.call.source);
  if (in.proposal.amount_units >= in.offer.min_units && in.proposal.amount_units <= in.offer.max_units)
    return passed("amount", fact, in.call.source);
  return failed("amount", fact, in.call.source,
                fmt::format("Ask for {} to {} units.", in.offer.min_units, in.offer.max_units));
}

Check check_duration(Case const& in) {
  auto const fact =
      fmt::format("{} days are asked for; {} at most.", in.proposal.duration_days, in.call.duration_days_max);
  if (in.proposal.duration_days <= in.call.duration_days_max) return passed("duration", fact, in.call.source);
  return failed("duration", fact, in.call.source, fmt::format("Ask for at most {} days.", in.call.duration_days_max));
}

Check check_memory(Case const& in) {
  if (!in.plan.fits_memory)
    return open_question("memory", "The plan cannot tell whether the model fits. " + in.plan.explanation,
                         "the plan of this proposal",
                         "Complete the plan, or ask the operator to record the partition's memory.");
  if (*in.plan.fits_memory)
    return passed("memory", "The model and its optimiser state fit. " + in.plan.explanation,
                  "the plan of this proposal");
  return failed("memory", "The model and its optimiser state do not fit. " + in.plan.explanation,
                "the plan of this proposal", "Choose a partition with more memory, more nodes, or a smaller model.");
}

Check check_effort(Case const& in) {
  constexpr auto source = "the plan of this proposal";
  if (!in.plan.amount_units)
    return open_question("effort", "The plan gives no amount for this partition. " + in.plan.explanation, source,
                         "Complete the plan, or ask the operator to record the partition's figures.");
  double const planned = *in.plan.amount_units;
  auto const asked = static_cast<double>(in.proposal.amount_units);
  auto const fact = fmt::format("The plan needs {:.3g} units, {} are asked for.", planned, in.proposal.amount_units);
  if (asked < planned)
    return failed("effort", fact, source,
                  "The work cannot be done with that: ask for what the plan needs, or plan less.");
  // Small awards are rounded up to the least an offer has, which is nobody's excess.
  bool const fair = asked <= planned * kAmountFactorMax || in.proposal.amount_units == in.offer.min_units;
  if (fair || in.proposal.amount_reason)
    return passed("effort", fact + (fair ? "" : " Reason: " + *in.proposal.amount_reason), source);
  return failed("effort", fact, source, "Ask for less, or give the reason in amount_reason.");
}

}  // namespace

std::vector<Judged> judge(Case const& in) {
  bool const submission = in.stage == Stage::submission;
  std::vector<Check> checks{check_kind(in), check_country(in)};
  check_answers(in, checks);
  if (submission) {
    checks.push_back(check_amount(in));
    checks.push_back(check_duration(in));
    checks.push_back(check_memory(in));
    checks.push_back(check_effort(in));
  }
  std::vector<Judged> out;
  if (submission) out.push_back({check_window(in), "", false});
  for (auto& one : checks) {
    auto const compared = one.fact;
    out.push_back({std::move(one), compared, true});
  }
  for (auto& one : judge_eligibility(in)) out.push_back(std::move(one));
  return out;
}

std::vector<Check> check_proposal(Case const& in) { return with_overrides(judge(in), {}); }

std::vector<Check> with_overrides(std::vector<Judged> const& judged, std::span<Overriding const> overrides) {
  std::vector<Check> out;
  for (auto const& one : judged) {
    out.push_back(one.check);
    if (one.check.outcome == Outcome::pass || !one.overridable) continue;
    for (auto const& by : overrides) {
      if (by.rule != one.check.rule || by.compared != one.compared) continue;
      auto& check = out.back();
      check.outcome = Outcome::pass;
      check.fact +=
          fmt::format(" Let pass on {} by {}: {}", format_date(by.made.us), db::enum_name(by.made_as), by.reason);
      check.remedy.clear();
      break;
    }
  }
  return out;
}

ProposalEvent verdict_of(std::span<Check const> checks, CallKind kind) {
  auto const any = [&](Outcome outcome) {
    return std::ranges::any_of(checks, [&](Check const& one) { return one.outcome == outcome; });
  };
  bool const reviewed = kind == CallKind::reviewed;
  if (any(Outcome::fail)) return reviewed ? ProposalEvent::ask : ProposalEvent::reject;
  if (any(Outcome::unknown)) return ProposalEvent::ask;
  return reviewed ? ProposalEvent::enter : ProposalEvent::queue;
}

namespace {

void check_steps(std::vector<StepRule> const& steps, std::vector<Fault>& faults) {
  bool decision = false;
  bool expert = false;
  for (std::size_t at = 0; at < steps.size(); ++at) {
    auto const where = fmt::format("/reviewed/steps/{}/step", at);
    auto const step = steps[at].step;
    if (at > 0 && step <= steps[at - 1].step)
      faults.push_back({where,
                        "The steps come in this order, each once: administrative, technical, expert, panel, "
                        "decision, response."});
    decision = decision || step == StepKind::decision;
    expert = expert || step == StepKind::expert;
    if (step == StepKind::panel && !expert)
      faults.push_back({where, "A panel discusses reviews: switch the step expert on before it."});
  }
  if (!decision) faults.push_back({"/reviewed/steps", "The step decision is always one of them."});
}

void check_form(std::string const& form, std::span<std::string const> forms, std::string_view at,
                std::vector<Fault>& faults) {
  if (std::ranges::find(forms, form) == forms.end())
    faults.push_back(
        {std::string{at}, fmt::format("There is no form {}; there are {}.", form, fmt::join(forms, ", "))});
}

void check_reviewed(CallDraft const& draft, std::span<std::string const> forms, std::vector<Fault>& faults) {
  auto const& rules = *draft.reviewed;
  for (auto& fault : schedule::faults_of(rules.schedule, "/reviewed/schedule")) faults.push_back(std::move(fault));
  if (rules.schedule.kind == schedule::RuleKind::permanent)
    faults.push_back({"/reviewed/schedule/kind", "A call that is decided by review has cut-offs."});
  check_form(rules.form, forms, "/reviewed/form", faults);
  if (draft.closes) faults.push_back({"/closes", "A reviewed call ends with its schedule: leave this out."});
  check_steps(rules.steps, faults);
}

}  // namespace

namespace {

bool is_country(std::string_view text) {
  return text.size() == 2 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[1] <= 'Z';
}

void check_eligibility(CallDraft const& draft, std::vector<Fault>& faults) {
  auto const& rules = *draft.eligibility;
  std::set<RunningOf> of;
  for (std::size_t at = 0; at < rules.running.size(); ++at)
    if (!of.insert(rules.running[at].of).second)
      faults.push_back(
          {fmt::format("/eligibility/running/{}/of", at), "One rule for each: project, organisation, person."});
  std::set<std::string> facts;
  for (std::size_t at = 0; at < rules.declarations.size(); ++at)
    if (!facts.insert(rules.declarations[at].fact).second)
      faults.push_back({fmt::format("/eligibility/declarations/{}/fact", at), "Ask each declaration once."});
  if (!rules.de_minimis) return;
  if (!is_country(rules.de_minimis->granting_state))
    faults.push_back({"/eligibility/de_minimis/granting_state", "The state is two capital letters, for example LV."});
  std::set<std::string> valued;
  for (std::size_t at = 0; at < rules.de_minimis->values.size(); ++at) {
    auto const& one = rules.de_minimis->values[at].partition;
    auto const where = fmt::format("/eligibility/de_minimis/values/{}/partition", at);
    if (std::ranges::find(draft.offers, one, &OfferDraft::partition) == draft.offers.end())
      faults.push_back({where, "The call does not offer it."});
    if (!valued.insert(one).second) faults.push_back({where, "Value each partition once."});
  }
}

}  // namespace

Result<> check(CallDraft const& draft) { return check(draft, forms::shipped_keys()); }

Result<> check(CallDraft const& draft, std::span<std::string const> forms) {
  std::vector<Fault> faults;
  if (draft.closes && draft.closes->us <= draft.opens.us)
    faults.push_back({"/closes", "A call closes after it opens."});
  std::set<std::string> partitions;
  for (std::size_t at = 0; at < draft.offers.size(); ++at) {
    auto const& offer = draft.offers[at];
    if (offer.max_units < offer.min_units)
      faults.push_back({fmt::format("/offers/{}/max_units", at), "The most is not less than the least."});
    if (!partitions.insert(offer.partition).second)
      faults.push_back({fmt::format("/offers/{}/partition", at), "Each partition is offered once a round."});
  }
  for (std::size_t at = 0; at < draft.countries.size(); ++at) {
    auto const& one = draft.countries[at];
    if (!is_country(one) && one != "eu" && one != "eurohpc" && one != "associated")
      faults.push_back({fmt::format("/countries/{}", at),
                        "A country is two capital letters; the groups are eu, eurohpc and associated."});
  }
  if (draft.reviewed.has_value() != (draft.kind == CallKind::reviewed))
    faults.push_back({"/reviewed", "A call of the kind reviewed has these rules, and no other call has."});
  if (draft.eligibility) check_eligibility(draft, faults);
  if (draft.reviewed) check_reviewed(draft, forms, faults);
  if (draft.form && draft.kind == CallKind::reviewed)
    faults.push_back({"/form", "A reviewed call names its form among the rules of its review."});
  else if (draft.form) check_form(*draft.form, forms, "/form", faults);
  if (faults.empty()) return {};
  auto const what = faults.front().what;
  return fail(Errc::invalid, "input", what, std::move(faults));
}

}  // namespace fabrica::calls
