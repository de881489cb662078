// Conflicts, the solver and who is asked.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "crypto/sha256.hpp"
#include "identity/people.hpp"
#include "projects/lookup.hpp"
#include "reviews/impl/affinity.hpp"
#include "reviews/impl/board.hpp"
#include "reviews/impl/guard.hpp"
#include "reviews/impl/reading.hpp"
#include "reviews/service.hpp"

namespace fabrica::reviews {
namespace {

using identity::Actor;
using identity::Permission;

struct Pair {
  PublicId proposal;
  PublicId reviewer;
};
BOOST_DESCRIBE_STRUCT(Pair, (), (proposal, reviewer))

struct FoundPair {
  PublicId proposal;
  PublicId reviewer;
  ConflictKind kind{};
};
BOOST_DESCRIBE_STRUCT(FoundPair, (), (proposal, reviewer, kind))

struct FoundBody {
  PublicId round;
  std::vector<FoundPair> conflicts;
};
BOOST_DESCRIBE_STRUCT(FoundBody, (), (round, conflicts))

struct WaivedBody {
  PublicId conflict;
  PublicId proposal;
  PublicId reviewer;
  ConflictKind kind{};
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(WaivedBody, (), (conflict, proposal, reviewer, kind, reason))

struct SolvedBody {
  PublicId round;
  std::string because;
  std::int64_t total_millionths = 0;
  std::int64_t missing_reviews = 0;
  std::vector<Pair> added;
  std::vector<Pair> dropped;
  std::optional<std::string> seed_commitment{};  // of drawn pairs
};
BOOST_DESCRIBE_STRUCT(SolvedBody, (),
                      (round, because, total_millionths, missing_reviews, added, dropped, seed_commitment))

struct DueBody {
  PublicId round;
  Time due;
  std::int64_t asked = 0;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(DueBody, (), (round, due, asked, reason))

// By the rules' own edition of the form.
using FormCache = std::map<std::string, std::shared_ptr<forms::Form const>>;
Result<forms::Form const*> cached(db::Tx& tx, FormCache& cache, calls::ReviewedRules const& rules) {
  auto const key = rules.form + "/" + rules.form_digest.value_or("");
  if (auto const found = cache.find(key); found != cache.end()) return found->second.get();
  FABRICA_TRY(auto form, calls::form_of(tx, rules));
  return cache.emplace(key, std::move(form)).first->second.get();
}

// What the form does not say in words everybody may read, the project's own page does.
Result<> load_topic(db::Tx& tx, forms::Form const& form, BoardProposal& one) {
  FABRICA_TRY(one.topic, topic_of(form, one.evaluated.form_answers));
  FABRICA_TRY(auto const project, projects::find_project(tx, one.evaluated.project));
  one.topic.text += project.title + "\n" + project.summary + "\n" + one.evaluated.purpose;
  return {};
}

Result<> no_round_state(calls::Round const& round) {
  if (round.state == calls::RoundState::evaluating) return {};
  return fail(Errc::conflict, "round_state",
              fmt::format("The round is in state {}: reviewers are assigned while it is being evaluated.",
                          json::enum_name(round.state)));
}

Result<matching::MatchSolution> drawn(matching::MatchInstance const& instance, store::DrawRow const& draw) {
  FABRICA_TRY(auto const rule, json::read<Randomise>(draw.rule));
  FABRICA_TRY(auto const seed, matching::parse_seed(draw.seed));
  return matching::solve_drawn(instance, rule_of(rule), seed);
}

}  // namespace

Conflict conflict_of(store::ConflictRow const& row) {
  return {row.public_id, row.proposal, row.reviewer, row.kind, row.state, row.evidence, row.found_us, row.waive_reason};
}

Result<Board> Reviews::board(db::Tx& tx, PublicId const& round) {
  Board out;
  FABRICA_TRY(out.round, calls::round_of_id(tx, round));
  FABRICA_TRY(out.stored, tx.maybe<store::RoundRow>(store::kRound, round));
  if (out.stored) {
    FABRICA_TRY(out.settings, json::read<Settings>(out.stored->settings));
  } else {
    FABRICA_TRY(out.settings, settings_of(tx, out.round.call));
  }
  FABRICA_TRY(auto all, calls::evaluated_in(tx, round));
  for (auto& one : all) {
    if (!in_review(one)) continue;
    if (!out.rules.contains(one.call_version)) {
      FABRICA_TRY(auto rules, calls::reviewed_rules(tx, one.call, one.call_version));
      out.rules.emplace(one.call_version, std::move(rules));
    }
    FABRICA_TRY(auto conflicts, tx.all<store::ConflictRow>(store::kConflictsOf, one.proposal));
    std::ranges::move(conflicts, std::back_inserter(out.conflicts));
    out.proposals.push_back({std::move(one), {}, {}});
  }
  FABRICA_TRY(auto const profiles, tx.all<store::ProfileRow>(store::kProfilesOfPool, out.round.call));
  for (auto const& row : profiles) {
    FABRICA_TRY(auto profile, json::read<ProfileDraft>(row.profile));
    out.reviewers.push_back({row.person, std::move(profile), {}, {}});
  }
  FABRICA_TRY(out.assignments, tx.all<store::AssignmentRow>(store::kAssignmentsOfRound, round));
  FABRICA_TRY(out.draw, tx.maybe<store::DrawRow>(store::kDraw, round));
  FABRICA_TRY(auto const bids, tx.all<store::BidsRow>(store::kBidsOfRound, round));
  for (auto const& row : bids) {
    FABRICA_TRY(auto const said, json::read<Bids>(row.bids));
    for (auto const& one : said.bids) out.bids.emplace_back(row.reviewer, one);
  }
  return out;
}

Result<> Reviews::load_party(db::Tx& tx, forms::Form const& form, BoardProposal& one) {
  auto& party = one.party;
  party.proposal = one.evaluated.proposal;
  party.project = one.evaluated.project;
  FABRICA_TRY(auto const project, projects::find_project(tx, party.project));
  FABRICA_TRY(auto const firm, identity_.organisation(tx, project.organisation));
  party.country = firm.country;
  party.organisations = {organisation(firm.name, firm.id)};
  FABRICA_TRY(auto const members, identity::holders(tx, party.project));
  for (auto const& member : members) party.members.push_back(member.id);
  return add_form(party, form, one.evaluated.form_answers);
}

Result<> Reviews::load_parties(db::Tx& tx, Board& board, std::optional<PublicId> const& only) {
  FormCache cache;
  for (auto& one : board.proposals) {
    FABRICA_TRY(auto const* form, cached(tx, cache, board.rules_of(one)));
    FABRICA_DO(load_party(tx, *form, one));
    if (!only) FABRICA_DO(load_topic(tx, *form, one));
  }
  for (auto& one : board.reviewers) {
    if (only && one.person != *only) continue;
    FABRICA_TRY(auto const who, identity::person(tx, one.person));
    one.name = who.name;
    one.party = party_of(one.person, who.name, one.profile);
  }
  return {};
}

Result<bool> Reviews::detect(db::Tx& tx, Board& board, std::string_view actor, std::optional<PublicId> const& only) {
  Time const now{clock_.now()};
  std::map<std::tuple<PublicId, PublicId, ConflictKind>, store::ConflictRow*> known;
  for (auto& row : board.conflicts) known[{row.proposal, row.reviewer, row.kind}] = &row;
  std::set<store::ConflictRow const*> seen;
  std::vector<store::ConflictRow> fresh;
  FoundBody body{board.round.id, {}};
  for (auto const& proposal : board.proposals) {
    for (auto const& reviewer : board.reviewers) {
      if (only && reviewer.person != *only) continue;
      for (auto& found : conflicts_between(proposal.party, reviewer.party, board.settings, now.us)) {
        auto const at = known.find({proposal.party.proposal, reviewer.person, found.kind});
        if (at == known.end()) {
          store::ConflictRow row{0,
                                 PublicId::make(now.us, random_),
                                 proposal.party.proposal,
                                 reviewer.person,
                                 found.kind,
                                 {},
                                 std::move(found.evidence),
                                 now,
                                 {}};
          FABRICA_DO(tx.insert(store::kConflictInsert, row.public_id, row.proposal, row.reviewer, row.kind,
                               row.evidence, now));
          body.conflicts.push_back({row.proposal, row.reviewer, row.kind});
          fresh.push_back(std::move(row));
          continue;
        }
        auto& row = *at->second;
        seen.insert(&row);
        bool const same = row.evidence == found.evidence;
        if (row.state == ConflictState::waived && same) continue;  // judged as it is
        if (row.state == ConflictState::standing && same) continue;
        FABRICA_DO(tx.run(store::kConflictStands, row.id, found.evidence, now));
        if (row.state != ConflictState::standing) body.conflicts.push_back({row.proposal, row.reviewer, row.kind});
        row.state = ConflictState::standing;
        row.evidence = std::move(found.evidence);
      }
    }
  }
  for (auto& row : board.conflicts) {
    if (row.kind == ConflictKind::declared || row.state == ConflictState::gone || seen.contains(&row)) continue;
    bool const looked_for = std::ranges::any_of(
        board.reviewers, [&](auto const& one) { return one.person == row.reviewer && (!only || one.person == *only); });
    if (!looked_for) continue;
    FABRICA_DO(tx.run(store::kConflictGone, row.id));
    row.state = ConflictState::gone;
  }
  std::ranges::move(fresh, std::back_inserter(board.conflicts));
  if (!body.conflicts.empty()) FABRICA_DO(say(tx, "conflict.found", actor, json::write(body)));
  return take_off(tx, board);
}

Result<bool> Reviews::take_off(db::Tx& tx, Board& board) {
  bool any = false;
  for (auto& row : board.assignments) {
    if (!next(row.state, AssignmentEvent::conflict)) continue;
    auto const against = std::ranges::find_if(board.conflicts, [&](store::ConflictRow const& one) {
      return one.state == ConflictState::standing && one.proposal == row.proposal && one.reviewer == row.reviewer;
    });
    if (against == board.conflicts.end()) continue;
    auto const reason = std::string{json::enum_name(against->kind)};
    FABRICA_DO(move(tx, row, AssignmentEvent::conflict, reason));
    FABRICA_DO(mark_review(tx, row, fmt::format("Conflict: {}.", reason), false));
    any = true;
  }
  return any;
}

Result<> Reviews::move(db::Tx& tx, store::AssignmentRow& row, AssignmentEvent on, std::string const& reason) {
  auto const to = next(row.state, on);
  if (!to)
    return fail(Errc::conflict, "assignment_state", fmt::format("This assignment is {}.", json::enum_name(row.state)));
  FABRICA_TRY(auto const moved, tx.run(store::kAssignmentMove, row.id, row.state, *to, reason, Time{clock_.now()}));
  if (moved != 1) return fail(Errc::conflict, "assignment_state", "It changed meanwhile: read it again.");
  row.state = *to;
  row.reason = reason;
  return {};
}

Result<> Reviews::mark_review(db::Tx& tx, store::AssignmentRow const& row, std::string const& why, bool counts) {
  FABRICA_DO(tx.run(store::kReviewMark, row.id, why, counts));
  return {};
}

Result<Assignment> Reviews::propose(db::Tx& tx, Actor const& actor, PublicId const& round) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto seen, board(tx, round));
  FABRICA_DO(no_round_state(seen.round));
  if (seen.proposals.empty())
    return fail(Errc::conflict, "nothing_to_review", "No proposal of this round has an expert step to come.");
  if (seen.reviewers.empty())
    return fail(Errc::conflict, "no_reviewers", "Nobody in the call's pool has a profile: invite reviewers first.");
  if (seen.settings.randomise && !seen.draw)
    return fail(Errc::conflict, "seed_uncommitted",
                "No seed was drawn for this round: commit to one first, which then says that it came late.");
  FABRICA_DO(load_parties(tx, seen));
  FABRICA_DO(detect(tx, seen, actor.person.text(), {}));
  FABRICA_TRY(auto const known, build_affinity(tx, seen));
  FABRICA_TRY(auto candidates, candidates_of(seen, known->affinity));
  auto const instance = instance_of(seen, std::move(candidates), clock_.now());
  FABRICA_TRY(auto const solution, seen.draw ? drawn(instance, *seen.draw) : matching::solve(instance));
  FABRICA_DO(keep_solution(tx, seen, instance, solution, actor.person.text(), "proposed", false));
  return shown(tx, actor, round);
}

Result<> Reviews::settle(db::Tx& tx, PublicId const& round, std::string_view actor, std::string_view because) {
  FABRICA_TRY(auto seen, board(tx, round));
  if (!seen.stored || seen.round.state != calls::RoundState::evaluating || seen.proposals.empty()) return {};
  FABRICA_TRY(auto const text, tx.one<std::string>(store::kCertificate, round));
  FABRICA_TRY(auto const certificate, json::read<matching::MatchCertificate>(text, kCertificateLimits));
  auto const earlier = earlier_of(certificate);
  auto instance = instance_of(seen, candidates_of(seen, certificate), clock_.now());
  // Only a proposal that wants somebody can be short of reviewers: the others need no topics.
  FormCache cache;
  for (std::size_t at = 0; at < instance.proposals.size(); ++at) {
    if (instance.proposals[at].demand == 0) continue;
    FABRICA_TRY(auto const* form, cached(tx, cache, seen.rules_of(seen.proposals[at])));
    FABRICA_DO(load_topic(tx, *form, seen.proposals[at]));
    instance.proposals[at].topics = topics_of(seen.proposals[at].topic.keywords);
  }
  FABRICA_TRY(auto const solution, seen.draw ? drawn(instance, *seen.draw)
                                             : matching::resolve(earlier.instance, earlier.solution, instance));
  return keep_solution(tx, seen, instance, solution, actor, because, seen.stored->sent_us.has_value());
}

Result<> Reviews::keep_solution(db::Tx& tx, Board const& board, matching::MatchInstance const& instance,
                                matching::MatchSolution const& solution, std::string_view actor,
                                std::string_view because, bool ask_at_once) {
  SolvedBody body{
      board.round.id, std::string{because}, solution.total_millionths, solution.missing_reviews, {}, {}, {}};
  std::map<std::pair<PublicId, PublicId>, store::AssignmentRow const*> rows;
  for (auto const& row : board.assignments) rows[{row.proposal, row.reviewer}] = &row;
  auto const state = ask_at_once ? AssignmentState::sent : AssignmentState::proposed;
  Time const now{clock_.now()};
  auto const sent = ask_at_once ? std::optional{now} : std::nullopt;
  std::set<store::AssignmentRow const*> kept;
  for (auto const& pair : solution.pairs) {
    Pair const one{board.proposals[pair.proposal].evaluated.proposal, board.reviewers[pair.reviewer].person};
    auto const found = rows.find({one.proposal, one.reviewer});
    if (found != rows.end() && found->second->state == AssignmentState::proposed) {
      kept.insert(found->second);
      continue;
    }
    body.added.push_back(one);
    if (found == rows.end()) {
      FABRICA_DO(tx.insert(store::kAssignmentInsert, PublicId::make(now.us, random_), board.round.id, one.proposal,
                           one.reviewer, pair.affinity_millionths, state, sent));
      continue;
    }
    FABRICA_CHECK(next(found->second->state, AssignmentEvent::propose).has_value());
    FABRICA_DO(tx.run(store::kAssignmentAgain, found->second->id, found->second->state, state, pair.affinity_millionths,
                      sent));
  }
  for (auto const& row : board.assignments) {
    if (row.state != AssignmentState::proposed || kept.contains(&row)) continue;
    FABRICA_DO(tx.run(store::kAssignmentDrop, row.id));
    body.dropped.push_back({row.proposal, row.reviewer});
  }
  auto proof = matching::certify(instance, solution);
  if (board.draw) {
    FABRICA_TRY(auto const rule, json::read<Randomise>(board.draw->rule));
    proof.draw = matching::CertificateDraw{rule_of(rule), board.draw->commitment};
    body.seed_commitment = board.draw->commitment;
  }
  auto const certificate = json::write(proof);
  auto const digest = crypto::sha256(certificate).hex();
  FABRICA_DO(tx.run(store::kRoundSave, board.round.id, board.round.call, json::write(board.settings), certificate,
                    digest, json::write(report_of(instance, solution)), now));
  return say(tx, "assignment.solved", actor, json::write(body), {{"certificate", digest}});
}

Result<Assignment> Reviews::shown(db::Tx& tx, Actor const& actor, PublicId const& round) {
  FABRICA_TRY(auto const row, tx.maybe<store::RoundRow>(store::kRound, round));
  if (!row) return fail(Errc::not_found, "assignment", "Nobody has been assigned in this round yet.");
  FABRICA_TRY(auto report, json::read<Report>(row->report, kCertificateLimits));
  Assignment out{round, row->call, row->sent_us, row->due_us, row->certificate_sha256, std::move(report), {}};
  FABRICA_TRY(auto const proposals, calls::evaluated_in(tx, round));
  std::set<PublicId> hidden;  // of projects the officer has a part in
  for (auto const& one : proposals)
    if (has_part(actor, one.project)) hidden.insert(one.proposal);
  std::erase_if(out.report.shortfalls, [&](Short const& one) { return hidden.contains(one.proposal); });
  FABRICA_TRY(auto const pairs, tx.all<store::AssignmentRow>(store::kAssignmentsOfRound, round));
  std::map<PublicId, std::string> names;
  for (auto const& pair : pairs) {
    if (hidden.contains(pair.proposal)) continue;
    auto& name = names[pair.reviewer];
    if (name.empty()) {
      FABRICA_TRY(auto const who, identity::person(tx, pair.reviewer));
      name = who.name;
    }
    out.pairs.push_back({pair.public_id, pair.proposal, pair.reviewer, name, pair.affinity_millionths, pair.state,
                         pair.reason, pair.submitted});
  }
  return out;
}

Result<Assignment> Reviews::assignment(db::Tx& tx, Actor const& actor, PublicId const& round) {
  FABRICA_DO(identity::authorise(actor, Permission::view_factory));
  return shown(tx, actor, round);
}

Result<std::string> Reviews::certificate(db::Tx& tx, Actor const& actor, PublicId const& round) {
  FABRICA_DO(identity::authorise(actor, Permission::view_factory));
  FABRICA_TRY(auto const proposals, calls::evaluated_in(tx, round));
  for (auto const& one : proposals) FABRICA_DO(no_part(actor, one.project));
  FABRICA_TRY(auto text, tx.maybe<std::string>(store::kCertificate, round));
  if (!text) return fail(Errc::not_found, "assignment", "Nobody has been assigned in this round yet.");
  return *std::move(text);
}

Result<Assignment> Reviews::send(db::Tx& tx, Actor const& actor, PublicId const& round, Time due) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const of, calls::round_of_id(tx, round));
  FABRICA_DO(no_round_state(of));
  if (due.us <= clock_.now()) return fail(Errc::invalid, "due", "Reviews are due in the future.", {{"/due", "past"}});
  FABRICA_TRY(auto const asked, tx.run(store::kAssignmentsSend, round, Time{clock_.now()}));
  if (asked == 0) return fail(Errc::conflict, "not_proposed", "There is nobody to ask: propose an assignment first.");
  FABRICA_DO(tx.run(store::kRoundSent, round, Time{clock_.now()}, due));
  FABRICA_DO(say(tx, "assignment.sent", actor.person.text(), json::write(DueBody{round, due, asked, {}})));
  return shown(tx, actor, round);
}

