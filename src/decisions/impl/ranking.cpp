// From passed steps and reviews to one ranked list.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/check.hpp"
#include "decisions/impl/case.hpp"
#include "decisions/rules.hpp"

namespace fabrica::decisions {

using calls::RoundState;
using identity::Actor;
using identity::Permission;

namespace {

// One list for the whole round; matching ranks each track by itself.
constexpr std::string_view kTrack = "round";

struct RankedBody {
  PublicId call;
  PublicId round;
  std::int64_t version = 0;
  std::int64_t rules_version = 0;
  std::int64_t ranked = 0;
  std::int64_t unranked = 0;
  std::string input_sha256;
  std::string ranking_sha256;
  std::optional<std::string> reason{};
};
BOOST_DESCRIBE_STRUCT(RankedBody, (),
                      (call, round, version, rules_version, ranked, unranked, input_sha256, ranking_sha256, reason))

RoundRanking ranking_of(store::RankingRow const& row, matching::Ranking const& ranking, std::string_view commitment,
                        bool published) {
  RoundRanking out{row.round,
                   row.version,
                   row.rules_version,
                   std::string{commitment},
                   row.input_sha256,
                   row.ranking_sha256,
                   row.made_us,
                   {},
                   {},
                   {}};
  for (auto const& track : ranking.tracks) {
    out.lines.insert(out.lines.end(), track.lines.begin(), track.lines.end());
    out.unranked.insert(out.unranked.end(), track.unranked.begin(), track.unranked.end());
  }
  if (published) out.input = json::Raw{row.input};
  return out;
}

}  // namespace

// What is true of the applicant when the round is ranked is what the decision goes by.
Result<> Decisions::remember(db::Tx& tx, Actor const& actor, PublicId const& round, calls::Contender const& one) {
  FABRICA_TRY(auto const project, projects_.require(tx, actor, one.project, Permission::view_project));
  FABRICA_TRY(auto const organisation, identity_.organisation(tx, project.organisation));
  FABRICA_DO(tx.run(store::kApplicantPut, one.id, round, one.project, project.title, organisation.id, organisation.name,
                    organisation.kind, organisation.country, one.confidential));
  return {};
}

Result<std::vector<matching::RankCandidate>> Decisions::candidates(db::Tx& tx,
                                                                   std::vector<calls::Contender> const& ready,
                                                                   calls::ReviewedRules const& rules) {
  std::vector<matching::RankCandidate> out;
  for (auto const& one : ready) {
    FABRICA_TRY(auto const applicant, tx.one<store::ApplicantRow>(store::kApplicant, one.id));
    matching::RankCandidate candidate{one.id.text(),
                                      std::string{kTrack},
                                      one.submitted,
                                      {std::string{db::enum_name(applicant.kind)}, "country:" + applicant.country},
                                      {}};
    if (has_step(rules, calls::StepKind::expert)) {
      FABRICA_TRY(candidate.reviews, scores_.scored(tx, one.id));
    } else {
      candidate.reviews = {passed_review()};
    }
    out.push_back(std::move(candidate));
  }
  return out;
}

Result<std::int64_t> Decisions::version_to_rank_by(db::Tx& tx, PublicId const& call,
                                                   std::vector<calls::Contender> const& ready,
                                                   RankRequest const& request) {
  if (request.rules_version) {
    if (!request.reason)
      return fail(Errc::invalid, "reason", "Say why this version of the rules ranks the whole round.",
                  {{"/reason", "missing"}});
    FABRICA_DO(outcomes_.rules(tx, call, *request.rules_version));
    return *request.rules_version;
  }
  std::set<std::int64_t> versions;
  for (auto const& one : ready) versions.insert(one.call_version);
  if (versions.empty()) return 1;
  FABRICA_TRY(auto const first, outcomes_.rules(tx, call, *versions.begin()));
  for (auto const version : versions) {
    FABRICA_TRY(auto const other, outcomes_.rules(tx, call, version));
    if (!same_rules(first, other))
      return fail(Errc::conflict, "rules_differ",
                  fmt::format("Proposals of this round were sent under versions {} of the rules, which do not rank and "
                              "award alike: name the version to go by (rules_version) and the reason.",
                              fmt::join(versions, ", ")));
  }
  return *versions.rbegin();
}

Result<RoundRanking> Decisions::rank_now(db::Tx& tx, std::string_view by, calls::RoundFacts const& facts,
                                         std::int64_t rules_version, std::vector<matching::RankCandidate> all,
                                         std::optional<std::string> const& reason) {
  FABRICA_TRY(auto const lottery, tx.maybe<store::LotteryRow>(store::kLottery, facts.id));
  if (!lottery)
    return fail(Errc::conflict, "lottery_uncommitted",
                "No lottery was drawn for this round: commit to one first, which then says that it came late.");
  FABRICA_TRY(auto const rules, outcomes_.rules(tx, facts.call, rules_version));
  matching::RankingInput const input{ranking_rules(rules, lottery->commitment), lottery->seed, std::move(all)};
  FABRICA_TRY(auto const ranking, matching::rank(input));
  FABRICA_TRY(auto const input_sha256, matching::digest(input));
  FABRICA_TRY(auto const ranking_sha256, matching::digest(ranking));
  FABRICA_TRY(auto const last, tx.maybe<store::RankingRow>(store::kRankingLast, facts.id));
  store::RankingRow const row{facts.id,
                              last ? last->version + 1 : 1,
                              rules_version,
                              json::write(input),
                              json::write(ranking),
                              input_sha256,
                              ranking_sha256,
                              Time{clock_.now()}};
  FABRICA_DO(tx.run(store::kRankingInsert, row.round, row.version, row.rules_version, row.input, row.ranking,
                    row.input_sha256, row.ranking_sha256, by, row.made_us));
  auto out = ranking_of(row, ranking, lottery->commitment, facts.state == RoundState::published);
  RankedBody const body{facts.call,
                        facts.id,
                        row.version,
                        rules_version,
                        static_cast<std::int64_t>(out.lines.size()),
                        static_cast<std::int64_t>(out.unranked.size()),
                        input_sha256,
                        ranking_sha256,
                        reason};
  FABRICA_DO(journal_.append(tx, at_factory("ranking.made", by, json::write(body))));
  return out;
}

Result<RoundRanking> Decisions::rank(db::Tx& tx, Actor const& actor, PublicId const& round,
                                     RankRequest const& request) {
  FABRICA_DO(officer(actor));
  FABRICA_TRY(auto const at, load_case(tx, round));
  if (at.facts.state != RoundState::evaluating && at.facts.state != RoundState::decided)
    return fail(Errc::conflict, "round_state",
                fmt::format("The round is {}: a round is ranked after its cut-off and before it is published.",
                            db::enum_name(at.facts.state)));
  FABRICA_TRY(auto const told, tx.maybe<store::DecisionRow>(store::kDecisionCurrent, round));
  if (told && told->state != DecisionState::draft)
    return fail(Errc::conflict, "round_state", "The round is being published: its ranking stands.");
  std::vector<calls::Contender> ready;
  for (auto const& one : at.contenders) {
    FABRICA_DO(remember(tx, actor, round, one));
    if (one.ready()) ready.push_back(one);
  }
  FABRICA_TRY(auto const version, version_to_rank_by(tx, at.facts.call, ready, request));
  FABRICA_TRY(auto const rules, outcomes_.rules(tx, at.facts.call, version));
  FABRICA_TRY(auto all, candidates(tx, ready, rules));
  // What was decided from another ranking is a draft no more.
  if (at.facts.state == RoundState::decided)
    FABRICA_DO(outcomes_.move_round(tx, round, RoundState::decided, RoundState::evaluating));
  return rank_now(tx, actor.person.text(), at.facts, version, std::move(all), request.reason);
}

Result<RoundRanking> Decisions::ranking(db::Tx& tx, Actor const& actor, PublicId const& round) {
  FABRICA_DO(identity::authorise(actor, Permission::view_factory));
  FABRICA_TRY(auto const facts, outcomes_.round(tx, round));
  FABRICA_TRY(auto const row, tx.maybe<store::RankingRow>(store::kRankingLast, round));
  if (!row) return fail(Errc::not_found, "ranking", "This round is not ranked yet.");
  FABRICA_TRY(auto const ranking, json::read<matching::Ranking>(row->ranking, store::kStored));
  FABRICA_TRY(auto const lottery, tx.one<store::LotteryRow>(store::kLottery, round));
  return ranking_of(*row, ranking, lottery.commitment, facts.state == RoundState::published);
}

}  // namespace fabrica::decisions
