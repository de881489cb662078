#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "calls/types.hpp"
#include "facts/view.hpp"
#include "forms/check.hpp"
#include "identity/declarations.hpp"

namespace fabrica::calls {

// What the plan says about the partition that is asked for; absent where the planner does not know.
struct PlanFor {
  std::optional<double> amount_units;
  std::optional<bool> fits_memory;
  std::string explanation;
};

// When the checks are made. A draft is checked as its submission will be. At the award only who may have hours and for
// what is asked again: window, amount and plan were the submission's.
enum class Stage : std::uint8_t { submission, award };

// What is known beside the proposal for the rules a call declares.
struct Known {
  std::vector<forms::Declaration> form;              // of its form's answers
  std::vector<identity::FiguresDeclared> figures;    // of the organisation, by year
  std::optional<identity::AidDeclared> aid;          // absent: nothing was said
  std::vector<identity::AidReceived> granted_here;   // hours of earlier awards that were aid, at their value
  std::vector<std::optional<std::int64_t>> running;  // other awards, for each of the call's rules; absent: unknown
};

// Everything a proposal is checked against. Pure data: the same case gives the same checks for ever.
struct Case {
  identity::Organisation organisation;
  Call call;
  Offer offer;
  ProposalDraft proposal;
  PlanFor plan;
  std::vector<facts::Country> const& countries;
  Micros now_us = 0;
  Stage stage = Stage::submission;
  std::span<facts::EligibilityLimit const> limits{};
  Known known{};
};

// A check with what an override of it depends on.
struct Judged {
  Check check;
  std::string compared;     // the same as long as nothing that matters has changed
  bool overridable = true;  // no officer's word opens a call or fills in a form
};

// Eligibility and technical checks, all of them, each explaining itself. What is not known is `unknown`, never a pass.
std::vector<Judged> judge(Case const& in);
std::vector<Check> check_proposal(Case const& in);

// An override as a rule sees it.
struct Overriding {
  std::string rule;
  std::string compared;
  std::string reason;
  identity::Role made_as{};
  Time made;
};
// Checks that were overridden for what they compare now pass, and say who let them and why.
std::vector<Check> with_overrides(std::vector<Judged> const& judged, std::span<Overriding const> overrides);

// The rules a call declares beside kind, country and the answers of every proposal; none for a call without any.
std::vector<Judged> judge_eligibility(Case const& in);

// What the form answers under this fact, as text without quotes; nothing where it does not ask, is not answered, or the
// call's rules do not read its form. `unknown` is an answer of its own.
std::optional<std::string> form_says(Case const& in, std::string_view fact);

// The limits of a day for the size of enterprises; nothing if one of them is missing.
std::optional<identity::SizeLimits> size_limits(std::span<facts::EligibilityLimit const> limits);

// What the checks mean. First come: reject if one fails, ask if one is unknown, else queue. Reviewed: ask if one fails
// or is unknown, for there is time until the cut-off; else enter.
ProposalEvent verdict_of(std::span<Check const> checks, CallKind kind);

// `forms` are the keys of the forms there are.
Result<> check(CallDraft const& draft, std::span<std::string const> forms);
// The same with the shipped forms alone.
Result<> check(CallDraft const& draft);

}  // namespace fabrica::calls
