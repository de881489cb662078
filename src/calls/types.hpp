#pragma once

#include <boost/describe.hpp>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/id.hpp"
#include "base/steps.hpp"
#include "base/time.hpp"
#include "budget/service.hpp"
#include "calls/eligibility.hpp"
#include "calls/reviewed.hpp"
#include "identity/service.hpp"
#include "json/json.hpp"

namespace fabrica::calls {

// How a call decides.
enum class CallKind : std::uint8_t {
  first_come,  // eligible and technically sound proposals are awarded in order of arrival while capacity lasts
  reviewed,    // in rounds with a cut-off each: steps of evaluation, a ranked list, awards by rank
};
BOOST_DESCRIBE_ENUM(CallKind, first_come, reviewed)

enum class CallState : std::uint8_t { draft, published, closed };
BOOST_DESCRIBE_ENUM(CallState, draft, published, closed)

// What a partition offers in a round, in whole units (GPU-hours, node-hours, core-hours).
struct OfferDraft {
  std::string partition;  // its name: of this factory's partitions, and of the facts the planner uses
  budget::Unit unit{};
  std::int64_t min_units = 0;
  std::int64_t max_units = 0;
  std::int64_t capacity_units = 0;

  static constexpr auto limits() {
    return std::tuple{json::length(&OfferDraft::partition, 1, 100),
                      json::range(&OfferDraft::min_units, 1, 1'000'000'000),
                      json::range(&OfferDraft::max_units, 1, 1'000'000'000),
                      json::range(&OfferDraft::capacity_units, 0, 1'000'000'000)};
  }
};
BOOST_DESCRIBE_STRUCT(OfferDraft, (), (partition, unit, min_units, max_units, capacity_units))

struct CallDraft {
  std::string title;
  std::string summary;
  CallKind kind{};
  std::optional<std::string> access_mode;  // key of the facts row the call follows
  Time opens;
  std::optional<Time> closes;  // absent: until further notice
  std::int64_t duration_days_max = 0;
  std::int64_t answer_working_days = 0;                        // promised; shown to applicants
  std::vector<identity::OrganisationKind> organisation_kinds;  // who may apply
  // Country codes, or the groups the facts know: "eu", "eurohpc", "associated".
  std::vector<std::string> countries;
  std::string source;                     // where these rules are published
  std::vector<OfferDraft> offers;         // of each round
  std::optional<ReviewedRules> reviewed;  // of the kind reviewed, and of no other
  std::optional<bool> demo;
  // A first-come call may have a form too; a reviewed one names its own among its rules. Key, and which edition of it.
  std::optional<std::string> form;
  std::optional<std::string> form_digest;
  std::optional<Eligibility> eligibility{};

  static constexpr auto limits() {
    return std::tuple{json::length(&CallDraft::form, 1, 80),
                      json::length(&CallDraft::title, 1, 200),
                      json::length(&CallDraft::summary, 0, 4000),
                      json::range(&CallDraft::duration_days_max, 1, 3650),
                      json::range(&CallDraft::answer_working_days, 0, 365),
                      json::items(&CallDraft::organisation_kinds, 1, 20),
                      json::items(&CallDraft::countries, 1, 300),
                      json::length(&CallDraft::source, 1, 1000),
                      json::items(&CallDraft::offers, 1, 100)};
  }
};
BOOST_DESCRIBE_STRUCT(CallDraft, (),
                      (title, summary, kind, access_mode, opens, closes, duration_days_max, answer_working_days,
                       organisation_kinds, countries, source, offers, reviewed, demo, form, form_digest, eligibility))

struct Offer {
  PublicId id;
  std::string partition;
  budget::Unit unit{};
  std::int64_t min_units = 0;
  std::int64_t max_units = 0;
  std::int64_t capacity_units = 0;
  double left_units = 0;  // of the capacity
  bool open = true;
};
BOOST_DESCRIBE_STRUCT(Offer, (), (id, partition, unit, min_units, max_units, capacity_units, left_units, open))

// A call with the round that takes proposals now, or the next one to do so, or its last. A first-come call has a single
// round from opening to closing; a reviewed one has one a cut-off.
struct Call {
  PublicId id;
  PublicId round;
  std::string title;
  std::string summary;
  CallKind kind{};
  CallState state{};
  std::int64_t version = 1;  // of its rules
  std::optional<std::string> access_mode;
  Time opens;  // of the round, as is closes
  std::optional<Time> closes;
  std::int64_t duration_days_max = 0;
  std::int64_t answer_working_days = 0;
  std::vector<identity::OrganisationKind> organisation_kinds;
  std::vector<std::string> countries;
  std::string source;
  bool demo = false;
  std::vector<Offer> offers;
  std::optional<ReviewedRules> reviewed;
  std::optional<std::string> form;
  std::optional<std::string> form_digest;
  std::optional<Eligibility> eligibility{};
};
BOOST_DESCRIBE_STRUCT(Call, (),
                      (id, round, title, summary, kind, state, version, access_mode, opens, closes, duration_days_max,
                       answer_working_days, organisation_kinds, countries, source, demo, offers, reviewed, form,
                       form_digest, eligibility))

// Yes, no, or not said: what is not said never passes a check.
enum class Answer : std::uint8_t { yes, no, unknown };
BOOST_DESCRIBE_ENUM(Answer, yes, no, unknown)

// Another partition of the same round that would do, should the first not be available; reviewed calls only.
struct FallBack {
  std::string partition;
  std::int64_t amount_units = 0;
  std::optional<std::int64_t> minimum_units{};  // less is of no use; absent: nothing less than the amount is

  static constexpr auto limits() {
    return std::tuple{json::length(&FallBack::partition, 1, 100),
                      json::range(&FallBack::amount_units, 1, 1'000'000'000),
                      json::range(&FallBack::minimum_units, 1, 1'000'000'000)};
  }
};
BOOST_DESCRIBE_STRUCT(FallBack, (), (partition, amount_units, minimum_units))

struct ProposalDraft {
  PublicId call;
  std::string partition;
  std::int64_t amount_units = 0;
  std::int64_t duration_days = 0;
  std::string purpose;  // what the hours are for
  Answer civilian_purposes{};
  Answer excluded_uses{};  // is any practice of AI Act Article 5 involved?
  Answer personal_data{};
  Answer first_come_accepted{};              // awarded in order of arrival, without competition
  std::optional<std::string> amount_reason;  // when it is far from what the plan says
  json::Raw plan;                            // the planner's request, as for POST /plan
  std::optional<json::Raw> form;             // answers to the call's form, by field
  // Reviewed calls only: the least that is of use, and what else would do, in order.
  std::optional<std::int64_t> minimum_units{};
  std::optional<std::vector<FallBack>> fall_backs{};
  std::optional<bool> confidential{};  // the public register of awards leaves the organisation out
  // What the call's rules of eligibility ask: who leads, the last day of that person's contract (YYYY-MM-DD), and
  // declarations its form does not ask, by fact.
  std::optional<PublicId> principal_investigator{};
  std::optional<std::string> contract_until{};
  std::optional<std::map<std::string, std::string>> declarations{};

  static constexpr auto limits() {
    return std::tuple{json::length(&ProposalDraft::partition, 1, 100),
                      json::range(&ProposalDraft::amount_units, 1, 1'000'000'000),
                      json::range(&ProposalDraft::duration_days, 1, 3650),
                      json::length(&ProposalDraft::purpose, 1, 8000),
                      json::length(&ProposalDraft::amount_reason, 1, 4000),
                      json::range(&ProposalDraft::minimum_units, 1, 1'000'000'000),
                      json::items(&ProposalDraft::fall_backs, 0, 10),
                      json::length(&ProposalDraft::contract_until, 10, 10),
                      json::items(&ProposalDraft::declarations, 0, 50)};
  }
};
BOOST_DESCRIBE_STRUCT(ProposalDraft, (),
                      (call, partition, amount_units, duration_days, purpose, civilian_purposes, excluded_uses,
                       personal_data, first_come_accepted, amount_reason, plan, form, minimum_units, fall_backs,
                       confidential, principal_investigator, contract_until, declarations))

enum class Outcome : std::uint8_t { pass, fail, unknown };
BOOST_DESCRIBE_ENUM(Outcome, pass, fail, unknown)

// One rule applied to one proposal, explaining itself.
struct Check {
  std::string rule;
  Outcome outcome{};
  std::string fact;    // what was compared
  std::string source;  // where the rule stands
  std::string remedy;  // what to change; empty when it passed
};
BOOST_DESCRIBE_STRUCT(Check, (), (rule, outcome, fact, source, remedy))

enum class ProposalState : std::uint8_t {
  draft,
  incomplete,  // an answer is missing: change it and submit again
  waiting,     // first come: in line for capacity, in order of arrival
  submitted,   // reviewed: sent, and may be called back until the cut-off
  evaluating,  // reviewed: in the steps of the evaluation, or decided and not yet published
  offered,     // reviewed: hours are held for the applicant, who has to answer
  reserve,     // reviewed: next in rank should hours come free
  awarded,
  declined,  // by the applicant
  rejected,
  withdrawn,
};
BOOST_DESCRIBE_ENUM(ProposalState, draft, incomplete, waiting, submitted, evaluating, offered, reserve, awarded,
                    declined, rejected, withdrawn)

enum class ProposalEvent : std::uint8_t {
  ask,
  queue,
  enter,
  recall,
  evaluate,
  offer,
  hold_in_reserve,
  award,
  decline,
  reject,
  reopen,
  withdraw
};

using ProposalStep = StateStep<ProposalState, ProposalEvent>;
inline constexpr std::array kProposalSteps{
    ProposalStep{ProposalState::draft, ProposalEvent::ask, ProposalState::incomplete},
    ProposalStep{ProposalState::draft, ProposalEvent::queue, ProposalState::waiting},
    ProposalStep{ProposalState::draft, ProposalEvent::reject, ProposalState::rejected},
    ProposalStep{ProposalState::draft, ProposalEvent::withdraw, ProposalState::withdrawn},
    ProposalStep{ProposalState::incomplete, ProposalEvent::ask, ProposalState::incomplete},
    ProposalStep{ProposalState::incomplete, ProposalEvent::queue, ProposalState::waiting},
    ProposalStep{ProposalState::incomplete, ProposalEvent::reject, ProposalState::rejected},
    ProposalStep{ProposalState::incomplete, ProposalEvent::withdraw, ProposalState::withdrawn},
    ProposalStep{ProposalState::waiting, ProposalEvent::award, ProposalState::awarded},
    // What was true when it got in line need not be when its turn comes.
    ProposalStep{ProposalState::waiting, ProposalEvent::ask, ProposalState::incomplete},
    ProposalStep{ProposalState::waiting, ProposalEvent::reject, ProposalState::rejected},
    ProposalStep{ProposalState::waiting, ProposalEvent::withdraw, ProposalState::withdrawn},
    ProposalStep{ProposalState::draft, ProposalEvent::enter, ProposalState::submitted},
    ProposalStep{ProposalState::incomplete, ProposalEvent::enter, ProposalState::submitted},
    ProposalStep{ProposalState::submitted, ProposalEvent::recall, ProposalState::draft},
    ProposalStep{ProposalState::submitted, ProposalEvent::evaluate, ProposalState::evaluating},
    ProposalStep{ProposalState::submitted, ProposalEvent::withdraw, ProposalState::withdrawn},
    ProposalStep{ProposalState::evaluating, ProposalEvent::offer, ProposalState::offered},
    ProposalStep{ProposalState::evaluating, ProposalEvent::award, ProposalState::awarded},
    ProposalStep{ProposalState::evaluating, ProposalEvent::hold_in_reserve, ProposalState::reserve},
    ProposalStep{ProposalState::evaluating, ProposalEvent::reject, ProposalState::rejected},
    ProposalStep{ProposalState::evaluating, ProposalEvent::withdraw, ProposalState::withdrawn},
    ProposalStep{ProposalState::offered, ProposalEvent::award, ProposalState::awarded},
    ProposalStep{ProposalState::offered, ProposalEvent::decline, ProposalState::declined},
    ProposalStep{ProposalState::reserve, ProposalEvent::offer, ProposalState::offered},
    ProposalStep{ProposalState::reserve, ProposalEvent::award, ProposalState::awarded},
    ProposalStep{ProposalState::reserve, ProposalEvent::reject, ProposalState::rejected},
    ProposalStep{ProposalState::reserve, ProposalEvent::withdraw, ProposalState::withdrawn},
    ProposalStep{ProposalState::rejected, ProposalEvent::reopen, ProposalState::evaluating},
};
constexpr std::optional<ProposalState> next(ProposalState from, ProposalEvent on) {
  return fabrica::next(kProposalSteps, from, on);
}
static_assert(!next(ProposalState::awarded, ProposalEvent::withdraw), "an award is ended, not withdrawn");
static_assert(!next(ProposalState::rejected, ProposalEvent::queue), "a rejected proposal stays rejected");

struct Proposal {
  PublicId id;
  PublicId project;
  PublicId call;
  PublicId round;
  std::int64_t call_version = 1;  // the rules it is judged by
  PublicId offer;
  std::string partition;
  budget::Unit unit{};
  std::int64_t amount_units = 0;
  std::int64_t duration_days = 0;
  std::string purpose;
  ProposalState state{};
  std::optional<Time> submitted;
  std::optional<Time> decided;
  std::string decision_reason;
  std::vector<Check> checks;
  std::optional<PublicId> award;
  json::Raw plan;
  std::optional<json::Raw> form;
  std::optional<std::int64_t> minimum_units{};
  std::optional<std::vector<FallBack>> fall_backs{};
  std::optional<bool> confidential{};
  std::optional<PublicId> principal_investigator{};
  std::optional<std::string> contract_until{};
  std::optional<std::map<std::string, std::string>> declarations{};
};
BOOST_DESCRIBE_STRUCT(Proposal, (),
                      (id, project, call, round, call_version, offer, partition, unit, amount_units, duration_days,
                       purpose, state, submitted, decided, decision_reason, checks, award, plan, form, minimum_units,
                       fall_backs, confidential, principal_investigator, contract_until, declarations))

// What a proposal's checks say now, before anybody sends or decides anything.
struct Checked {
  PublicId proposal;
  ProposalState state{};
  Time evaluated;
  std::vector<Check> checks;
};
BOOST_DESCRIBE_STRUCT(Checked, (), (proposal, state, evaluated, checks))

struct OverrideDraft {
  std::string rule;
  std::string reason;

  static constexpr auto limits() {
    return std::tuple{json::length(&OverrideDraft::rule, 1, 80), json::length(&OverrideDraft::reason, 10, 4000)};
  }
};
BOOST_DESCRIBE_STRUCT(OverrideDraft, (), (rule, reason))

// An officer's word that a check passes although the program says otherwise. It holds for the fact it was given for:
// when that changes, the check is as the program finds it.
struct Override {
  PublicId id;
  PublicId proposal;
  std::string rule;
  std::string fact;
  std::string reason;
  PublicId made_by;
  identity::Role made_as{};
  Time made;
  std::optional<Time> ended{};
};
BOOST_DESCRIBE_STRUCT(Override, (), (id, proposal, rule, fact, reason, made_by, made_as, made, ended))

// Hours a project may use on a partition, with the account that counts them.
struct Award {
  PublicId id;
  PublicId project;
  PublicId proposal;
  std::string partition;
  budget::Unit unit{};
  std::int64_t amount_units = 0;
  Time starts;
  Time ends;
  std::int64_t balance_micro = 0;
  std::int64_t held_micro = 0;
  std::int64_t used_micro = 0;
  std::int64_t overrun_micro = 0;
};
BOOST_DESCRIBE_STRUCT(Award, (),
                      (id, project, proposal, partition, unit, amount_units, starts, ends, balance_micro, held_micro,
                       used_micro, overrun_micro))

}  // namespace fabrica::calls
