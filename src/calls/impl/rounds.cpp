// What a cut-off does.
#include "calls/rounds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/check.hpp"
#include "calls/impl/round_maker.hpp"
#include "calls/impl/store.hpp"

namespace fabrica::calls {
namespace {

using identity::Actor;
using identity::Permission;

struct CutOffBody {
  PublicId call;
  PublicId round;
  std::string name;
  std::int64_t evaluated = 0;
  std::int64_t drafts_moved = 0;
  std::int64_t drafts_ended = 0;
};
BOOST_DESCRIBE_STRUCT(CutOffBody, (), (call, round, name, evaluated, drafts_moved, drafts_ended))

struct BegunBody {
  PublicId proposal;
  PublicId call;
  PublicId round;
};
BOOST_DESCRIBE_STRUCT(BegunBody, (), (proposal, call, round))

// Of a draft that the cut-off left behind: `round` is the one it moved to.
struct DraftBody {
  PublicId proposal;
  PublicId call;
  std::optional<PublicId> round;
};
BOOST_DESCRIBE_STRUCT(DraftBody, (), (proposal, call, round))

Round round_of(store::RoundRow const& row) {
  return {row.public_id, row.call_public_id, row.number,        row.name,   row.state,
          row.opens_us,  row.closes_us,      row.answer_due_us, row.drafts, row.proposals};
}

}  // namespace

Result<std::vector<Round>> Rounds::list(db::Tx& tx, Actor const& actor, PublicId const& call) {
  FABRICA_DO(calls_.get(tx, actor, call));
  FABRICA_TRY(auto const row, tx.one<store::CallRow>(store::kCallById, call));
  FABRICA_TRY(auto const rows, tx.all<store::RoundRow>(store::kRoundsOf, row.id));
  std::vector<Round> out;
  for (auto const& one : rows) out.push_back(round_of(one));
  return out;
}

Result<bool> Rounds::turn(db::Tx& tx) {
  FABRICA_TRY(auto const due, tx.maybe<store::RoundRow>(store::kRoundDue, clock_.now()));
  if (due) {
    FABRICA_DO(cut_off(tx, due->public_id));
    return true;
  }
  FABRICA_TRY(auto const short_of, tx.all<PublicId>(store::kCallsShort, clock_.now(), kRoundsAhead));
  RoundMaker maker{clock_, random_, budget_};
  for (auto const& id : short_of) {
    FABRICA_TRY(auto const call, tx.one<store::CallRow>(store::kCallById, id));
    FABRICA_TRY(auto const rules, json::read<store::Rules>(call.rules));
    FABRICA_TRY(bool const made, maker.keep_ahead(tx, call, rules));
    if (made) return true;
  }
  return raise_alarms(tx);
}

Result<> Rounds::cut_off(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto const round, tx.one<store::RoundRow>(store::kRoundById, id));
  FABRICA_TRY(auto const call, tx.one<store::CallRow>(store::kCallById, round.call_public_id));
  FABRICA_TRY(auto const rules, json::read<store::Rules>(call.rules));
  if (call.state == CallState::published) {
    FABRICA_DO((RoundMaker{clock_, random_, budget_}.keep_ahead(tx, call, rules)));
  }
  FABRICA_TRY(auto const drafts, tx.all<store::DraftRow>(store::kDraftsOf, round.id));
  CutOffBody body{call.public_id, id, round.name, 0, 0, 0};
  FABRICA_TRY(auto const next, tx.maybe<store::RoundRow>(store::kRoundNext, round.call_id, round.number + 1));
  if (next && rules.reviewed->carry_over_drafts && call.state == CallState::published) {
    FABRICA_TRY(body.drafts_moved, tx.run(store::kDraftsCarry, round.id, next->id));
  }
  FABRICA_TRY(auto const left, tx.all<store::DraftRow>(store::kDraftsOf, round.id));
  for (auto const& draft : drafts) {
    bool const ended = std::ranges::find(left, draft.proposal, &store::DraftRow::proposal) != left.end();
    DraftBody const said{draft.proposal, call.public_id, ended ? std::nullopt : std::optional{next->public_id}};
    FABRICA_DO(journal_.append(tx, {draft.project.text(),
                                    ended ? "draft.ended" : "draft.moved",
                                    std::string{journal::kProgram},
                                    {},
                                    json::write(said)}));
  }
  FABRICA_TRY(body.drafts_ended, tx.run(store::kDraftsEnd, round.id, Time{clock_.now()},
                                        "The cut-off passed before this draft was sent, and no later round takes it."));

  // Each proposal has the steps of the rules it was written under.
  FABRICA_TRY(auto const entering, tx.all<PublicId>(store::kSubmittedOf, round.id));
  for (auto const& proposal : entering) {
    FABRICA_TRY(auto const row, tx.one<store::ProposalRow>(store::kProposalById, proposal));
    FABRICA_DO(calls_.open_steps(tx, row));
    BegunBody const begun{proposal, call.public_id, id};
    FABRICA_DO(journal_.append(
        tx, {row.project.text(), "proposal.evaluation_begun", std::string{journal::kProgram}, {}, json::write(begun)}));
  }
  FABRICA_TRY(body.evaluated, tx.run(store::kSubmittedEvaluate, round.id));
  FABRICA_CHECK(body.evaluated == static_cast<std::int64_t>(entering.size()));
  // A round in which nothing was sent has nothing to publish.
  auto const to = entering.empty() ? RoundState::published : RoundState::evaluating;
  FABRICA_TRY(auto const moved, tx.run(store::kRoundMove, round.id, RoundState::intake, to));
  FABRICA_CHECK(moved == 1);
  FABRICA_DO(journal_.append(
      tx,
      {std::string{journal::kFactoryChain}, "round.cut_off", std::string{journal::kProgram}, {}, json::write(body)}));
  return {};
}

}  // namespace fabrica::calls
