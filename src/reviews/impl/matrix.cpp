// One proposal and everybody who might review it.
#include <fmt/format.h>

#include <algorithm>

#include "identity/people.hpp"
#include "reviews/impl/affinity.hpp"
#include "reviews/impl/board.hpp"
#include "reviews/impl/guard.hpp"
#include "reviews/impl/reading.hpp"
#include "reviews/service.hpp"

namespace fabrica::reviews {

using identity::Actor;

Result<std::string> Reviews::affinity_stamp(db::Tx& tx, calls::Round const& round) {
  FABRICA_TRY(auto const pool, tx.one<store::StampRow>(store::kPoolStamp, round.call));
  FABRICA_TRY(auto const bids, tx.one<std::int64_t>(store::kBidsStamp, round.id));
  return fmt::format("{}/{}/{}/{}", pool.people, pool.joined_us, pool.saves, bids);
}

Result<std::shared_ptr<KnownAffinity const>> Reviews::build_affinity(db::Tx& tx, Board const& board) {
  FABRICA_TRY(auto stamp, affinity_stamp(tx, board.round));
  FABRICA_TRY(auto affinity, affinity_of(board));
  auto out = std::make_shared<KnownAffinity>(KnownAffinity{std::move(stamp), {}, {}, std::move(affinity)});
  for (std::uint32_t at = 0; at < board.proposals.size(); ++at)
    out->proposals[board.proposals[at].evaluated.proposal] = at;
  for (std::uint32_t at = 0; at < board.reviewers.size(); ++at) out->reviewers[board.reviewers[at].person] = at;
  affinities_->keep(board.round.id, out);
  return out;
}

Result<std::shared_ptr<KnownAffinity const>> Reviews::known_affinity(db::Tx& tx, PublicId const& round,
                                                                     PublicId const& proposal) {
  FABRICA_TRY(auto const of, calls::round_of_id(tx, round));
  FABRICA_TRY(auto const stamp, affinity_stamp(tx, of));
  auto const kept = affinities_->find(round);
  if (kept && kept->stamp == stamp && kept->proposals.contains(proposal)) return kept;
  FABRICA_TRY(auto seen, board(tx, round));
  FABRICA_DO(load_parties(tx, seen));
  return build_affinity(tx, seen);
}

Result<std::vector<MatrixLine>> Reviews::matrix(db::Tx& tx, Actor const& actor, PublicId const& proposal) {
  FABRICA_TRY(auto const one, readers(tx, actor, proposal));
  if (!in_review(one)) return fail(Errc::conflict, "nothing_to_review", "This proposal has no expert step to come.");
  FABRICA_TRY(auto const known, known_affinity(tx, one.round, proposal));
  FABRICA_TRY(auto const profiles, tx.all<store::ProfileRow>(store::kProfilesOfPool, one.call));
  FABRICA_TRY(auto const conflicts, tx.all<store::ConflictRow>(store::kConflictsOf, proposal));
  FABRICA_TRY(auto const assignments, tx.all<store::AssignmentRow>(store::kAssignmentsOfProposal, proposal));
  FABRICA_TRY(auto const bids, tx.all<store::BidsRow>(store::kBidsOfRound, one.round));
  std::map<PublicId, BidKind> bid_of;
  for (auto const& row : bids) {
    FABRICA_TRY(auto const said, json::read<Bids>(row.bids));
    for (auto const& each : said.bids)
      if (each.proposal == proposal) bid_of[row.reviewer] = each.bid;
  }
  std::vector<MatrixLine> out;
  for (auto const& row : profiles) {
    FABRICA_TRY(auto const profile, json::read<ProfileDraft>(row.profile));
    FABRICA_TRY(auto const who, identity::person(tx, row.person));
    FABRICA_TRY(auto reasons, known->affinity.explain(known->proposals.at(proposal), known->reviewers.at(row.person)));
    MatrixLine line{row.person, who.name, std::move(reasons), is_available(profile, clock_.now()), {}, {}, {}};
    for (auto const& against : conflicts)
      if (against.reviewer == row.person && against.state != ConflictState::gone)
        line.conflicts.push_back(conflict_of(against));
    for (auto const& pair : assignments)
      if (pair.reviewer == row.person) line.state = pair.state;
    if (auto const said = bid_of.find(row.person); said != bid_of.end()) line.bid = said->second;
    out.push_back(std::move(line));
  }
  std::ranges::sort(out, {}, [](MatrixLine const& line) {
    return std::pair{-line.affinity.affinity_millionths, std::string_view{line.reviewer.text()}};
  });
  return out;
}

}  // namespace fabrica::reviews
