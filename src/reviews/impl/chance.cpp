// The seed of a round's draws, and bids.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "crypto/sha256.hpp"
#include "identity/people.hpp"
#include "reviews/impl/board.hpp"
#include "reviews/impl/guard.hpp"
#include "reviews/service.hpp"

namespace fabrica::reviews {
namespace {

using identity::Actor;
using identity::Permission;

struct SeedBody {
  PublicId round;
  Randomise rule;
  std::string commitment;
  bool after_cut_off = false;
};
BOOST_DESCRIBE_STRUCT(SeedBody, (), (round, rule, commitment, after_cut_off))

struct BidsBody {
  PublicId round;
  std::int64_t bids = 0;
};
BOOST_DESCRIBE_STRUCT(BidsBody, (), (round, bids))

Result<AssignmentSeed> seed_of(store::DrawRow const& row, bool published) {
  FABRICA_TRY(auto const rule, json::read<Randomise>(row.rule));
  return AssignmentSeed{row.round,         rule,
                        row.commitment,    row.committed_us,
                        row.after_cut_off, published ? std::optional{row.seed} : std::nullopt};
}

}  // namespace

Result<AssignmentSeed> Reviews::draw_seed(db::Tx& tx, calls::Round const& round, Randomise const& rule,
                                          std::string_view by) {
  matching::MatchSeed seed{};
  random_.fill(seed);
  Time const now{clock_.now()};
  bool const late = round.closes && *round.closes <= now;
  store::DrawRow const row{
      round.id, json::write(rule), crypto::Digest{seed}.hex(), matching::seed_commitment(seed), now, late};
  FABRICA_DO(
      tx.run(store::kDrawInsert, row.round, row.rule, row.seed, row.commitment, row.committed_us, row.after_cut_off));
  FABRICA_DO(say(tx, "assignment.seed_committed", by, json::write(SeedBody{round.id, rule, row.commitment, late})));
  return seed_of(row, false);
}

Result<bool> Reviews::draw_missing_seed(db::Tx& tx) {
  FABRICA_TRY(auto const all, tx.all<PublicId>(store::kCallsRandomised));
  for (auto const& call : all) {
    FABRICA_TRY(auto const rounds, calls::rounds_to_come(tx, call));
    for (auto const& round : rounds) {
      FABRICA_TRY(auto const there, tx.maybe<store::DrawRow>(store::kDraw, round));
      if (there) continue;
      FABRICA_TRY(auto const of, calls::round_of_id(tx, round));
      FABRICA_TRY(auto const settings, settings_of(tx, call));
      FABRICA_DO(draw_seed(tx, of, settings.randomise.value_or(Randomise{}), journal::kProgram));
      return true;
    }
  }
  return false;
}

Result<AssignmentSeed> Reviews::commit_seed(db::Tx& tx, Actor const& actor, PublicId const& round) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const of, calls::round_of_id(tx, round));
  FABRICA_TRY(auto const there, tx.maybe<store::DrawRow>(store::kDraw, round));
  if (there) return seed_of(*there, of.state == calls::RoundState::published);
  FABRICA_TRY(auto const seen, board(tx, round));
  if (!seen.settings.randomise)
    return fail(Errc::conflict, "not_randomised",
                "This round takes the best assignment: its call's review settings say nothing of chance (randomise).");
  return draw_seed(tx, of, *seen.settings.randomise, actor.person.text());
}

Result<AssignmentSeed> Reviews::seed(db::Tx& tx, PublicId const& round) {
  FABRICA_TRY(auto const of, calls::round_of_id(tx, round));
  FABRICA_TRY(auto const there, tx.maybe<store::DrawRow>(store::kDraw, round));
  if (!there) return fail(Errc::not_found, "assignment_seed", "No seed was drawn for this round.");
  return seed_of(*there, of.state == calls::RoundState::published);
}

Result<std::optional<std::string>> Reviews::reveal_seed(db::Tx& tx, PublicId const& round) {
  FABRICA_TRY(auto const there, tx.maybe<store::DrawRow>(store::kDraw, round));
  return there ? std::optional{there->seed} : std::nullopt;
}

// What nobody has found a conflict in yet is looked at now: a title alone may tell too much.
static bool in_conflict(Board const& seen, BoardProposal const& one, BoardReviewer const& me, Micros now) {
  auto const kept = [&](ConflictState state, std::optional<ConflictKind> kind) {
    return std::ranges::any_of(seen.conflicts, [&](store::ConflictRow const& each) {
      return each.proposal == one.evaluated.proposal && each.reviewer == me.person && each.state == state &&
             (!kind || each.kind == *kind);
    });
  };
  if (kept(ConflictState::standing, {})) return true;
  return std::ranges::any_of(conflicts_between(one.party, me.party, seen.settings, now),
                             [&](Found const& found) { return !kept(ConflictState::waived, found.kind); });
}

