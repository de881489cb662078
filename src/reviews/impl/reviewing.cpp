// What reviewers do.
#include <fmt/format.h>

#include <algorithm>

#include "crypto/sha256.hpp"
#include "reviews/impl/board.hpp"
#include "reviews/impl/guard.hpp"
#include "reviews/impl/reading.hpp"
#include "reviews/service.hpp"

namespace fabrica::reviews {
namespace {

using identity::Actor;

struct AnsweredBody {
  PublicId assignment;
  PublicId proposal;
  PublicId reviewer;
  AssignmentState state{};
};
BOOST_DESCRIBE_STRUCT(AnsweredBody, (), (assignment, proposal, reviewer, state))

struct DeclaredBody {
  PublicId proposal;
  PublicId reviewer;
};
BOOST_DESCRIBE_STRUCT(DeclaredBody, (), (proposal, reviewer))

struct SubmittedBody {
  PublicId review;
  PublicId assignment;
  PublicId proposal;
};
BOOST_DESCRIBE_STRUCT(SubmittedBody, (), (review, assignment, proposal))

std::string body_of(store::AssignmentRow const& row) {
  return json::write(AnsweredBody{row.public_id, row.proposal, row.reviewer, row.state});
}

calls::StepRule const* expert_rule(calls::ReviewedRules const& rules) {
  auto const found = std::ranges::find(rules.steps, calls::StepKind::expert, &calls::StepRule::step);
  return found == rules.steps.end() ? nullptr : &*found;
}

// A reviewer may still write: they accepted, and the expert step has not ended.
Result<> open_for_writing(store::AssignmentRow const& row, calls::Evaluated const& proposal) {
  if (row.state != AssignmentState::accepted)
    return fail(Errc::conflict, "assignment_state",
                fmt::format("This assignment is {}: accept it before you review.", json::enum_name(row.state)));
  if (row.submitted) return fail(Errc::conflict, "review_sent", "This review was sent: it stands as it is.");
  if (!in_review(proposal)) return fail(Errc::conflict, "review_closed", "The expert step of this proposal is over.");
  return {};
}

}  // namespace

// Another's assignment, or one nobody was asked for yet, is not found.
Result<store::AssignmentRow> Reviews::own(db::Tx& tx, Actor const& actor, PublicId const& assignment) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto row, tx.maybe<store::AssignmentRow>(store::kAssignmentById, assignment));
  if (!row || row->reviewer != actor.person || row->state == AssignmentState::proposed)
    return fail(Errc::not_found, "assignment", fmt::format("You have no assignment {}.", assignment.text()));
  return *std::move(row);
}

Result<TaskLine> Reviews::line_of(db::Tx& tx, store::AssignmentRow const& row) {
  FABRICA_TRY(auto const round, tx.one<store::RoundRow>(store::kRound, row.round));
  FABRICA_TRY(auto const call, calls::call_text(tx, round.call));
  return TaskLine{row.public_id, round.call, call.title, row.state, round.due_us, row.submitted};
}

Result<std::vector<TaskLine>> Reviews::tasks(db::Tx& tx, Actor const& actor) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const rows, tx.all<store::AssignmentRow>(store::kAssignmentsOfReviewer, actor.person));
  std::vector<TaskLine> out;
  for (auto const& row : rows) {
    FABRICA_TRY(auto line, line_of(tx, row));
    out.push_back(std::move(line));
  }
  return out;
}

Result<Task> Reviews::task(db::Tx& tx, Actor const& actor, PublicId const& assignment) {
  FABRICA_TRY(auto const row, own(tx, actor, assignment));
  if (!is_active(row.state))
    return fail(Errc::conflict, "assignment_state",
                fmt::format("This assignment is {}: there is nothing left to read.", json::enum_name(row.state)));
  FABRICA_TRY(auto const proposal, calls::evaluated(tx, row.proposal));
  FABRICA_TRY(auto const rules, calls::reviewed_rules(tx, proposal.call, proposal.call_version));
  FABRICA_TRY(auto const round, tx.one<store::RoundRow>(store::kRound, row.round));
  FABRICA_TRY(auto const settings, json::read<Settings>(round.settings));
  FABRICA_TRY(auto const form, calls::form_of(tx, rules));
  Task out;
  FABRICA_TRY(out.line, line_of(tx, row));
  auto const* step = expert_rule(rules);
  out.blind = step && step->blind;
  out.criteria = rules.ranking.criteria;
  out.text_characters_min = settings.text_characters_min;
  bool const accepted = row.state == AssignmentState::accepted;
  FABRICA_TRY(out.sheet, forms::sheet(*form, proposal.form_answers,
                                      {accepted ? forms::Audience::reviewer : forms::Audience::public_, out.blind}));
  FABRICA_TRY(auto const mine, tx.maybe<store::ReviewRow>(store::kReviewOf, row.id));
  if (mine) {
    FABRICA_TRY(out.review, review_of(*mine));
    // What the office notes about a review is not its writer's to read.
    out.review->marked.clear();
    out.review->counts_reason.clear();
  }
  if (!row.submitted) return out;
  FABRICA_TRY(auto const sent, tx.all<store::ReviewRow>(store::kReviewsSent, row.proposal));
  FABRICA_TRY(auto const all, shuffled(sent));
  for (auto const& one : all)
    if (one.assignment != row.public_id) out.others.push_back({one.content.scores_milli, one.content.texts});
  return out;
}

