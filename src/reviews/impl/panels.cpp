// Who decides the steps of a proposal's evaluation besides the access office, and when they may.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "identity/people.hpp"
#include "reviews/impl/board.hpp"
#include "reviews/impl/guard.hpp"
#include "reviews/impl/reading.hpp"
#include "reviews/service.hpp"

namespace fabrica::reviews {
namespace {

using calls::StepKind;
using identity::Actor;
using identity::Permission;

struct PanelBody {
  PublicId round;
  std::vector<Appointment> members;
};
BOOST_DESCRIBE_STRUCT(PanelBody, (), (round, members))

bool in_panel_step(calls::Evaluated const& one) {
  return one.state == calls::ProposalState::evaluating && std::ranges::any_of(one.steps, [](calls::Step const& step) {
           return step.step == StepKind::panel && step.state == calls::StepState::active;
         });
}

Result<> check(PanelDraft const& draft) {
  std::vector<Fault> faults;
  std::set<PublicId> seen;
  std::int64_t chairs = 0;
  for (std::size_t at = 0; at < draft.members.size(); ++at) {
    chairs += draft.members[at].role == PanelRole::chair;
    if (!seen.insert(draft.members[at].person).second)
      faults.push_back({fmt::format("/members/{}/person", at), "One role a person."});
  }
  if (!draft.members.empty() && chairs != 1) faults.push_back({"/members", "A panel has one chair."});
  if (faults.empty()) return {};
  auto const what = faults.front().what;
  return fail(Errc::invalid, "panel", what, std::move(faults));
}

}  // namespace

Result<Panel> Reviews::panel_of(db::Tx& tx, calls::Round const& round) {
  FABRICA_TRY(auto const rows, tx.all<store::PanelRow>(store::kPanel, round.id));
  Panel out{round.id, round.call, {}};
  for (auto const& row : rows) {
    FABRICA_TRY(auto const who, identity::person(tx, row.person));
    out.members.push_back({row.person, who.name, row.role, row.appointed_us});
  }
  return out;
}

Result<Panel> Reviews::set_panel(db::Tx& tx, Actor const& actor, PublicId const& round, PanelDraft const& draft) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const of, calls::round_of_id(tx, round));
  FABRICA_DO(check(draft));
  if (of.state == calls::RoundState::published)
    return fail(Errc::conflict, "round_state", "The round is published: its panel has nothing left to decide.");
  FABRICA_DO(tx.run(store::kPanelClear, round));
  for (auto const& one : draft.members) {
    FABRICA_DO(identity::person(tx, one.person));
    FABRICA_DO(tx.run(store::kPanelInsert, round, one.person, one.role, Time{clock_.now()}));
  }
  FABRICA_DO(say(tx, "panel.set", actor.person.text(), json::write(PanelBody{round, draft.members})));
  return panel_of(tx, of);
}

Result<Panel> Reviews::panel(db::Tx& tx, Actor const& actor, PublicId const& round) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const of, calls::round_of_id(tx, round));
  FABRICA_TRY(auto out, panel_of(tx, of));
  if (std::ranges::find(out.members, actor.person, &PanelMember::person) == out.members.end())
    FABRICA_DO(identity::authorise(actor, Permission::view_factory));
  return out;
}

Result<std::vector<PanelDesk>> Reviews::panels(db::Tx& tx, Actor const& actor) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const rows, tx.all<store::PanelRow>(store::kPanelsOf, actor.person));
  std::vector<PanelDesk> out;
  for (auto const& row : rows) {
    FABRICA_TRY(auto const round, calls::round_of_id(tx, row.round));
    FABRICA_TRY(auto const call, calls::call_text(tx, round.call));
    PanelDesk desk{row.round, round.call, call.title, row.role, {}};
    FABRICA_TRY(auto const proposals, calls::evaluated_in(tx, row.round));
    for (auto const& one : proposals)
      if (in_panel_step(one) && !has_part(actor, one.project)) desk.proposals.push_back(one.proposal);
    out.push_back(std::move(desk));
  }
  return out;
}

// What speaks against a panel member deciding on a proposal: the same as against a reviewer, as far as they have said
// who they are, and what is on file.
Result<bool> Reviews::in_conflict_with(db::Tx& tx, PublicId const& person, calls::Evaluated const& one) {
  FABRICA_TRY(auto const holders, identity::holders(tx, one.project));
  if (std::ranges::find(holders, person, &identity::Person::id) != holders.end()) return true;
  FABRICA_TRY(auto const rows, tx.all<store::ConflictRow>(store::kConflictsOf, one.proposal));
  std::set<ConflictKind> waived;
  for (auto const& row : rows) {
    if (row.reviewer != person) continue;
    if (row.state == ConflictState::standing) return true;
    if (row.state == ConflictState::waived) waived.insert(row.kind);
  }
  FABRICA_TRY(auto const kept, tx.maybe<store::ProfileRow>(store::kProfile, person));
  if (!kept) return false;
  FABRICA_TRY(auto const profile, json::read<ProfileDraft>(kept->profile));
  FABRICA_TRY(auto const who, identity::person(tx, person));
  FABRICA_TRY(auto const rules, calls::reviewed_rules(tx, one.call, one.call_version));
  FABRICA_TRY(auto const form, calls::form_of(tx, rules));
  FABRICA_TRY(auto const settings, settings_in(tx, one));
  BoardProposal subject{one, {}, {}};
  FABRICA_DO(load_party(tx, *form, subject));
  auto const found = conflicts_between(subject.party, party_of(person, who.name, profile), settings, clock_.now());
  return std::ranges::any_of(found, [&](Found const& each) { return !waived.contains(each.kind); });
}