Result<Assignment> Reviews::extend(db::Tx& tx, Actor const& actor, PublicId const& round, Extension const& extension) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const row, tx.maybe<store::RoundRow>(store::kRound, round));
  if (!row || !row->sent_us) return fail(Errc::conflict, "not_proposed", "Nobody has been asked in this round yet.");
  if (extension.due.us <= clock_.now())
    return fail(Errc::invalid, "due", "Reviews are due in the future.", {{"/due", "past"}});
  FABRICA_DO(tx.run(store::kRoundSent, round, *row->sent_us, extension.due));
  FABRICA_DO(say(tx, "review.due_moved", actor.person.text(),
                 json::write(DueBody{round, extension.due, 0, extension.reason})));
  return shown(tx, actor, round);
}

Result<calls::Evaluated> Reviews::readers(db::Tx& tx, Actor const& actor, PublicId const& proposal) {
  FABRICA_DO(identity::authorise(actor, Permission::view_factory));
  FABRICA_TRY(auto out, calls::evaluated(tx, proposal));
  FABRICA_DO(no_part(actor, out.project));
  return out;
}

Result<calls::Evaluated> Reviews::officers(db::Tx& tx, Actor const& actor, PublicId const& proposal) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto out, calls::evaluated(tx, proposal));
  FABRICA_DO(no_part(actor, out.project));
  return out;
}

