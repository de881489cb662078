// Telling a decision: the intent, one proposal a transaction, the minutes.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/check.hpp"
#include "crypto/sha256.hpp"
#include "decisions/impl/case.hpp"
#include "decisions/letters.hpp"
#include "decisions/rules.hpp"

namespace fabrica::decisions {

using calls::ProposalEvent;
using calls::ProposalState;
using calls::RoundState;
using identity::Actor;
using identity::Permission;

namespace {

struct PublishingBody {
  PublicId call;
  PublicId round;
  std::int64_t decision = 0;
  std::string input_sha256;
  std::string outcome_sha256;
  std::int64_t proposals = 0;
  std::vector<PublicId> undecided;
  std::optional<std::string> forced_reason{};
};
BOOST_DESCRIBE_STRUCT(PublishingBody, (),
                      (call, round, decision, input_sha256, outcome_sha256, proposals, undecided, forced_reason))

struct IneligibleBody {
  PublicId round;
  PublicId proposal;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(IneligibleBody, (), (round, proposal, reason))

struct StepBody {
  calls::StepKind step{};
  calls::StepState state{};
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(StepBody, (), (step, state, reason))

struct DecidedBody {
  PublicId proposal;
  PublicId call;
  PublicId round;
  std::string cause;
  OutcomeKind outcome{};
  ProposalState state{};
  std::int64_t rank = 0;
  std::int64_t score_millionths = 0;
  std::optional<std::string> partition{};
  std::int64_t amount_units = 0;
  std::string reason;
  std::vector<StepBody> steps;
  std::optional<Time> answer_by{};
  std::string letter_sha256;
};
BOOST_DESCRIBE_STRUCT(DecidedBody, (),
                      (proposal, call, round, cause, outcome, state, rank, score_millionths, partition, amount_units,
                       reason, steps, answer_by, letter_sha256))

struct PublishedBody {
  PublicId call;
  PublicId round;
  std::int64_t decision = 0;
  std::int64_t awarded = 0;
  std::int64_t reserve = 0;
  std::int64_t rejected = 0;
  std::string lottery_seed;
  std::string ranking_sha256;
  std::string outcome_sha256;
  std::string minutes_html_sha256;
  std::string minutes_json_sha256;
  std::optional<std::string> assignment_seed{};  // where the reviewers were drawn
};
BOOST_DESCRIBE_STRUCT(PublishedBody, (),
                      (call, round, decision, awarded, reserve, rejected, lottery_seed, ranking_sha256, outcome_sha256,
                       minutes_html_sha256, minutes_json_sha256, assignment_seed))

ProposalEvent event_of(OutcomeKind outcome, bool response) {
  switch (outcome) {
    case OutcomeKind::awarded: return response ? ProposalEvent::offer : ProposalEvent::award;
    case OutcomeKind::reserve: return ProposalEvent::hold_in_reserve;
    case OutcomeKind::rejected:
    case OutcomeKind::undecided: break;
  }
  return ProposalEvent::reject;
}

// Whether a draft still says what the round is: nobody withdrew, became ready or was ranked again since.
Result<> check_fresh(std::vector<ProposalDecision> const& outcomes, std::vector<calls::Contender> const& contenders,
                     matching::AwardInput const& input, bool ranked_again) {
  auto const stale = [](std::string_view what) {
    return fail(Errc::conflict, "decision_stale",
                fmt::format("{} since this decision was made: award the round again.", what));
  };
  if (ranked_again) return stale("The round was ranked");
  std::map<std::string_view, calls::Contender const*> there;
  for (auto const& one : contenders) there[one.id.text()] = &one;
  for (auto const& one : input.proposals) {
    auto const found = there.find(one.id);
    if (found == there.end()) return stale(fmt::format("Proposal {} was withdrawn", one.id));
    if (!found->second->ready()) return stale(fmt::format("Proposal {} changed", one.id));
  }
  std::set<PublicId> decided;
  for (auto const& one : outcomes)
    if (one.outcome != OutcomeKind::undecided) decided.insert(one.proposal);
  for (auto const& one : contenders) {
    if (one.ready() && !decided.contains(one.id))
      return stale(fmt::format("Proposal {} passed its steps", one.id.text()));
  }
  return {};
}

}  // namespace

Result<Publication> Decisions::publication_of(db::Tx& tx, store::DecisionRow const& row) {
  FABRICA_TRY(auto const counts, tx.all<store::CountRow>(store::kItemCounts, row.id));
  Publication out{row.round, row.version, row.state, 0, 0, 0, 0};
  for (auto const& one : counts) switch (one.state) {
      case ReleaseState::held: out.held = one.count; break;
      case ReleaseState::released: out.released = one.count; break;
      case ReleaseState::skipped: out.skipped = one.count; break;
      case ReleaseState::stuck: out.stuck = one.count; break;
    }
  return out;
}

Result<Publication> Decisions::publication(db::Tx& tx, Actor const& actor, PublicId const& round) {
  FABRICA_DO(identity::authorise(actor, Permission::view_factory));
  FABRICA_TRY(auto const row, tx.maybe<store::DecisionRow>(store::kDecisionCurrent, round));
  if (!row) return fail(Errc::not_found, "decision", "This round is not decided yet.");
  return publication_of(tx, *row);
}

Result<Publication> Decisions::publish(db::Tx& tx, Actor const& actor, PublicId const& round,
                                       PublishRequest const& request) {
  FABRICA_DO(officer(actor));
  FABRICA_TRY(auto const at, load_case(tx, round));
  FABRICA_TRY(auto const row, tx.maybe<store::DecisionRow>(store::kDecisionCurrent, round));
  if (!row) return fail(Errc::conflict, "decision_missing", "Award the round first.");
  if (row->version != request.decision)
    return fail(Errc::conflict, "decision_changed",
                fmt::format("The decision is version {} now: look at it before it is published.", row->version));
  if (row->state == DecisionState::draft) {
    FABRICA_DO(begin(tx, actor, at, *row, request));
  } else if (row->state == DecisionState::publishing) {
    if (request.forced_reason) FABRICA_DO(reject_ineligible(tx, actor, *row, *request.forced_reason));
    FABRICA_DO(tx.run(store::kItemsUnstick, row->id));
  }
  FABRICA_TRY(auto const again, tx.one<store::DecisionRow>(store::kDecisionById, row->id));
  return publication_of(tx, again);
}

// A decision on who may not have the hours any more must not wait for ever: an officer ends it, with a reason.
Result<> Decisions::reject_ineligible(db::Tx& tx, Actor const& actor, store::DecisionRow const& row,
                                      std::string const& reason) {
  FABRICA_TRY(auto const items, tx.all<store::ItemRow>(store::kItemsOf, row.id));
  for (auto const& item : items) {
    if (item.state != ReleaseState::stuck || !item.partition_name) continue;
    auto const may = outcomes_.eligible(tx, item.proposal, *item.partition_name, item.amount_units);
    if (may) continue;
    if (may.error().reason != "eligibility") return may;
    FABRICA_DO(not_own(tx, actor, item.proposal));
    auto const why = fmt::format("{} {}", may.error().what, reason);
    FABRICA_DO(tx.run(store::kItemReject, item.id, why));
    FABRICA_DO(journal_.append(tx, at_factory("decision.ineligible", actor.person.text(),
                                              json::write(IneligibleBody{row.round, item.proposal, why}))));
  }
  return {};
}

Result<> Decisions::begin(db::Tx& tx, Actor const& actor, Case const& at, store::DecisionRow const& row,
                          PublishRequest const& request) {
  FABRICA_TRY(auto const outcomes, outcomes_of(tx, at, row));
  FABRICA_TRY(auto const input, json::read<matching::AwardInput>(row.input, store::kStored));
  FABRICA_DO(check_fresh(outcomes, at.contenders, input, at.row->version != row.ranking_version));
  FABRICA_TRY(auto const outcome, json::read<matching::AwardOutcome>(row.outcome, store::kStored));
  FABRICA_DO(refuse_faults(matching::verify(input, outcome)));
  PublishingBody body{at.facts.call,      at.facts.id, row.version, row.input_sha256,
                      row.outcome_sha256, 0,           {},          request.forced_reason};
  for (auto const& one : outcomes)
    if (one.outcome == OutcomeKind::undecided) body.undecided.push_back(one.proposal);
  if (!body.undecided.empty() && !request.forced_reason.has_value()) {
    std::vector<Fault> faults;
    for (auto const& one : body.undecided)
      if (faults.size() < 20) faults.push_back({"/" + one.text(), "A step before the decision is not done."});
    return fail(Errc::conflict, "undecided",
                fmt::format("{} proposals have no decision: finish their steps, or give a reason to publish without "
                            "them (forced_reason).",
                            body.undecided.size()),
                std::move(faults));
  }
  FABRICA_TRY(auto const begun, tx.run(store::kDecisionBegin, row.id, request.forced_reason, actor.person.text()));
  if (begun != 1) return fail(Errc::conflict, "decision_changed", "Somebody published meanwhile: read it again.");
  for (auto const& one : outcomes) {
    if (one.outcome == OutcomeKind::undecided) continue;
    FABRICA_DO(tx.run(store::kItemInsert, row.id, row.round, one.proposal, one.project, "round", one.outcome, one.rank,
                      one.score_millionths, one.partition, one.amount_units, one.reason,
                      assessed(at.line_of(one.proposal))));
    ++body.proposals;
  }
  FABRICA_DO(journal_.append(tx, at_factory("round.publishing", actor.person.text(), json::write(body))));
  return {};
}

// One proposal with its effects, statement and letter, or the note why it could not be.
Result<> Decisions::tell(db::Tx& tx, store::ItemRow const& item) {
  auto const end = [&](ReleaseState state, std::string_view note) -> Result<> {
    FABRICA_TRY(auto const ended, tx.run(store::kItemEnd, item.id, state, note, Time{clock_.now()}));
    if (ended != 1) return fail(Errc::conflict, "told", "This proposal was told meanwhile.");
    return {};
  };
  FABRICA_TRY(auto const before, outcomes_.contender(tx, item.proposal));
  FABRICA_TRY(auto const facts, outcomes_.round(tx, item.round));
  FABRICA_TRY(auto const rules, outcomes_.rules(tx, facts.call, before.call_version));
  auto const event = event_of(item.outcome, has_step(rules, calls::StepKind::response));
  if (!calls::next(before.state, event))
    return end(ReleaseState::skipped, fmt::format("The proposal is {}.", db::enum_name(before.state)));
  std::optional<Time> answer_by;
  if (item.outcome == OutcomeKind::awarded) {
    auto const offer = std::ranges::find(facts.offers, *item.partition_name, &calls::RoundOffer::partition);
    FABRICA_CHECK(offer != facts.offers.end());
    if (offer->left_units < item.amount_units)
      return end(ReleaseState::stuck,
                 fmt::format("{} has {} units left, {} were decided: the capacity was changed. Add "
                             "capacity and publish again.",
                             offer->partition, offer->left_units, item.amount_units));
    if (auto const may = outcomes_.eligible(tx, item.proposal, *item.partition_name, item.amount_units); !may) {
      if (may.error().reason != "eligibility") return may;
      return end(ReleaseState::stuck, may.error().what);
    }
    calls::Given const given{*item.partition_name, item.amount_units, item.reason, std::string{journal::kProgram}};
    if (event == ProposalEvent::offer) {
      FABRICA_TRY(answer_by, outcomes_.offer(tx, item.proposal, given));
    } else {
      FABRICA_DO(outcomes_.award(tx, item.proposal, given));
    }
  } else if (item.outcome == OutcomeKind::reserve) {
    FABRICA_DO(outcomes_.hold_in_reserve(tx, item.proposal, item.reason));
  } else {
    FABRICA_DO(outcomes_.reject(tx, item.proposal, item.reason, journal::kProgram));
  }
  FABRICA_DO(tell_decided(tx, item, before, answer_by, facts));
  return end(ReleaseState::released, "");
}

Result<> Decisions::tell_decided(db::Tx& tx, store::ItemRow const& item, calls::Contender const& before,
                                 std::optional<Time> answer_by, calls::RoundFacts const& facts) {
  FABRICA_TRY(auto const applicant, tx.one<store::ApplicantRow>(store::kApplicant, item.proposal));
  FABRICA_TRY(auto const after, outcomes_.contender(tx, item.proposal));
  auto const now = clock_.now();
  LetterFacts letter{.call_title = facts.call_title, .round_name = facts.name, .title = applicant.title};
  letter.proposal = item.proposal;
  letter.outcome = item.outcome;
  letter.has_to_answer = after.state == ProposalState::offered;
  letter.answer_by = answer_by;
  letter.partition = item.partition_name;
  letter.amount_units = item.amount_units;
  for (auto const& offer : facts.offers)
    if (item.partition_name && offer.partition == *item.partition_name) letter.unit = unit_word(offer.unit);
  letter.rank = item.rank;
  letter.score_millionths = item.score_millionths;
  letter.steps = before.steps;
  letter.reason = item.reason;
  letter.made = Time{now};
  letter.appeal_before = Time{now + settings_.appeal_days * kDay};
  FABRICA_TRY(auto figures, json::read<Assessed>(item.criteria));
  letter.criteria = std::move(figures.criteria);
  auto const text = letter_text(letter);
  auto const sha256 = crypto::sha256(text).hex();
  FABRICA_TRY(auto const earlier, tx.all<store::LetterRow>(store::kLetters, item.proposal));
  FABRICA_DO(tx.run(store::kLetterInsert, item.proposal, static_cast<std::int64_t>(earlier.size()) + 1, item.outcome,
                    Time{now}, text, letter_html(letter), sha256));
  DecidedBody body{
      item.proposal,         facts.call,          item.round,        item.cause,  item.outcome, after.state, item.rank,
      item.score_millionths, item.partition_name, item.amount_units, item.reason, {},           answer_by,   sha256};
  for (auto const& step : before.steps)
    if (step.state == calls::StepState::passed || step.state == calls::StepState::failed)
      body.steps.push_back({step.step, step.state, step.reason});
  FABRICA_DO(journal_.append(tx, in_project(item.project, "proposal.decided", journal::kProgram, json::write(body))));
  return {};
}

// Everybody was told: the round is published, with its minutes and the seed of its lottery.
Result<> Decisions::finish(db::Tx& tx, store::DecisionRow const& row) {
  FABRICA_TRY(auto const at, load_case(tx, row.round));
  FABRICA_CHECK(at.row);
  FABRICA_TRY(auto const ended, tx.run(store::kDecisionEnd, row.id));
  if (ended != 1) return fail(Errc::conflict, "decision_changed", "Somebody ended this publication meanwhile.");
  FABRICA_DO(outcomes_.move_round(tx, row.round, at.facts.state, RoundState::published));
  FABRICA_TRY(auto const lottery, tx.one<store::LotteryRow>(store::kLottery, row.round));
  FABRICA_TRY(auto const input, json::read<matching::AwardInput>(row.input, store::kStored));
  FABRICA_TRY(auto const outcome, json::read<matching::AwardOutcome>(row.outcome, store::kStored));
  auto const faults = matching::verify(input, outcome).size();
  MinutesFacts facts{.call = at.facts.call, .call_title = at.facts.call_title, .round = row.round};
  facts.round_name = at.facts.name;
  facts.cut_off = at.facts.closes;
  facts.published = Time{clock_.now()};
  facts.decision = row.version;
  facts.ranking = row.ranking_version;
  facts.rule = outcome.rule;
  facts.lottery_commitment = lottery.commitment;
  facts.lottery_seed = lottery.seed;
  facts.ranking_input_sha256 = at.row->input_sha256;
  facts.ranking_sha256 = at.row->ranking_sha256;
  facts.award_input_sha256 = row.input_sha256;
  facts.award_outcome_sha256 = row.outcome_sha256;
  facts.verdict = fmt::format("The verifier found {} faults.", faults);
  facts.forced_reason = row.forced_reason;
  facts.systems = outcome.systems;
  facts.guarantees = outcome.guarantees;
  facts.changes = at.changes;
  FABRICA_TRY(auto const items, tx.all<store::ItemRow>(store::kItemsOf, row.id));
  FABRICA_TRY(auto const applicants, tx.all<store::ApplicantRow>(store::kApplicants, row.round));
  PublishedBody body{at.facts.call,          row.round,          row.version, 0,  0, 0, lottery.seed,
                     at.row->ranking_sha256, row.outcome_sha256, "",          "", {}};
  FABRICA_TRY(body.assignment_seed, scores_.assignment_seed(tx, row.round));
  facts.assignment_seed = body.assignment_seed;
  std::map<PublicId, std::string> titles;
  for (auto const& one : applicants) titles[one.proposal] = one.title;
  for (auto const& item : items) {
    facts.lines.push_back({item.proposal, titles[item.proposal], item.outcome, item.rank, item.score_millionths,
                           item.partition_name.value_or(""), item.amount_units, item.reason, item.state});
    if (item.state != ReleaseState::released) continue;
    body.awarded += item.outcome == OutcomeKind::awarded;
    body.reserve += item.outcome == OutcomeKind::reserve;
    body.rejected += item.outcome == OutcomeKind::rejected;
  }
  auto const text = json::write(facts);
  auto const html = minutes_html(facts);
  body.minutes_json_sha256 = crypto::sha256(text).hex();
  body.minutes_html_sha256 = crypto::sha256(html).hex();
  FABRICA_DO(tx.run(store::kMinutesInsert, row.round, facts.published, html, text, body.minutes_html_sha256,
                    body.minutes_json_sha256));
  FABRICA_DO(journal_.append(
      tx, at_factory("round.published", row.published_by.value_or(std::string{journal::kProgram}), json::write(body))));
  // Who withdrew or declined while the letters went out left hours behind.
  FABRICA_DO(refill(tx, row.round, journal::kProgram, "hours came free before the round was published", {}));
  return {};
}

Result<std::vector<Letter>> Decisions::letters(db::Tx& tx, Actor const& actor, PublicId const& proposal) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const contender, outcomes_.contender(tx, proposal));
  FABRICA_DO(projects_.require(tx, actor, contender.project, Permission::view_project));
  FABRICA_TRY(auto const rows, tx.all<store::LetterRow>(store::kLetters, proposal));
  std::vector<Letter> out;
  for (auto const& row : rows)
    out.push_back({row.proposal, row.number, row.outcome, row.made_us, row.text, row.html, row.sha256});
  return out;
}

Result<Minutes> Decisions::minutes(db::Tx& tx, Actor const& actor, PublicId const& round) {
  FABRICA_DO(identity::authorise(actor, Permission::view_factory));
  FABRICA_TRY(auto const row, tx.maybe<store::MinutesRow>(store::kMinutes, round));
  if (!row) return fail(Errc::not_found, "minutes", "A round has minutes once it is published.");
  return Minutes{row->round, row->made_us, row->html, {row->json}, row->html_sha256, row->json_sha256};
}

}  // namespace fabrica::decisions