Result<Settings> Reviews::settings_in(db::Tx& tx, calls::Evaluated const& one) {
  FABRICA_TRY(auto const stored, tx.maybe<store::RoundRow>(store::kRound, one.round));
  if (stored) return json::read<Settings>(stored->settings);
  return settings_of(tx, one.call);
}

// An applicant's time to answer the comments is theirs: nobody decides before it is over or used.
Result<> Reviews::rebuttal_closed(db::Tx& tx, calls::Evaluated const& one) {
  FABRICA_TRY(auto const row, tx.maybe<store::RebuttalRow>(store::kRebuttal, one.proposal));
  if (!row) {
    FABRICA_TRY(auto const settings, settings_in(tx, one));
    if (!settings.rebuttal) return {};
    return fail(Errc::conflict, "rebuttal_missing",
                "This call lets applicants answer the comments first: open the round's rebuttals.");
  }
  if (row->answered_us || row->due_us.us <= clock_.now()) return {};
  return fail(Errc::conflict, "rebuttal_open",
              fmt::format("The applicant may answer the comments until {}.", format_time(row->due_us.us)));
}

Result<bool> Reviews::chairs(db::Tx& tx, Actor const& actor, calls::Evaluated const& one) {
  FABRICA_TRY(auto const rows, tx.all<store::PanelRow>(store::kPanel, one.round));
  if (rows.empty()) return false;
  auto const mine = std::ranges::find(rows, actor.person, &store::PanelRow::person);
  auto const chair = std::ranges::find(rows, PanelRole::chair, &store::PanelRow::role);
  bool const entitled = mine != rows.end() && mine->role != PanelRole::member;
  if (!entitled) return fail(Errc::forbidden, "panel_chair", "This round has a panel: its chair decides this step.");
  FABRICA_TRY(bool const conflict, in_conflict_with(tx, actor.person, one));
  if (conflict)
    return fail(Errc::forbidden, "panel_conflict", "You have a conflict with this proposal: a deputy decides it.");
  if (mine->role == PanelRole::chair) return true;
  FABRICA_TRY(bool const chair_out, in_conflict_with(tx, chair->person, one));
  if (!chair_out)
    return fail(Errc::forbidden, "panel_chair", "The chair decides: a deputy does where the chair has a conflict.");
  return true;
}

Result<bool> Reviews::entitled(db::Tx& tx, Actor const& actor, calls::StepQuestion const& question) {
  if (question.step == StepKind::panel) {
    FABRICA_TRY(auto const one, calls::evaluated(tx, question.proposal));
    FABRICA_TRY(bool const chair, chairs(tx, actor, one));
    FABRICA_DO(rebuttal_closed(tx, one));
    return chair;
  }
  if (question.step == StepKind::expert && question.pass) {
    FABRICA_TRY(auto const rules, calls::reviewed_rules(tx, question.call, question.call_version));
    FABRICA_TRY(auto const reviews, scored(tx, question.proposal));
    auto const count = complete_ones(reviews, rules.ranking);
    if (count < rules.ranking.quorum)
      return fail(Errc::conflict, "quorum",
                  fmt::format("{} complete reviews count, the call needs {}: wait for them, or let the step fail.",
                              count, rules.ranking.quorum));
  }
  return false;
}

Result<PanelPapers> Reviews::papers(db::Tx& tx, Actor const& actor, PublicId const& proposal) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const one, calls::evaluated(tx, proposal));
  FABRICA_TRY(auto const rows, tx.all<store::PanelRow>(store::kPanel, one.round));
  bool const member = std::ranges::find(rows, actor.person, &store::PanelRow::person) != rows.end();
  if (!member) FABRICA_DO(identity::authorise(actor, Permission::view_factory));
  FABRICA_DO(no_part(actor, one.project));
  if (member) {
    FABRICA_TRY(bool const conflict, in_conflict_with(tx, actor.person, one));
    if (conflict)
      return fail(Errc::forbidden, "panel_conflict", "You have a conflict with this proposal: others decide on it.");
  }
  auto const* expert = expert_step(one);
  bool const ready = one.state != calls::ProposalState::draft && !one.steps.empty() &&
                     (!expert || expert->state == calls::StepState::passed);
  if (!ready)
    return fail(Errc::conflict, "panel_not_yet", "The panel's papers are ready once the expert step is passed.");
  FABRICA_TRY(auto const rules, calls::reviewed_rules(tx, one.call, one.call_version));
  FABRICA_TRY(auto const form, calls::form_of(tx, rules));
  auto const rule = std::ranges::find(rules.steps, StepKind::panel, &calls::StepRule::step);
  if (rule == rules.steps.end()) return fail(Errc::conflict, "no_panel", "This call has no panel step.");
  PanelPapers out{proposal, {}, rule->checklist, {}, {}, {}, one.steps};
  FABRICA_TRY(out.sheet, forms::sheet(*form, one.form_answers, {forms::Audience::reviewer, rule->blind}));
  FABRICA_TRY(auto const sent, tx.all<store::ReviewRow>(store::kReviewsSent, proposal));
  FABRICA_TRY(auto const all, shuffled(sent));
  for (auto const& each : all)
    if (each.counts) out.reviews.push_back({each.content.scores_milli, each.content.texts});
  FABRICA_TRY(auto const note, tx.maybe<store::ConsensusRow>(store::kConsensus, proposal));
  if (note) out.consensus = Consensus{note->proposal, note->note, note->saved_us};
  FABRICA_TRY(auto const open, tx.maybe<store::RebuttalRow>(store::kRebuttal, proposal));
  if (open) out.rebuttal = Rebuttal{proposal, open->opened_us, open->due_us, {}, open->answer, open->answered_us};
  return out;
}

}  // namespace fabrica::reviews
