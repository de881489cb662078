// After the letters: answers, the reserve, reopening and late decisions, appeals.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "decisions/impl/case.hpp"
#include "decisions/rules.hpp"

namespace fabrica::decisions {

using calls::ProposalState;
using calls::RoundState;
using identity::Actor;
using identity::Permission;

namespace {

struct AnsweredBody {
  PublicId proposal;
  Reply reply{};
  bool by_officer = false;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(AnsweredBody, (), (proposal, reply, by_officer, reason))

struct ServedBody {
  PublicId round;
  std::string cause;
  std::vector<PublicId> gained;
  std::string input_sha256;
  std::string outcome_sha256;
};
BOOST_DESCRIBE_STRUCT(ServedBody, (), (round, cause, gained, input_sha256, outcome_sha256))

struct ReserveClosedBody {
  PublicId round;
  std::int64_t rejected = 0;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(ReserveClosedBody, (), (round, rejected, reason))

struct ReopenedBody {
  PublicId proposal;
  calls::StepKind step{};
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(ReopenedBody, (), (proposal, step, reason))

Result<> require_offered(calls::Contender const& contender) {
  if (contender.state == ProposalState::offered) return {};
  return fail(Errc::conflict, "proposal_state",
              fmt::format("This proposal is {}: only an offer is answered.", db::enum_name(contender.state)));
}

bool holds(calls::Contender const& one) {
  return one.state == ProposalState::awarded || one.state == ProposalState::offered;
}

}  // namespace

Result<> Decisions::respond(db::Tx& tx, Actor const& actor, PublicId const& id, Response const& response) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const contender, outcomes_.contender(tx, id));
  FABRICA_DO(projects_.require(tx, actor, contender.project, Permission::work_in_project));
  FABRICA_DO(require_offered(contender));
  bool const accepts = response.reply == Reply::accept;
  if (!accepts && response.reason.empty())
    return fail(Errc::invalid, "reason", "Say why you decline: it helps the next round.", {{"/reason", "missing"}});
  FABRICA_TRY(auto const item, tx.one<store::ItemRow>(store::kItemLast, id));
  FABRICA_CHECK(item.partition_name);
  AnsweredBody const body{id, response.reply, false, response.reason};
  FABRICA_DO(
      journal_.append(tx, in_project(contender.project, "proposal.answered", actor.person.text(), json::write(body))));
  if (accepts) {
    FABRICA_DO(outcomes_.award(tx, id, {*item.partition_name, item.amount_units, item.reason, actor.person.text()}));
    return {};
  }
  FABRICA_DO(outcomes_.decline(tx, id, response.reason, actor.person.text()));
  FABRICA_DO(refill(tx, item.round, journal::kProgram, "an offer was declined", {}));
  return {};
}

Result<std::vector<ProposalDecision>> Decisions::end_offer(db::Tx& tx, Actor const& actor, PublicId const& id,
                                                           Reason const& reason) {
  FABRICA_DO(officer(actor));
  FABRICA_TRY(auto const contender, outcomes_.contender(tx, id));
  FABRICA_DO(not_own(tx, actor, id));
  FABRICA_DO(require_offered(contender));
  bool const overdue = std::ranges::any_of(
      contender.steps, [](calls::Step const& one) { return one.step == calls::StepKind::response && one.overdue; });
  if (!overdue) return fail(Errc::conflict, "not_overdue", "The applicant's time to answer is not over.");
  FABRICA_TRY(auto const item, tx.one<store::ItemRow>(store::kItemLast, id));
  AnsweredBody const body{id, Reply::decline, true, reason.reason};
  FABRICA_DO(
      journal_.append(tx, in_project(contender.project, "proposal.answered", actor.person.text(), json::write(body))));
  FABRICA_DO(outcomes_.decline(tx, id, reason.reason, actor.person.text()));
  return refill(tx, item.round, actor.person.text(), "an offer was ended", {});
}

Result<> Decisions::tell_now(db::Tx& tx, PublicId const& round, std::string_view cause, ProposalDecision const& one,
                             matching::RankLine const* line) {
  FABRICA_TRY(auto const decision, tx.one<store::DecisionRow>(store::kDecisionCurrent, round));
  FABRICA_TRY(auto const id,
              tx.insert(store::kItemInsert, decision.id, round, one.proposal, one.project, cause, one.outcome, one.rank,
                        one.score_millionths, one.partition, one.amount_units, one.reason, assessed(line)));
  FABRICA_TRY(auto const item, tx.one<store::ItemRow>(store::kItemById, id));
  FABRICA_DO(tell(tx, item));
  FABRICA_TRY(auto const told, tx.one<store::ItemRow>(store::kItemById, id));
  if (told.state == ReleaseState::released) return {};
  return fail(Errc::conflict, "proposal_state", told.note);
}

// The rule of the call once more, for who waits, on what nobody holds. `late` waits with the reserve although it was
// never told anything in this round.
Result<std::vector<ProposalDecision>> Decisions::refill(db::Tx& tx, PublicId const& round, std::string_view by,
                                                        std::string_view cause, std::optional<PublicId> const& late) {
  FABRICA_TRY(auto const at, load_case(tx, round));
  std::vector<ProposalDecision> out;
  if (at.facts.state != RoundState::published || !at.row) return out;  // the end of the publication does it
  FABRICA_TRY(auto const decision, tx.one<store::DecisionRow>(store::kDecisionCurrent, round));
  FABRICA_TRY(auto const request, json::read<AwardRequest>(decision.request));
  FABRICA_TRY(auto const rules, outcomes_.rules(tx, at.facts.call, at.row->rules_version));
  auto input = award_input_of(at.facts, rules, request);
  std::vector<matching::AwardHolding> held;
  std::vector<std::string> waiting;
  for (auto const& line : at.lines()) {
    FABRICA_TRY(auto const id, PublicId::parse(line.candidate));
    auto const* contender = at.find(id);
    if (contender == nullptr) continue;
    bool const waits = contender->state == ProposalState::reserve || (late == std::optional{id} && contender->ready());
    if (!holds(*contender) && !waits) continue;
    input.proposals.push_back(
        award_proposal_of(line, at.groups_of(line.candidate), options_of(*contender, at.changes)));
    if (waits) {
      // Who may not have hours today leaves them to the next in rank, and waits on.
      if (late != std::optional{id} && !contender->choices.empty()) {
        auto const& choice = contender->choices.front();
        auto const may = outcomes_.eligible(tx, id, choice.partition, choice.amount_units);
        if (!may && may.error().reason != "eligibility") return std::unexpected(may.error());
        if (!may) {
          input.proposals.pop_back();
          continue;
        }
      }
      waiting.push_back(line.candidate);
      continue;
    }
    FABRICA_TRY(auto const item, tx.one<store::ItemRow>(store::kItemLast, id));
    held.push_back({line.candidate, *item.partition_name, item.amount_units});
    auto const system = std::ranges::find(input.systems, *item.partition_name, &matching::AwardSystem::id);
    if (system != input.systems.end()) system->capacity += item.amount_units;
  }
  if (waiting.empty()) return out;
  for (auto& system : input.systems)
    for (auto const& one : request.held_back.value_or(std::vector<PartitionUnits>{}))
      if (one.partition == system.id) system.held_back = std::min(one.units, system.capacity);
  FABRICA_TRY(auto const released,
              matching::release(input, held, waiting, {.band_seconds = settings_.band_seconds_inside}));
  FABRICA_DO(refuse_faults(matching::verify(released.input, released.outcome)));
  ServedBody body{round, std::string{cause}, {}, "", ""};
  for (auto const& one : released.outcome.decisions) {
    FABRICA_TRY(auto const id, PublicId::parse(one.proposal));
    bool const awarded = one.state == matching::AwardState::awarded;
    bool const is_late = late == std::optional{id};
    if (!awarded && !is_late) continue;
    auto const kind = awarded                                      ? OutcomeKind::awarded
                      : one.state == matching::AwardState::reserve ? OutcomeKind::reserve
                                                                   : OutcomeKind::rejected;
    out.push_back({id, at.find(id)->project, kind, one.rank, at.line_of(id)->score_millionths, one.system, one.amount,
                   matching::sentence(released.input, released.outcome, one), ReleaseState::released, ""});
    if (awarded) body.gained.push_back(id);
    FABRICA_DO(tell_now(tx, round, is_late ? "late" : "reserve", out.back(), at.line_of(id)));
  }
  if (out.empty()) return out;
  FABRICA_TRY(body.input_sha256, matching::digest(released.input));
  FABRICA_TRY(body.outcome_sha256, matching::digest(released.outcome));
  FABRICA_DO(journal_.append(tx, at_factory("round.reserve_served", by, json::write(body))));
  return out;
}

Result<> Decisions::hours_freed(db::Tx& tx, PublicId const& round, std::string_view cause) {
  FABRICA_DO(refill(tx, round, journal::kProgram, cause, {}));
  return {};
}

Result<std::vector<ProposalDecision>> Decisions::serve_reserve(db::Tx& tx, Actor const& actor, PublicId const& round) {
  FABRICA_DO(officer(actor));
  FABRICA_TRY(auto const facts, outcomes_.round(tx, round));
  if (facts.state != RoundState::published)
    return fail(Errc::conflict, "round_state", "A round has a reserve once it is published.");
  return refill(tx, round, actor.person.text(), "asked for by an officer", {});
}

Result<std::vector<ProposalDecision>> Decisions::close_reserve(db::Tx& tx, Actor const& actor, PublicId const& round,
                                                               Reason const& reason) {
  FABRICA_DO(officer(actor));
  FABRICA_TRY(auto const at, load_case(tx, round));
  if (at.facts.state != RoundState::published)
    return fail(Errc::conflict, "round_state", "A round has a reserve once it is published.");
  std::vector<ProposalDecision> out;
  for (auto const& one : at.contenders) {
    if (one.state != ProposalState::reserve) continue;
    auto const* line = at.line_of(one.id);
    out.push_back({one.id,
                   one.project,
                   OutcomeKind::rejected,
                   line != nullptr ? line->rank : 0,
                   line != nullptr ? line->score_millionths : 0,
                   {},
                   0,
                   fmt::format("The reserve list is closed: {}", reason.reason),
                   ReleaseState::released,
                   ""});
    FABRICA_DO(tell_now(tx, round, "reserve_closed", out.back(), line));
  }
  if (out.empty()) return out;
  ReserveClosedBody const body{round, static_cast<std::int64_t>(out.size()), reason.reason};
  FABRICA_DO(journal_.append(tx, at_factory("round.reserve_closed", actor.person.text(), json::write(body))));
  return out;
}

Result<> Decisions::reopen_now(db::Tx& tx, std::string_view by, PublicId const& id, ReopenRequest const& request) {
  FABRICA_TRY(auto const contender, outcomes_.contender(tx, id));
  FABRICA_TRY(auto const step, outcomes_.reopen(tx, id, request.step));
  ReopenedBody const body{id, step, request.reason};
  FABRICA_DO(journal_.append(tx, in_project(contender.project, "proposal.reopened", by, json::write(body))));
  return {};
}

Result<> Decisions::reopen(db::Tx& tx, Actor const& actor, PublicId const& id, ReopenRequest const& request) {
  FABRICA_DO(officer(actor));
  FABRICA_DO(not_own(tx, actor, id));
  return reopen_now(tx, actor.person.text(), id, request);
}

Result<ProposalDecision> Decisions::decide_late(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(officer(actor));
  FABRICA_DO(not_own(tx, actor, id));
  FABRICA_TRY(auto const round, outcomes_.round_of(tx, id));
  FABRICA_TRY(auto at, load_case(tx, round));
  if (at.facts.state != RoundState::published || !at.row)
    return fail(Errc::conflict, "round_state", "Before its round is published a proposal is decided with the round.");
  auto const* contender = at.find(id);
  if (contender == nullptr || contender->state != ProposalState::evaluating)
    return fail(Errc::conflict, "proposal_state", "This proposal is not being evaluated.");
  ProposalDecision out{id, contender->project, OutcomeKind::rejected, 0, 0, {}, 0, "", ReleaseState::released, ""};
  if (auto const* failed = contender->failed()) {
    out.reason = fmt::format("The step {} was not passed: {}", db::enum_name(failed->step), failed->reason);
    FABRICA_DO(tell_now(tx, round, "late", out, nullptr));
    return out;
  }
  if (!contender->ready())
    return fail(Errc::conflict, "undecided", "A step before the decision is not done: finish it first.");

  // Ranked among the others as they were scored; only this one's reviews are read anew.
  FABRICA_DO(remember(tx, actor, round, *contender));
  FABRICA_TRY(auto const rules, outcomes_.rules(tx, at.facts.call, at.row->rules_version));
  FABRICA_TRY(auto fresh, candidates(tx, {*contender}, rules));
  auto all = at.input.candidates;
  std::erase_if(all, [&](matching::RankCandidate const& one) { return one.id == id.text(); });
  all.push_back(std::move(fresh.front()));
  FABRICA_DO(rank_now(tx, actor.person.text(), at.facts, at.row->rules_version, std::move(all), {}));
  FABRICA_TRY(at, load_case(tx, round));
  auto const* line = at.line_of(id);
  FABRICA_CHECK(line);
  out.score_millionths = line->score_millionths;
  if (line->state != matching::RankState::ranked) {
    out.reason = why_unranked(*line, at.input.rules);
    FABRICA_DO(tell_now(tx, round, "late", out, line));
    return out;
  }
  FABRICA_TRY(auto const told, refill(tx, round, actor.person.text(), "a proposal was decided late", id));
  auto const own = std::ranges::find(told, id, &ProposalDecision::proposal);
  FABRICA_CHECK(own != told.end());
  return *own;
}

}  // namespace fabrica::decisions
