#include "calls/outcomes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/check.hpp"
#include "calls/impl/step_due.hpp"
#include "calls/impl/store.hpp"
#include "schedule/schedule.hpp"

namespace fabrica::calls {
namespace {

// Far enough that no sweep of holds ends an offer: an applicant's time never decides by itself.
constexpr Micros kHeldForEver = 250'000'000'000 * kSecond;

// As round_by_id, without counting its proposals: asked once a letter.
constexpr db::Query kRoundPlain{"outcomes_round", R"sql(
  SELECT r.id AS id, r.public_id AS public_id, r.call_id AS call_id, c.public_id AS call_public_id, r.number AS number,
         r.name AS name, r.state AS state, r.opens_us AS opens_us, r.closes_us AS closes_us,
         r.answer_due_us AS answer_due_us, 0 AS drafts, 0 AS proposals
    FROM rounds r JOIN calls c ON c.id = r.call_id WHERE r.public_id = $1)sql"};

std::string hold_of(PublicId const& proposal) { return fmt::format("offered/{}", proposal.text()); }

std::vector<Choice> choices_of(store::ProposalRow const& row, store::Answers const& answers,
                               std::vector<store::OfferRow> const& offers) {
  std::vector<Choice> out{{row.partition_name, row.amount_units, answers.minimum_units.value_or(row.amount_units)}};
  if (answers.fall_backs)
    for (auto const& one : *answers.fall_backs)
      out.push_back({one.partition, one.amount_units, one.minimum_units.value_or(one.amount_units)});
  std::erase_if(out, [&](Choice const& one) {
    return std::ranges::find(offers, one.partition, &store::OfferRow::partition_name) == offers.end();
  });
  return out;
}

Result<Contender> contender_of(store::ProposalRow const& row, std::vector<store::StepRow> const& steps,
                               std::vector<store::OfferRow> const& offers, Micros now) {
  FABRICA_TRY(auto const answers, json::read<store::Answers>(row.answers));
  Contender out{row.public_id,
                row.project,
                row.call_version,
                row.state,
                row.submitted_us.value_or(Time{}),
                row.duration_days,
                choices_of(row, answers, offers),
                answers.confidential.value_or(false),
                {}};
  for (auto const& one : steps) out.steps.push_back(store::step_of(one, now));
  return out;
}

}  // namespace

struct Outcomes::Loaded {
  store::ProposalRow row;
  std::vector<store::StepRow> steps;
};

bool Contender::ready() const {
  return state == ProposalState::evaluating && std::ranges::any_of(steps, [](Step const& one) {
           return one.step == StepKind::decision && one.state == StepState::active;
         });
}

Step const* Contender::failed() const {
  auto const found = std::ranges::find(steps, StepState::failed, &Step::state);
  return found == steps.end() ? nullptr : &*found;
}

Result<RoundFacts> Outcomes::round(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto const row, tx.maybe<store::RoundRow>(kRoundPlain, id));
  if (!row) return fail(Errc::not_found, "round", fmt::format("There is no round {}.", id.text()));
  FABRICA_TRY(auto const call, tx.one<store::CallRow>(store::kCallById, row->call_public_id));
  if (call.kind != CallKind::reviewed)
    return fail(Errc::conflict, "call_kind", "A first-come call decides by itself: it has no round to decide on.");
  FABRICA_TRY(auto const rules, json::read<store::Rules>(call.rules));
  RoundFacts out{row->public_id, call.public_id, call.title,     rules.answer_working_days, row->number,
                 row->name,      row->state,     row->closes_us, row->answer_due_us,        {}};
  FABRICA_TRY(auto const offers, tx.all<store::OfferRow>(store::kOffersOfRound, row->id));
  for (auto const& offer : offers) {
    auto const account = budget_.find_account(tx, offer.public_id.text(), budget::AccountKind::capacity);
    if (!account && account.error().code != Errc::not_found) return std::unexpected(account.error());
    auto const left = account ? account->available_micro() / budget::kMicroUnits : 0;
    out.offers.push_back({offer.public_id, offer.partition_name, offer.unit, left, offer.capacity_units});
  }
  return out;
}