Result<> Reviews::keep_declared(db::Tx& tx, store::AssignmentRow const& row, std::string const& evidence) {
  FABRICA_TRY(auto const known, tx.all<store::ConflictRow>(store::kConflictsOf, row.proposal));
  auto const before = std::ranges::find_if(known, [&](store::ConflictRow const& one) {
    return one.reviewer == row.reviewer && one.kind == ConflictKind::declared;
  });
  Time const now{clock_.now()};
  if (before != known.end()) {
    FABRICA_DO(tx.run(store::kConflictStands, before->id, evidence, now));
  } else {
    FABRICA_DO(tx.insert(store::kConflictInsert, PublicId::make(now.us, random_), row.proposal, row.reviewer,
                         ConflictKind::declared, evidence, now));
  }
  return say(tx, "conflict.declared", row.reviewer.text(), json::write(DeclaredBody{row.proposal, row.reviewer}));
}

Result<TaskLine> Reviews::answer(db::Tx& tx, Actor const& actor, PublicId const& assignment,
                                 AssignmentAnswer const& answer) {
  FABRICA_TRY(auto row, own(tx, actor, assignment));
  if (answer.accept && answer.conflict)
    return fail(Errc::invalid, "conflict", "Who has a conflict cannot accept.", {{"/conflict", "with accept"}});
  if (!answer.accept && !answer.conflict && answer.reason.empty())
    return fail(Errc::invalid, "reason", "Say in a few words why you cannot.", {{"/reason", "empty"}});
  if (row.state != AssignmentState::sent)
    return fail(Errc::conflict, "assignment_state", fmt::format("This assignment is {}.", json::enum_name(row.state)));
  if (answer.accept) {
    FABRICA_TRY(auto const proposal, calls::evaluated(tx, row.proposal));
    if (!in_review(proposal)) return fail(Errc::conflict, "review_closed", "The expert step of this proposal is over.");
  }
  if (answer.conflict) FABRICA_DO(keep_declared(tx, row, *answer.conflict));
  FABRICA_DO(move(tx, row, answer.accept ? AssignmentEvent::accept : AssignmentEvent::decline, answer.reason));
  FABRICA_DO(say(tx, "assignment.answered", actor.person.text(), body_of(row)));
  if (!answer.accept) FABRICA_DO(settle(tx, row.round, actor.person.text(), "declined"));
  return line_of(tx, row);
}

Result<TaskLine> Reviews::withdraw(db::Tx& tx, Actor const& actor, PublicId const& assignment,
                                   std::string const& reason) {
  FABRICA_TRY(auto row, own(tx, actor, assignment));
  FABRICA_DO(move(tx, row, AssignmentEvent::withdraw, reason));
  FABRICA_DO(mark_review(tx, row, "Its reviewer withdrew.", true));
  FABRICA_DO(say(tx, "assignment.withdrawn", actor.person.text(), body_of(row)));
  FABRICA_DO(settle(tx, row.round, actor.person.text(), "withdrawn"));
  return line_of(tx, row);
}

Result<TaskLine> Reviews::declare(db::Tx& tx, Actor const& actor, PublicId const& assignment,
                                  std::string const& evidence) {
  FABRICA_TRY(auto row, own(tx, actor, assignment));
  FABRICA_DO(move(tx, row, AssignmentEvent::conflict, "declared"));
  FABRICA_DO(keep_declared(tx, row, evidence));
  FABRICA_DO(mark_review(tx, row, "Its reviewer declared a conflict.", false));
  FABRICA_DO(settle(tx, row.round, actor.person.text(), "conflict declared"));
  return line_of(tx, row);
}