Result<std::vector<Conflict>> Reviews::conflicts(db::Tx& tx, Actor const& actor, PublicId const& proposal) {
  FABRICA_DO(readers(tx, actor, proposal));
  FABRICA_TRY(auto const rows, tx.all<store::ConflictRow>(store::kConflictsOf, proposal));
  std::vector<Conflict> out;
  for (auto const& row : rows) out.push_back(conflict_of(row));
  return out;
}

Result<Conflict> Reviews::waive(db::Tx& tx, Actor const& actor, PublicId const& id, std::string const& reason) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto row, tx.maybe<store::ConflictRow>(store::kConflictById, id));
  if (!row) return fail(Errc::not_found, "conflict", fmt::format("There is no conflict {}.", id.text()));
  FABRICA_TRY(auto const of, officers(tx, actor, row->proposal));
  if (row->reviewer == actor.person)
    return fail(Errc::forbidden, "own_conflict", "Somebody else decides on a conflict of yours.");
  if (row->kind == ConflictKind::declared)
    return fail(Errc::conflict, "declared_conflict", "The reviewer said so: nobody else knows better.");
  FABRICA_TRY(auto const waived, tx.run(store::kConflictWaive, row->id, actor.person, Time{clock_.now()}, reason));
  if (waived != 1)
    return fail(Errc::conflict, "conflict_state", fmt::format("This conflict is {}.", json::enum_name(row->state)));
  FABRICA_DO(say(tx, "conflict.waived", actor.person.text(),
                 json::write(WaivedBody{id, row->proposal, row->reviewer, row->kind, reason})));
  FABRICA_DO(settle(tx, of.round, actor.person.text(), "conflict waived"));
  row->state = ConflictState::waived;
  row->waive_reason = reason;
  return conflict_of(*row);
}

}  // namespace fabrica::reviews
