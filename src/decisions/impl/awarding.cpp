// From a ranking to a decision, verified; what-if; an officer's changes.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "decisions/impl/case.hpp"
#include "decisions/impl/solved.hpp"
#include "decisions/rules.hpp"

namespace fabrica::decisions {

using calls::RoundState;
using identity::Actor;
using identity::Permission;

namespace {

struct DraftedBody {
  PublicId call;
  PublicId round;
  std::int64_t version = 0;
  std::int64_t ranking_version = 0;
  matching::AwardRule rule{};
  std::int64_t awarded = 0;
  std::int64_t reserve = 0;
  std::int64_t undecided = 0;
  std::string input_sha256;
  std::string outcome_sha256;
};
BOOST_DESCRIBE_STRUCT(DraftedBody, (),
                      (call, round, version, ranking_version, rule, awarded, reserve, undecided, input_sha256,
                       outcome_sha256))

struct ChangedBody {
  PublicId change;
  PublicId round;
  PublicId proposal;
  ChangeKind kind{};
  std::optional<std::string> partition{};
  std::optional<std::int64_t> units{};
  std::string reason;
  bool undone = false;
};
BOOST_DESCRIBE_STRUCT(ChangedBody, (), (change, round, proposal, kind, partition, units, reason, undone))

std::int64_t units_of(std::optional<std::vector<PartitionUnits>> const& list, std::string_view partition,
                      std::int64_t otherwise) {
  if (!list) return otherwise;
  auto const found = std::ranges::find(*list, partition, &PartitionUnits::partition);
  return found == list->end() ? otherwise : found->units;
}

Result<> check_partitions(std::optional<std::vector<PartitionUnits>> const& list, calls::RoundFacts const& facts,
                          std::string_view at) {
  if (!list) return {};
  for (std::size_t place = 0; place < list->size(); ++place)
    if (std::ranges::find(facts.offers, (*list)[place].partition, &calls::RoundOffer::partition) == facts.offers.end())
      return fail(Errc::invalid, "partition", fmt::format("The round does not offer {}.", (*list)[place].partition),
                  {{fmt::format("{}/{}/partition", at, place), "not offered"}});
  return {};
}

}  // namespace

Result<> refuse_faults(std::vector<matching::AwardFault> const& faults) {
  if (faults.empty()) return {};
  std::vector<Fault> out;
  for (auto const& one : faults) {
    if (out.size() == 20) break;
    out.push_back({"/" + one.proposal, fmt::format("{}: {}", db::enum_name(one.kind), one.what)});
  }
  return fail(Errc::conflict, "award_faults",
              fmt::format("The decision does not pass the verifier ({} faults): it cannot be kept.", faults.size()),
              std::move(out));
}

matching::AwardInput award_input_of(calls::RoundFacts const& facts, calls::ReviewedRules const& rules,
                                    AwardRequest const& request) {
  matching::AwardInput out{.rule = rules.award_rule};
  for (auto const& offer : facts.offers) {
    auto const held_back = units_of(request.held_back, offer.partition, 0);
    out.systems.push_back(
        {offer.partition, std::string{unit_word(offer.unit)}, offer.left_units, std::min(held_back, offer.left_units)});
  }
  out.guarantees = rules.guarantees;
  out.caps = rules.caps;
  out.line_rank = request.line_rank;
  return out;
}

matching::AwardProposal award_proposal_of(matching::RankLine const& line, std::vector<std::string> groups,
                                          std::vector<matching::AwardOption> options) {
  return {line.candidate, line.rank, line.band, line.score_millionths, std::move(groups), std::move(options)};
}

Result<matching::AwardInput> Decisions::award_input(db::Tx& tx, Case const& at, AwardRequest const& request) {
  if (!at.row) return fail(Errc::conflict, "ranking_missing", "Rank the round first.");
  FABRICA_DO(check_partitions(request.held_back, at.facts, "/held_back"));
  for (auto const& one : at.contenders)
    if (one.ready() && at.line_of(one.id) == nullptr)
      return fail(Errc::conflict, "ranking_stale",
                  fmt::format("Proposal {} has passed its steps since: rank the round again.", one.id.text()));
  FABRICA_TRY(auto const rules, outcomes_.rules(tx, at.facts.call, at.row->rules_version));
  auto out = award_input_of(at.facts, rules, request);
  for (auto const& line : at.lines()) {
    FABRICA_TRY(auto const id, PublicId::parse(line.candidate));
    auto const* contender = at.find(id);
    if (contender == nullptr || !contender->ready() || is_excluded(id, at.changes)) continue;
    out.proposals.push_back(award_proposal_of(line, at.groups_of(line.candidate), options_of(*contender, at.changes)));
  }
  return out;
}

// Every proposal of the round that is still there, by rank, then who has none.
Result<std::vector<ProposalDecision>> Decisions::outcomes_of(db::Tx&, Case const& at, store::DecisionRow const& row) {
  FABRICA_TRY(auto const input, json::read<matching::AwardInput>(row.input, store::kStored));
  FABRICA_TRY(auto const outcome, json::read<matching::AwardOutcome>(row.outcome, store::kStored));
  std::vector<ProposalDecision> out;
  for (auto const& one : outcome.decisions) {
    FABRICA_TRY(auto const id, PublicId::parse(one.proposal));
    auto const* contender = at.find(id);
    if (contender == nullptr) continue;  // withdrawn
    auto const kind = one.state == matching::AwardState::awarded   ? OutcomeKind::awarded
                      : one.state == matching::AwardState::reserve ? OutcomeKind::reserve
                                                                   : OutcomeKind::rejected;
    auto const* line = at.line_of(id);
    out.push_back({id, contender->project, kind, one.rank, line != nullptr ? line->score_millionths : 0, one.system,
                   one.amount, matching::sentence(input, outcome, one), ReleaseState::held, ""});
  }
  std::set<PublicId> decided;
  for (auto const& one : out) decided.insert(one.proposal);
  for (auto const& one : at.contenders) {
    if (decided.contains(one.id)) continue;
    ProposalDecision decision{one.id, one.project, OutcomeKind::undecided, 0, 0, {},
                              0,      "Undecided", ReleaseState::held,     ""};
    auto const* line = at.line_of(one.id);
    if (line != nullptr) decision.score_millionths = line->score_millionths;
    std::string excluded;
    if (auto const* failed = one.failed()) {
      decision.outcome = OutcomeKind::rejected;
      decision.reason = fmt::format("The step {} was not passed: {}", db::enum_name(failed->step), failed->reason);
    } else if (is_excluded(one.id, at.changes, &excluded) && one.ready()) {
      decision.outcome = OutcomeKind::rejected;
      decision.reason = fmt::format("Taken out of the ranking by the access office: {}", excluded);
    } else if (one.ready() && line != nullptr && line->state != matching::RankState::ranked) {
      decision.outcome = OutcomeKind::rejected;
      decision.reason = why_unranked(*line, at.input.rules);
    } else {
      decision.reason = "A step before the decision is not done.";
    }
    out.push_back(std::move(decision));
  }
  return out;
}

Result<RoundDecision> Decisions::view(db::Tx& tx, Case const& at, store::DecisionRow const& row) {
  FABRICA_TRY(auto const outcome, json::read<matching::AwardOutcome>(row.outcome, store::kStored));
  RoundDecision out{row.round,          row.version,        row.state,   row.ranking_version, outcome.rule,
                    row.input_sha256,   row.outcome_sha256, row.made_us, row.forced_reason,   outcome.systems,
                    outcome.guarantees, at.changes,         {}};
  if (row.state == DecisionState::draft) {
    FABRICA_TRY(out.proposals, outcomes_of(tx, at, row));
    return out;
  }
  FABRICA_TRY(auto const items, tx.all<store::ItemRow>(store::kItemsOf, row.id));
  for (auto const& item : items) out.proposals.push_back(decision_of(item));
  return out;
}

Result<matching::AwardOutcome> Decisions::solve(matching::AwardInput const& input, std::string const& input_sha256) {
  if (auto before = solved_->find(input_sha256)) return *std::move(before);
  return matching::award(input, {.band_seconds = settings_.band_seconds_inside});
}

Result<> Decisions::prepare_award(db::Database& database, Actor const& actor, PublicId const& round,
                                  AwardRequest const& request) {
  FABRICA_DO(officer(actor));
  auto const input = database.read([&](db::Tx& tx) -> Result<matching::AwardInput> {
    FABRICA_TRY(auto const at, load_case(tx, round));
    return award_input(tx, at, request);
  });
  // What else is wrong is said by the act itself, which asks in its own order.
  if (!input || input->rule != matching::AwardRule::band) return {};
  FABRICA_TRY(auto digest, matching::digest(*input));
  if (solved_->find(digest)) return {};
  FABRICA_TRY(auto outcome, matching::award(*input, {.band_seconds = settings_.band_seconds}));
  solved_->keep(std::move(digest), std::move(outcome));
  return {};
}

Result<RoundDecision> Decisions::award_now(db::Tx& tx, std::string_view by, PublicId const& round,
                                           AwardRequest const& request) {
  FABRICA_TRY(auto const at, load_case(tx, round));
  if (at.facts.state != RoundState::evaluating && at.facts.state != RoundState::decided)
    return fail(Errc::conflict, "round_state",
                fmt::format("The round is {}: it is decided after its cut-off and before it is published.",
                            db::enum_name(at.facts.state)));
  FABRICA_TRY(auto const current, tx.maybe<store::DecisionRow>(store::kDecisionCurrent, round));
  if (current && current->state != DecisionState::draft)
    return fail(Errc::conflict, "round_state", "The round is being published: its decision stands.");
  FABRICA_TRY(auto const input, award_input(tx, at, request));
  FABRICA_TRY(auto const input_sha256, matching::digest(input));
  FABRICA_TRY(auto const outcome, solve(input, input_sha256));
  FABRICA_DO(refuse_faults(matching::verify(input, outcome)));
  FABRICA_TRY(auto const outcome_sha256, matching::digest(outcome));
  FABRICA_TRY(auto const last, tx.one<std::int64_t>(store::kDecisionLastVersion, round));
  FABRICA_DO(tx.run(store::kDecisionInsert, round, last + 1, at.row->version, json::write(request), json::write(input),
                    json::write(outcome), input_sha256, outcome_sha256, by, Time{clock_.now()}));
  FABRICA_TRY(auto const row, tx.one<store::DecisionRow>(store::kDecisionCurrent, round));
  FABRICA_TRY(auto out, view(tx, at, row));
  auto const count = [&](OutcomeKind kind) {
    return std::ranges::count(out.proposals, kind, &ProposalDecision::outcome);
  };
  DraftedBody const body{at.facts.call,
                         round,
                         row.version,
                         row.ranking_version,
                         outcome.rule,
                         count(OutcomeKind::awarded),
                         count(OutcomeKind::reserve),
                         count(OutcomeKind::undecided),
                         input_sha256,
                         outcome_sha256};
  auto const to = body.undecided == 0 ? RoundState::decided : RoundState::evaluating;
  if (at.facts.state != to) FABRICA_DO(outcomes_.move_round(tx, round, at.facts.state, to));
  FABRICA_DO(journal_.append(tx, at_factory("decision.drafted", by, json::write(body))));
  return out;
}

Result<RoundDecision> Decisions::award(db::Tx& tx, Actor const& actor, PublicId const& round,
                                       AwardRequest const& request) {
  FABRICA_DO(officer(actor));
  return award_now(tx, actor.person.text(), round, request);
}

Result<RoundDecision> Decisions::decision(db::Tx& tx, Actor const& actor, PublicId const& round) {
  FABRICA_DO(identity::authorise(actor, Permission::view_factory));
  FABRICA_TRY(auto const at, load_case(tx, round));
  FABRICA_TRY(auto const row, tx.maybe<store::DecisionRow>(store::kDecisionCurrent, round));
  if (!row) return fail(Errc::not_found, "decision", "This round is not decided yet.");
  return view(tx, at, *row);
}

namespace {

// Other weights give another list; everything else of the ranking stays.
Result<> weigh(matching::RankingInput& input, std::vector<CriterionWeight> const& weights) {
  for (std::size_t place = 0; place < weights.size(); ++place) {
    auto const found = std::ranges::find(input.rules.criteria, weights[place].criterion, &matching::RankCriterion::id);
    if (found == input.rules.criteria.end())
      return fail(Errc::invalid, "criterion", fmt::format("There is no criterion {}.", weights[place].criterion),
                  {{fmt::format("/weights/{}/criterion", place), "unknown"}});
    found->weight = weights[place].weight;
  }
  return {};
}

}  // namespace

Result<WhatIfAnswer> Decisions::what_if(db::Tx& tx, Actor const& actor, PublicId const& round, WhatIf const& change) {
  FABRICA_DO(identity::authorise(actor, Permission::view_factory));
  FABRICA_TRY(auto at, load_case(tx, round));
  FABRICA_DO(check_partitions(change.capacity, at.facts, "/capacity"));
  FABRICA_DO(check_partitions(change.held_back, at.facts, "/held_back"));
  FABRICA_TRY(auto const row, tx.maybe<store::DecisionRow>(store::kDecisionCurrent, round));
  if (row && row->state != DecisionState::draft)
    return fail(Errc::conflict, "round_state", "The round is being published: what-if is asked before.");
  matching::AwardInput before;
  AwardRequest request;
  if (row) {
    FABRICA_TRY(before, json::read<matching::AwardInput>(row->input, store::kStored));
    FABRICA_TRY(request, json::read<AwardRequest>(row->request));
  } else {
    FABRICA_TRY(before, award_input(tx, at, request));
  }
  matching::AwardLimits const limits{.band_seconds = settings_.band_seconds};
  FABRICA_TRY(auto const outcome, matching::award(before, limits));

  if (change.weights) {
    FABRICA_DO(weigh(at.input, *change.weights));
    FABRICA_TRY(at.ranking, matching::rank(at.input));
    at.index();
  }
  if (change.held_back) request.held_back = change.held_back;
  if (change.line_rank) request.line_rank = change.line_rank;
  FABRICA_TRY(auto after, award_input(tx, at, request));
  for (auto& system : after.systems) {
    system.capacity = units_of(change.capacity, system.id, system.capacity);
    system.held_back = std::min(units_of(request.held_back, system.id, 0), system.capacity);
  }
  if (change.award_rule) after.rule = *change.award_rule;
  if (change.guarantees) after.guarantees = *change.guarantees;
  if (change.caps) after.caps = *change.caps;
  FABRICA_TRY(auto const changed, matching::award(after, limits));
  FABRICA_DO(refuse_faults(matching::verify(after, changed)));
  FABRICA_TRY(auto marginals, matching::marginals(after));
  auto const funded = [](matching::AwardOutcome const& of) {
    return std::ranges::count(of.decisions, matching::AwardState::awarded, &matching::AwardDecision::state);
  };
  return WhatIfAnswer{funded(outcome), funded(changed), matching::compare(before, outcome, after, changed),
                      std::move(marginals)};
}

Result<RoundDecision> Decisions::change(db::Tx& tx, Actor const& actor, PublicId const& proposal,
                                        ChangeDraft const& draft) {
  FABRICA_DO(officer(actor));
  FABRICA_TRY(auto const round, outcomes_.round_of(tx, proposal));
  FABRICA_DO(not_own(tx, actor, proposal));
  if (draft.reason.empty())
    return fail(Errc::invalid, "reason", "A change has a reason, which the applicant reads.", {{"/reason", "missing"}});
  bool const limit = draft.kind == ChangeKind::limit;
  if (limit != (draft.partition.has_value() && draft.units.has_value()) || (!limit && (draft.partition || draft.units)))
    return fail(Errc::invalid, "change", "A limit names a partition and units; an exclusion neither.",
                {{limit ? "/units" : "/kind", "does not fit"}});
  FABRICA_TRY(auto const contender, outcomes_.contender(tx, proposal));
  if (limit &&
      std::ranges::find(contender.choices, *draft.partition, &calls::Choice::partition) == contender.choices.end())
    return fail(Errc::invalid, "partition", "The proposal does not ask for this partition.",
                {{"/partition", "not asked for"}});
  FABRICA_TRY(auto const current, tx.maybe<store::DecisionRow>(store::kDecisionCurrent, round));
  if (!current)
    return fail(Errc::conflict, "decision_missing", "Award the round first: a change is made to a decision.");
  auto const id = PublicId::make(clock_.now(), random_);
  auto const made = tx.run(store::kChangeInsert, id, round, proposal, draft.kind, draft.partition.value_or(""),
                           draft.units, draft.reason, actor.person.text(), Time{clock_.now()});
  if (!made && made.error().reason == "unique")
    return fail(Errc::conflict, "change_exists", "Such a change stands already: take it back first.");
  if (!made) return std::unexpected(made.error());
  FABRICA_DO(journal_.append(tx, at_factory("decision.changed", actor.person.text(),
                                            json::write(ChangedBody{id, round, proposal, draft.kind, draft.partition,
                                                                    draft.units, draft.reason, false}))));
  FABRICA_TRY(auto const request, json::read<AwardRequest>(current->request));
  return award_now(tx, actor.person.text(), round, request);
}

Result<RoundDecision> Decisions::undo_change(db::Tx& tx, Actor const& actor, PublicId const& id, Reason const& reason) {
  FABRICA_DO(officer(actor));
  FABRICA_TRY(auto const row, tx.maybe<store::ChangeRow>(store::kChangeById, id));
  if (!row) return fail(Errc::not_found, "change", fmt::format("There is no change {} that stands.", id.text()));
  FABRICA_DO(not_own(tx, actor, row->proposal));
  FABRICA_TRY(auto const undone, tx.run(store::kChangeUndo, id, Time{clock_.now()}));
  if (undone != 1) return fail(Errc::conflict, "change", "Somebody took it back meanwhile.");
  auto const was = change_of(*row);
  FABRICA_DO(journal_.append(tx, at_factory("decision.changed", actor.person.text(),
                                            json::write(ChangedBody{id, row->round, row->proposal, row->kind,
                                                                    was.partition, was.units, reason.reason, true}))));
  FABRICA_TRY(auto const current, tx.one<store::DecisionRow>(store::kDecisionCurrent, row->round));
  FABRICA_TRY(auto const request, json::read<AwardRequest>(current.request));
  return award_now(tx, actor.person.text(), row->round, request);
}

}  // namespace fabrica::decisions