Result<Review> Reviews::save_review(db::Tx& tx, Actor const& actor, PublicId const& assignment,
                                    ReviewDraft const& draft) {
  FABRICA_TRY(auto const row, own(tx, actor, assignment));
  FABRICA_TRY(auto const proposal, calls::evaluated(tx, row.proposal));
  FABRICA_DO(open_for_writing(row, proposal));
  FABRICA_TRY(auto const rules, calls::reviewed_rules(tx, proposal.call, proposal.call_version));
  FABRICA_DO(check(draft, rules.ranking, {}, Completeness::draft));
  auto const text = json::write(draft);
  Time const now{clock_.now()};
  FABRICA_TRY(auto const before, tx.maybe<store::ReviewRow>(store::kReviewOf, row.id));
  if (before) {
    FABRICA_TRY(auto const kept, tx.run(store::kReviewSave, before->id, text, now));
    if (kept != 1) return fail(Errc::conflict, "review_sent", "This review was sent: it stands as it is.");
  } else {
    FABRICA_DO(tx.insert(store::kReviewInsert, PublicId::make(now.us, random_), row.id, text, now));
  }
  FABRICA_TRY(auto const after, tx.one<store::ReviewRow>(store::kReviewOf, row.id));
  return review_of(after);
}

Result<Review> Reviews::submit_review(db::Tx& tx, Actor const& actor, PublicId const& assignment) {
  FABRICA_TRY(auto const row, own(tx, actor, assignment));
  FABRICA_TRY(auto const proposal, calls::evaluated(tx, row.proposal));
  FABRICA_DO(open_for_writing(row, proposal));
  FABRICA_TRY(auto const kept, tx.maybe<store::ReviewRow>(store::kReviewOf, row.id));
  if (!kept) return fail(Errc::conflict, "no_review", "There is no review yet: save it before you send it.");
  FABRICA_TRY(auto const round, tx.one<store::RoundRow>(store::kRound, row.round));
  Time const now{clock_.now()};
  if (round.due_us && now >= *round.due_us)
    return fail(
        Errc::conflict, "review_late",
        fmt::format("Reviews were due at {}: ask the access office for more time.", format_time(round.due_us->us)));
  FABRICA_TRY(auto const content, json::read<ReviewDraft>(kept->content));
  FABRICA_TRY(auto const rules, calls::reviewed_rules(tx, proposal.call, proposal.call_version));
  FABRICA_TRY(auto const settings, json::read<Settings>(round.settings));
  FABRICA_DO(check(content, rules.ranking, settings, Completeness::submission));
  FABRICA_TRY(auto const sent, tx.run(store::kReviewSubmit, kept->id, now));
  if (sent != 1) return fail(Errc::conflict, "review_sent", "This review was sent: it stands as it is.");
  FABRICA_DO(say(tx, "review.submitted", actor.person.text(),
                 json::write(SubmittedBody{kept->public_id, row.public_id, row.proposal}),
                 {{"review", crypto::sha256(kept->content).hex()}}));
  FABRICA_TRY(auto const after, tx.one<store::ReviewRow>(store::kReviewOf, row.id));
  return review_of(after);
}

Result<std::vector<matching::ScoredReview>> Reviews::scored(db::Tx& tx, PublicId const& proposal) {
  FABRICA_TRY(auto const rows, tx.all<store::ReviewRow>(store::kReviewsSent, proposal));
  std::vector<matching::ScoredReview> out;
  for (auto const& row : rows) {
    if (!row.counts) continue;
    FABRICA_TRY(auto content, json::read<ReviewDraft>(row.content));
    out.push_back({row.public_id.text(), row.reviewer.text(), std::move(content.scores_milli)});
  }
  return out;
}

Result<Review> review_of(store::ReviewRow const& row) {
  FABRICA_TRY(auto content, json::read<ReviewDraft>(row.content));
  return Review{row.public_id, row.assignment,   row.proposal, row.reviewer, std::move(content),
                row.saved_us,  row.submitted_us, row.marked,   row.counts,   row.counts_reason};
}

Result<std::vector<Review>> shuffled(std::vector<store::ReviewRow> const& rows) {
  std::vector<std::pair<std::string, Review>> keyed;
  for (auto const& row : rows) {
    FABRICA_TRY(auto one, review_of(row));
    keyed.emplace_back(crypto::sha256(row.public_id.text()).hex(), std::move(one));
  }
  std::ranges::sort(keyed, {}, [](auto const& one) { return one.first; });
  std::vector<Review> out;
  for (auto& one : keyed) out.push_back(std::move(one.second));
  return out;
}

}  // namespace fabrica::reviews