Result<std::vector<Contender>> Outcomes::contenders(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto const round, tx.one<store::RoundRow>(store::kRoundById, id));
  FABRICA_TRY(auto const offers, tx.all<store::OfferRow>(store::kOffersOfRound, round.id));
  FABRICA_TRY(auto const rows, tx.all<store::ProposalRow>(store::kProposalsOfRound, round.id));
  FABRICA_TRY(auto const steps, tx.all<store::StepRow>(store::kStepsOfRound, round.id));
  auto of = store::by_proposal(steps);
  std::vector<Contender> out;
  for (auto const& row : rows) {
    FABRICA_TRY(auto one, contender_of(row, of[row.id], offers, clock_.now()));
    out.push_back(std::move(one));
  }
  return out;
}

Result<Outcomes::Loaded> Outcomes::load(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto row, tx.maybe<store::ProposalRow>(store::kProposalById, id));
  if (!row) return fail(Errc::not_found, "proposal", fmt::format("There is no proposal {}.", id.text()));
  FABRICA_TRY(auto steps, tx.all<store::StepRow>(store::kStepsOf, row->id));
  return Loaded{*std::move(row), std::move(steps)};
}

Result<Contender> Outcomes::contender(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto const loaded, load(tx, id));
  if (!loaded.row.round_id)
    return fail(Errc::conflict, "call_kind", "This proposal is in no round that is decided on.");
  FABRICA_TRY(auto const offers, tx.all<store::OfferRow>(store::kOffersOfRound, *loaded.row.round_id));
  return contender_of(loaded.row, loaded.steps, offers, clock_.now());
}

Result<PublicId> Outcomes::round_of(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto const loaded, load(tx, id));
  if (!loaded.row.round_public_id)
    return fail(Errc::conflict, "call_kind", "This proposal is in no round that is decided on.");
  return *loaded.row.round_public_id;
}

Result<ReviewedRules> Outcomes::rules(db::Tx& tx, PublicId const& id, std::int64_t version) {
  FABRICA_TRY(auto const call, tx.one<store::CallRow>(store::kCallById, id));
  auto rules = calls_.rules_of(tx, call.id, version);
  if (!rules && rules.error().reason == "row")
    return fail(Errc::invalid, "rules_version", fmt::format("The call's rules have no version {}.", version));
  if (!rules) return std::unexpected(rules.error());
  FABRICA_CHECK(rules->reviewed);
  return *std::move(rules->reviewed);
}

Result<std::vector<PublicId>> Outcomes::reviewed_calls(db::Tx& tx) {
  FABRICA_TRY(auto const rows, tx.all<store::CallRow>(store::kCalls));
  std::vector<PublicId> out;
  for (auto const& row : rows)
    if (row.kind == CallKind::reviewed && row.state != CallState::draft) out.push_back(row.public_id);
  return out;
}

Result<std::vector<PublicId>> Outcomes::rounds_of(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto const call, tx.maybe<store::CallRow>(store::kCallById, id));
  if (!call || call->state == CallState::draft)
    return fail(Errc::not_found, "call", fmt::format("There is no call {}.", id.text()));
  if (call->kind != CallKind::reviewed)
    return fail(Errc::conflict, "call_kind", "A first-come call decides by itself: it has no round to decide on.");
  FABRICA_TRY(auto const rows, tx.all<store::RoundRow>(store::kRoundsOf, call->id));
  std::vector<PublicId> out;
  for (auto const& row : rows) out.push_back(row.public_id);
  return out;
}

Result<std::vector<PublicId>> Outcomes::rounds_in_intake(db::Tx& tx) {
  return tx.all<PublicId>(store::kRoundsInIntake);
}

