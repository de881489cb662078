// What every part needs, the lottery, and the work that needs no person.
#include "decisions/service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "crypto/sha256.hpp"
#include "decisions/impl/case.hpp"
#include "decisions/impl/solved.hpp"

namespace fabrica::decisions {

using identity::Actor;
using identity::Permission;

namespace {

Lottery lottery_of(store::LotteryRow const& row, bool published) {
  return {row.round, row.commitment, row.committed_us, row.after_cut_off,
          published ? std::optional{row.seed} : std::nullopt};
}

struct CommittedBody {
  PublicId round;
  std::string commitment;
  bool after_cut_off = false;
};
BOOST_DESCRIBE_STRUCT(CommittedBody, (), (round, commitment, after_cut_off))

}  // namespace

calls::Contender const* Decisions::Case::find(PublicId const& proposal) const {
  auto const found = contender_at.find(proposal);
  return found == contender_at.end() ? nullptr : &contenders[found->second];
}

std::vector<matching::RankLine> const& Decisions::Case::lines() const {
  static std::vector<matching::RankLine> const kNone;
  return ranking.tracks.empty() ? kNone : ranking.tracks.front().lines;
}

matching::RankLine const* Decisions::Case::line_of(PublicId const& proposal) const {
  auto const found = line_at.find(proposal.text());
  if (found == line_at.end()) return nullptr;
  auto const& track = ranking.tracks[found->second.track];
  return &(found->second.ranked ? track.lines : track.unranked)[found->second.at];
}

std::vector<std::string> Decisions::Case::groups_of(std::string const& candidate) const {
  auto const found = candidate_at.find(candidate);
  return found == candidate_at.end() ? std::vector<std::string>{} : input.candidates[found->second].groups;
}

void Decisions::Case::index() {
  contender_at.clear();
  line_at.clear();
  candidate_at.clear();
  for (std::size_t at = 0; at < contenders.size(); ++at) contender_at[contenders[at].id] = at;
  for (std::size_t at = 0; at < input.candidates.size(); ++at) candidate_at[input.candidates[at].id] = at;
  for (std::size_t track = 0; track < ranking.tracks.size(); ++track)
    for (bool const ranked : {true, false}) {
      auto const& list = ranked ? ranking.tracks[track].lines : ranking.tracks[track].unranked;
      for (std::size_t at = 0; at < list.size(); ++at) line_at[list[at].candidate] = {track, ranked, at};
    }
}

std::string assessed(matching::RankLine const* line) {
  return json::write(Assessed{line ? line->criteria : std::vector<matching::CriterionFigures>{}});
}

Decisions::Decisions(Clock const& clock, Random& random, journal::Journal& journal, identity::Identity& identity,
                     projects::Projects& projects, calls::Outcomes& outcomes, ScoreSource& scores, Settings settings)
    : clock_{clock},
      random_{random},
      journal_{journal},
      identity_{identity},
      projects_{projects},
      outcomes_{outcomes},
      scores_{scores},
      settings_{settings},
      solved_{std::make_unique<SolvedAwards>()} {}
Decisions::~Decisions() = default;

ProposalDecision decision_of(store::ItemRow const& row) {
  return {row.proposal,       row.project,      row.outcome, row.rank,  row.score_millionths,
          row.partition_name, row.amount_units, row.reason,  row.state, row.note};
}

Change change_of(store::ChangeRow const& row) {
  auto const partition = row.partition_name.empty() ? std::nullopt : std::optional{row.partition_name};
  return {row.public_id, row.proposal, row.kind, partition, row.units, row.reason, row.made_us};
}

Result<> Decisions::officer(Actor const& actor) const { return identity::authorise(actor, Permission::manage_calls); }

Result<> Decisions::not_own(db::Tx& tx, Actor const& actor, PublicId const& proposal) {
  FABRICA_TRY(auto const contender, outcomes_.contender(tx, proposal));
  if (std::ranges::find(actor.grants, contender.project.text(), &identity::Grant::scope) == actor.grants.end())
    return {};
  return fail(Errc::forbidden, "own_project", "You have a part in this project: somebody else decides this.");
}

Result<Decisions::Case> Decisions::load_case(db::Tx& tx, PublicId const& round) {
  FABRICA_TRY(auto facts, outcomes_.round(tx, round));
  FABRICA_TRY(auto contenders, outcomes_.contenders(tx, round));
  Case out{std::move(facts), std::move(contenders), {}, {}, {}, {}};
  FABRICA_TRY(auto const changes, tx.all<store::ChangeRow>(store::kChangesOf, round));
  for (auto const& one : changes) out.changes.push_back(change_of(one));
  FABRICA_TRY(out.row, tx.maybe<store::RankingRow>(store::kRankingLast, round));
  out.index();
  if (!out.row) return out;
  FABRICA_TRY(out.input, json::read<matching::RankingInput>(out.row->input, store::kStored));
  FABRICA_TRY(out.ranking, json::read<matching::Ranking>(out.row->ranking, store::kStored));
  out.index();
  return out;
}

Result<Lottery> Decisions::draw(db::Tx& tx, PublicId const& round, std::string_view by) {
  FABRICA_TRY(auto const facts, outcomes_.round(tx, round));
  std::array<std::uint8_t, 32> seed{};
  random_.fill(seed);
  auto const text = crypto::Digest{seed}.hex();
  FABRICA_TRY(auto const commitment, matching::lottery_commitment(text));
  bool const late = facts.closes && facts.closes->us <= clock_.now();
  FABRICA_DO(tx.run(store::kLotteryInsert, round, text, commitment, Time{clock_.now()}, late));
  FABRICA_DO(
      journal_.append(tx, at_factory("lottery.committed", by, json::write(CommittedBody{round, commitment, late}))));
  return Lottery{round, commitment, Time{clock_.now()}, late, {}};
}

Result<Lottery> Decisions::commit_lottery(db::Tx& tx, Actor const& actor, PublicId const& round) {
  FABRICA_DO(officer(actor));
  FABRICA_TRY(auto const facts, outcomes_.round(tx, round));
  FABRICA_TRY(auto const there, tx.maybe<store::LotteryRow>(store::kLottery, round));
  if (there) return lottery_of(*there, facts.state == calls::RoundState::published);
  return draw(tx, round, actor.person.text());
}

Result<Lottery> Decisions::lottery(db::Tx& tx, Actor const&, PublicId const& round) {
  FABRICA_TRY(auto const facts, outcomes_.round(tx, round));
  FABRICA_TRY(auto const there, tx.maybe<store::LotteryRow>(store::kLottery, round));
  if (!there) return fail(Errc::not_found, "lottery", "No lottery was drawn for this round yet.");
  return lottery_of(*there, facts.state == calls::RoundState::published);
}

Result<bool> Decisions::turn(db::Tx& tx) {
  FABRICA_TRY(auto const item, tx.maybe<store::ItemRow>(store::kItemHeld));
  if (item) {
    FABRICA_DO(tell(tx, *item));
    return true;
  }
  FABRICA_TRY(auto const told, tx.maybe<store::DecisionRow>(store::kDecisionPublishing));
  if (told) {
    FABRICA_DO(finish(tx, *told));
    return true;
  }
  FABRICA_TRY(auto const rounds, outcomes_.rounds_in_intake(tx));
  for (auto const& round : rounds) {
    FABRICA_TRY(auto const there, tx.maybe<store::LotteryRow>(store::kLottery, round));
    if (there) continue;
    FABRICA_DO(draw(tx, round, journal::kProgram));
    return true;
  }
  return false;
}

}  // namespace fabrica::decisions
