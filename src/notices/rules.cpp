#include "notices/rules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "db/db.hpp"

namespace fabrica::notices {
namespace {

using enum NoticeKind;
using A = Audience;

// In the order of the enumeration: audience, how, decision, web hooks.
constexpr std::array kKinds{
    KindRule{proposal_received, A::project, How::at_once, false, true},
    KindRule{proposal_incomplete, A::project, How::at_once, false, true},
    KindRule{proposal_recalled, A::project, How::at_once, false, true},
    KindRule{proposal_withdrawn, A::project, How::at_once, false, true},
    KindRule{draft_moved, A::project, How::at_once, false, true},
    KindRule{draft_ended, A::project, How::at_once, false, true},
    KindRule{evaluation_begun, A::project, How::in_product, false, true},
    KindRule{rebuttal_opened, A::project, How::at_once, false, true},
    KindRule{decision_made, A::project, How::at_once, true, true},
    KindRule{award_made, A::project, How::in_product, false, true},
    KindRule{offer_due_soon, A::project, How::at_once, false, false},
    KindRule{offer_overdue, A::project, How::at_once, false, false},
    KindRule{offer_ended, A::project, How::at_once, true, true},
    KindRule{appeal_received, A::project, How::at_once, false, true},
    KindRule{appeal_ruled, A::project, How::at_once, true, true},
    KindRule{proposal_reopened, A::project, How::at_once, true, true},
    KindRule{award_begun, A::project, How::at_once, false, true},
    KindRule{award_unused, A::project, How::at_once, false, true},
    KindRule{award_ended, A::project, How::at_once, false, true},
    KindRule{request_decided, A::project, How::at_once, true, true},
    KindRule{report_overdue, A::project, How::at_once, false, true},
    KindRule{report_returned, A::project, How::at_once, false, true},
    KindRule{report_accepted, A::project, How::at_once, false, true},
    KindRule{acknowledgement_due, A::project, How::in_product, false, false},
    KindRule{job_ended, A::project, How::digest, false, true},
    KindRule{job_failed, A::project, How::digest, false, true},
    KindRule{dossier_ready, A::project, How::at_once, false, true},
    KindRule{review_invitation, A::reviewer, How::at_once, false, false},
    KindRule{invitation_closed, A::reviewer, How::in_product, false, false},
    KindRule{review_assigned, A::reviewer, How::at_once, false, false},
    KindRule{review_due_moved, A::reviewer, How::at_once, false, false},
    KindRule{review_due_soon, A::reviewer, How::at_once, false, false},
    KindRule{review_overdue, A::reviewer, How::at_once, false, false},
    KindRule{assignment_taken_off, A::reviewer, How::at_once, false, false},
    KindRule{appeal_filed, A::officers, How::at_once, false, false},
    KindRule{offer_answered, A::officers, How::digest, false, false},
    KindRule{invitation_answered, A::officers, How::digest, false, false},
    KindRule{assignment_declined, A::officers, How::digest, false, false},
    KindRule{round_cut_off, A::officers, How::digest, false, true},
    KindRule{round_published, A::officers, How::digest, false, true},
    KindRule{step_overdue, A::officers, How::digest, false, false},
    KindRule{steps_long_overdue, A::administrators, How::at_once, false, false},
    KindRule{reviews_overdue, A::officers, How::digest, false, false},
    KindRule{capacity_changed, A::officers, How::digest, false, true},
    KindRule{request_made, A::officers, How::at_once, false, false},
    KindRule{report_received, A::officers, How::digest, false, false},
    KindRule{hook_disabled, A::administrators, How::at_once, false, false},
};

constexpr bool in_order() {
  for (std::size_t place = 0; place < kKinds.size(); ++place)
    if (static_cast<std::size_t>(kKinds[place].kind) != place) return false;
  return kKinds.size() == static_cast<std::size_t>(hook_disabled) + 1;
}
static_assert(in_order(), "rule_of() looks a kind up by its place");
static_assert(std::ranges::all_of(kKinds, [](auto const& one) { return !one.decision || one.how == How::at_once; }));

constexpr std::array kStatements{
    StatementRule{"proposal.submitted", proposal_received, "", ""},
    StatementRule{"proposal.checked", proposal_incomplete, "/state", "incomplete"},
    StatementRule{"proposal.checked", decision_made, "/state", "rejected"},
    StatementRule{"proposal.recalled", proposal_recalled, "", ""},
    StatementRule{"proposal.withdrawn", proposal_withdrawn, "", ""},
    StatementRule{"draft.moved", draft_moved, "", ""},
    StatementRule{"draft.ended", draft_ended, "", ""},
    StatementRule{"proposal.evaluation_begun", evaluation_begun, "", ""},
    StatementRule{"proposal.rebuttal_opened", rebuttal_opened, "", ""},
    StatementRule{"proposal.decided", decision_made, "", ""},
    StatementRule{"award.decided", award_made, "", ""},  // of a first-come call it is the decision
    StatementRule{"proposal.answered", offer_ended, "/by_officer", "true"},
    StatementRule{"proposal.answered", offer_answered, "/by_officer", "false"},
    StatementRule{"proposal.reopened", proposal_reopened, "", ""},
    StatementRule{"appeal.filed", appeal_received, "", ""},
    StatementRule{"appeal.filed", appeal_filed, "", ""},
    StatementRule{"appeal.ruled", appeal_ruled, "", ""},
    StatementRule{"offer.capacity_changed", capacity_changed, "", ""},
    StatementRule{"round.cut_off", round_cut_off, "", ""},
    StatementRule{"round.published", round_published, "", ""},
    StatementRule{"step.overdue", step_overdue, "", ""},
    StatementRule{"step.overdue", offer_overdue, "/step", "response"},
    StatementRule{"reviewer.invitation_answered", invitation_answered, "", ""},
    StatementRule{"reviewer.invitation_withdrawn", invitation_closed, "", ""},
    StatementRule{"reviewer.invitation_expired", invitation_closed, "", ""},
    StatementRule{"assignment.sent", review_assigned, "", ""},
    StatementRule{"assignment.solved", review_assigned, "", ""},
    StatementRule{"review.due_moved", review_due_moved, "", ""},
    StatementRule{"conflict.found", assignment_taken_off, "", ""},
    StatementRule{"assignment.answered", assignment_declined, "/state", "declined"},
    StatementRule{"assignment.withdrawn", assignment_declined, "", ""},
    StatementRule{"job.ended", job_ended, "/state", "completed"},
    StatementRule{"job.ended", job_failed, "/state", "failed"},
    StatementRule{"dossier.issued", dossier_ready, "", ""},
    StatementRule{"award.clock_started", award_begun, "", ""},
    StatementRule{"award.warned", award_unused, "", ""},
    StatementRule{"award.ended", award_ended, "", ""},
    StatementRule{"award_request.made", request_made, "", ""},
    StatementRule{"award_request.decided", request_decided, "", ""},
    StatementRule{"report.overdue", report_overdue, "", ""},
    StatementRule{"report.submitted", report_received, "", ""},
    StatementRule{"report.returned", report_returned, "", ""},
    StatementRule{"report.accepted", report_accepted, "", ""},
    StatementRule{"acknowledgement.reminded", acknowledgement_due, "", ""},
};

}  // namespace

KindRule const& rule_of(NoticeKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }
std::span<KindRule const> all_kinds() { return kKinds; }

std::vector<StatementRule const*> rules_for(std::string_view statement) {
  std::vector<StatementRule const*> out;
  for (auto const& rule : kStatements)
    if (rule.statement == statement) out.push_back(&rule);
  return out;
}

How how_for(NoticeKind kind, Preferences const& preferences, std::string_view project) {
  auto const& rule = rule_of(kind);
  if (rule.decision) return How::at_once;
  if (!project.empty() && std::ranges::find(preferences.muted, project, &PublicId::text) != preferences.muted.end())
    return How::in_product;
  auto const said = preferences.rules.find(std::string{db::enum_name(kind)});
  return said == preferences.rules.end() ? rule.how : said->second;
}

Result<> check(Preferences const& preferences) {
  for (auto const& [name, how] : preferences.rules) {
    auto const known = std::ranges::find(kKinds, name, [](KindRule const& one) { return db::enum_name(one.kind); });
    auto const pointer = fmt::format("/rules/{}", name);
    if (known == kKinds.end())
      return fail(Errc::invalid, "preferences",
                  fmt::format("There are no notices \"{}\": GET /notices/preferences lists the kinds.", name),
                  {{pointer, "No such kind."}});
    if (known->decision && how != How::at_once)
      return fail(Errc::invalid, "decision_kind",
                  "Decisions on a proposal always come by mail: leave this kind out of the rules.",
                  {{pointer, "A decision cannot be switched off."}});
  }
  if (auto const zone = schedule::Zone::named(preferences.zone); !zone)
    return fail(Errc::invalid, "preferences", zone.error().what, {{"/zone", zone.error().what}});
  return {};
}

Micros next_digest(Micros now, std::int64_t hour, schedule::Zone const& zone) {
  constexpr std::int64_t kDay_s = 24 * 3600;
  auto const wall = zone.wall_at(now).seconds;
  auto const midnight = wall - ((wall % kDay_s) + kDay_s) % kDay_s;
  for (std::int64_t day = 0;; ++day) {
    auto const at = zone.instant_of({midnight + day * kDay_s + hour * 3600});
    if (at > now) return at;
  }
}

Micros wait_after(std::int64_t failures, BackOff const& how, Random& random) {
  auto wait = how.first_us;
  for (std::int64_t n = 1; n < failures && wait < how.most_us; ++n) wait *= how.factor;
  wait = std::min(wait, how.most_us);
  std::array<std::uint8_t, 2> chance{};
  random.fill(chance);
  auto const part = static_cast<std::int64_t>(chance[0]) << 8 | chance[1];  // 0 .. 65535
  return wait - wait / 4 + (wait / 2) * part / 65'535;
}

}  // namespace fabrica::notices