Result<std::vector<Award>> Outcomes::awards(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto const round, tx.one<store::RoundRow>(store::kRoundById, id));
  FABRICA_TRY(auto const rows, tx.all<store::AwardRow>(store::kAwardsOfRound, round.id));
  std::vector<Award> out;
  for (auto const& row : rows)
    out.push_back({row.id, row.project, row.proposal, row.partition_name, row.unit, row.amount_units, row.starts_us,
                   row.ends_us, 0, 0, 0, 0});
  return out;
}

Result<> Outcomes::move(db::Tx& tx, Loaded const& loaded, ProposalEvent on, std::string_view reason) {
  auto const& row = loaded.row;
  auto const to = next(row.state, on);
  if (!to)
    return fail(Errc::conflict, "proposal_state",
                fmt::format("This proposal is {}: that does not follow.", db::enum_name(row.state)));
  auto const decided = on == ProposalEvent::reopen ? std::optional<Time>{} : std::optional{Time{clock_.now()}};
  FABRICA_TRY(auto const moved, tx.run(store::kProposalMove, row.public_id, row.state, *to, decided, reason));
  if (moved != 1) return fail(Errc::conflict, "proposal_state", "The proposal changed meanwhile: read it again.");
  return {};
}

// Nothing when that step is not being done: a proposal that failed earlier has no decision step to end.
Result<> Outcomes::end_step(db::Tx& tx, Loaded const& loaded, StepKind kind, bool passed, std::string_view reason,
                            std::string_view by) {
  auto const step = std::ranges::find(loaded.steps, kind, &store::StepRow::kind);
  if (step == loaded.steps.end() || step->state != StepState::active) return {};
  FABRICA_DO(tx.run(store::kStepDecide, loaded.row.id, step->position, passed ? StepState::passed : StepState::failed,
                    reason, by, Time{clock_.now()}));
  return {};
}

Result<> Outcomes::release_hold(db::Tx& tx, Loaded const& loaded) {
  if (loaded.row.state != ProposalState::offered) return {};
  return budget_.void_hold(tx, hold_of(loaded.row.public_id));
}

Result<> Outcomes::eligible(db::Tx& tx, PublicId const& id, std::string_view partition, std::int64_t amount_units) {
  FABRICA_TRY(auto const loaded, load(tx, id));
  return calls_.require_eligible(tx, loaded.row, partition, amount_units);
}

Result<PublicId> Outcomes::award(db::Tx& tx, PublicId const& id, Given const& given) {
  FABRICA_TRY(auto const loaded, load(tx, id));
  if (!next(loaded.row.state, ProposalEvent::award))
    return fail(Errc::conflict, "proposal_state",
                fmt::format("This proposal is {}: it cannot be awarded.", db::enum_name(loaded.row.state)));
  FABRICA_DO(calls_.require_eligible(tx, loaded.row, given.partition, given.amount_units));
  FABRICA_DO(release_hold(tx, loaded));
  FABRICA_DO(end_step(tx, loaded, StepKind::decision, true, given.reason, given.actor));
  FABRICA_DO(end_step(tx, loaded, StepKind::response, true, given.reason, given.actor));
  FABRICA_TRY(auto const offers, tx.all<store::OfferRow>(store::kOffersOfRound, *loaded.row.round_id));
  auto const offer = std::ranges::find(offers, given.partition, &store::OfferRow::partition_name);
  FABRICA_CHECK(offer != offers.end());
  return calls_.grant(tx, loaded.row, *offer, given.amount_units, given.reason, given.actor);
}