Result<std::vector<BidLine>> Reviews::biddable(db::Tx& tx, Actor const& actor, PublicId const& round) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto seen, board(tx, round));
  auto const me = std::ranges::find(seen.reviewers, actor.person, &BoardReviewer::person);
  if (me == seen.reviewers.end())
    return fail(Errc::forbidden, "not_in_pool",
                "Bids are for the call's reviewers: accept an invitation and save your profile first.");
  if (!seen.settings.bids) return fail(Errc::conflict, "no_bids", "This call takes no bids.");
  if (seen.round.state != calls::RoundState::evaluating)
    return fail(Errc::conflict, "round_state", "Bids are taken from the cut-off until the reviewers are asked.");
  if (seen.stored && seen.stored->sent_us)
    return fail(Errc::conflict, "bidding_over", "The reviewers of this round were asked: it is too late for a bid.");
  FABRICA_DO(load_parties(tx, seen, actor.person));
  FABRICA_TRY(auto const row, tx.maybe<store::BidsRow>(store::kBidsOf, round, actor.person));
  Bids said;
  if (row) {
    FABRICA_TRY(said, json::read<Bids>(row->bids));
  }
  std::map<std::string, std::shared_ptr<forms::Form const>> forms_read;  // by the rules' own edition
  std::vector<BidLine> out;
  for (auto const& one : seen.proposals) {
    if (has_part(actor, one.evaluated.project) || in_conflict(seen, one, *me, clock_.now())) continue;
    auto const& rules = seen.rules_of(one);
    auto const edition = rules.form + "/" + rules.form_digest.value_or("");
    if (!forms_read.contains(edition)) {
      FABRICA_TRY(auto form, calls::form_of(tx, rules));
      forms_read.emplace(edition, std::move(form));
    }
    auto const step = std::ranges::find(rules.steps, calls::StepKind::expert, &calls::StepRule::step);
    FABRICA_TRY(auto sheet, forms::sheet(*forms_read.at(edition), one.evaluated.form_answers,
                                         {forms::Audience::public_, step != rules.steps.end() && step->blind}));
    auto const bid = std::ranges::find(said.bids, one.evaluated.proposal, &Bid::proposal);
    out.push_back(
        {one.evaluated.proposal, std::move(sheet), bid == said.bids.end() ? std::nullopt : std::optional{bid->bid}});
  }
  return out;
}

Result<std::vector<BidLine>> Reviews::bids(db::Tx& tx, Actor const& actor, PublicId const& round) {
  return biddable(tx, actor, round);
}

Result<std::vector<BidLine>> Reviews::save_bids(db::Tx& tx, Actor const& actor, PublicId const& round,
                                                Bids const& bids) {
  FABRICA_TRY(auto lines, biddable(tx, actor, round));
  std::set<PublicId> seen;
  std::vector<Fault> faults;
  for (std::size_t at = 0; at < bids.bids.size(); ++at) {
    auto const& one = bids.bids[at];
    auto const pointer = fmt::format("/bids/{}/proposal", at);
    if (std::ranges::find(lines, one.proposal, &BidLine::proposal) == lines.end())
      faults.push_back({pointer, "This proposal is not among those you may bid for."});
    else if (!seen.insert(one.proposal).second) faults.push_back({pointer, "One bid a proposal."});
  }
  if (!faults.empty()) {
    auto const what = faults.front().what;
    return fail(Errc::invalid, "bids", what, std::move(faults));
  }
  auto const text = json::write(bids);
  FABRICA_DO(tx.run(store::kBidsSave, round, actor.person, text, Time{clock_.now()}));
  FABRICA_DO(say(tx, "reviewer.bids_saved", actor.person.text(),
                 json::write(BidsBody{round, static_cast<std::int64_t>(bids.bids.size())}),
                 {{"bids", crypto::sha256(text).hex()}}));
  for (auto& line : lines) {
    auto const bid = std::ranges::find(bids.bids, line.proposal, &Bid::proposal);
    line.bid = bid == bids.bids.end() ? std::nullopt : std::optional{bid->bid};
  }
  return lines;
}

}  // namespace fabrica::reviews