Result<std::optional<Time>> Outcomes::offer(db::Tx& tx, PublicId const& id, Given const& given) {
  FABRICA_TRY(auto const loaded, load(tx, id));
  FABRICA_DO(calls_.require_eligible(tx, loaded.row, given.partition, given.amount_units));
  FABRICA_DO(move(tx, loaded, ProposalEvent::offer, given.reason));
  FABRICA_DO(end_step(tx, loaded, StepKind::decision, true, given.reason, given.actor));
  FABRICA_TRY(auto const offers, tx.all<store::OfferRow>(store::kOffersOfRound, *loaded.row.round_id));
  auto const offer = std::ranges::find(offers, given.partition, &store::OfferRow::partition_name);
  FABRICA_CHECK(offer != offers.end());
  FABRICA_TRY(auto const capacity, budget_.find_account(tx, offer->public_id.text(), budget::AccountKind::capacity));
  FABRICA_DO(
      budget_.hold(tx, {hold_of(id), capacity.id, given.amount_units * budget::kMicroUnits, kHeldForEver, id.text()}));
  FABRICA_TRY(auto const rules, calls_.rules_of(tx, loaded.row.call_id, loaded.row.call_version));
  for (std::size_t place = 0; place < rules.reviewed->steps.size(); ++place) {
    auto const& step = rules.reviewed->steps[place];
    if (step.step != StepKind::response) continue;
    auto const due = due_of(*rules.reviewed, step, clock_.now());
    FABRICA_DO(tx.run(store::kStepActivate, loaded.row.id, static_cast<std::int64_t>(place), due));
    return due;
  }
  return std::optional<Time>{};
}

Result<> Outcomes::hold_in_reserve(db::Tx& tx, PublicId const& id, std::string_view reason) {
  FABRICA_TRY(auto const loaded, load(tx, id));
  FABRICA_DO(move(tx, loaded, ProposalEvent::hold_in_reserve, reason));
  return end_step(tx, loaded, StepKind::decision, true, reason, journal::kProgram);
}

Result<> Outcomes::reject(db::Tx& tx, PublicId const& id, std::string_view reason, std::string_view by) {
  FABRICA_TRY(auto const loaded, load(tx, id));
  FABRICA_DO(move(tx, loaded, ProposalEvent::reject, reason));
  return end_step(tx, loaded, StepKind::decision, false, reason, by);
}

Result<> Outcomes::decline(db::Tx& tx, PublicId const& id, std::string_view reason, std::string_view by) {
  FABRICA_TRY(auto const loaded, load(tx, id));
  FABRICA_DO(move(tx, loaded, ProposalEvent::decline, reason));
  FABRICA_DO(release_hold(tx, loaded));
  return end_step(tx, loaded, StepKind::response, false, reason, by);
}

Result<StepKind> Outcomes::reopen(db::Tx& tx, PublicId const& id, std::optional<StepKind> wanted) {
  FABRICA_TRY(auto const loaded, load(tx, id));
  FABRICA_DO(move(tx, loaded, ProposalEvent::reopen, ""));
  auto const failed = std::ranges::find(loaded.steps, StepState::failed, &store::StepRow::state);
  auto const kind = wanted.value_or(failed == loaded.steps.end() ? StepKind::decision : failed->kind);
  auto const step = std::ranges::find(loaded.steps, kind, &store::StepRow::kind);
  if (step == loaded.steps.end() || kind == StepKind::response)
    return fail(Errc::invalid, "step", "The proposal's evaluation has no such step to go back to.",
                {{"/step", "unknown"}});
  if (failed != loaded.steps.end() && failed->position < step->position)
    return fail(Errc::invalid, "step", "An earlier step failed: go back to that one.", {{"/step", "too late"}});
  FABRICA_TRY(auto const rules, calls_.rules_of(tx, loaded.row.call_id, loaded.row.call_version));
  auto const due =
      due_of(*rules.reviewed, rules.reviewed->steps.at(static_cast<std::size_t>(step->position)), clock_.now());
  FABRICA_DO(tx.run(store::kStepsPendAfter, loaded.row.id, step->position));
  FABRICA_DO(tx.run(store::kStepReopen, loaded.row.id, step->position, due));
  return kind;
}

Result<> Outcomes::move_round(db::Tx& tx, PublicId const& id, RoundState from, RoundState to) {
  FABRICA_TRY(auto const round, tx.one<store::RoundRow>(store::kRoundById, id));
  FABRICA_TRY(auto const moved, tx.run(store::kRoundMove, round.id, from, to));
  if (moved != 1) return fail(Errc::conflict, "round_state", "The round changed meanwhile: read it again.");
  return {};
}

}  // namespace fabrica::calls
