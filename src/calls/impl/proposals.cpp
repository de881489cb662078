// Proposals, their checks, the line for capacity, and awards.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "budget/figures.hpp"
#include "calls/impl/attached.hpp"
#include "calls/impl/judged.hpp"
#include "calls/impl/plan_check.hpp"
#include "calls/impl/store.hpp"
#include "calls/rules.hpp"
#include "calls/service.hpp"
#include "forms/check.hpp"

namespace fabrica::calls {

using identity::Actor;
using identity::Permission;

struct Calls::Loaded {
  store::ProposalRow row;
  projects::Project project;
  store::Answers answers;
};

namespace {

struct SubmittedBody {
  PublicId proposal;
  PublicId call;
  std::string partition;
  budget::Unit unit{};
  std::int64_t amount_units = 0;
  std::int64_t duration_days = 0;
  std::int64_t call_version = 0;
  store::Answers answers;
  std::string form_digest;     // empty for a call without a form
  std::string answers_digest;  // of the form's answers, which stay beside the statement
};
BOOST_DESCRIBE_STRUCT(SubmittedBody, (),
                      (proposal, call, partition, unit, amount_units, duration_days, call_version, answers, form_digest,
                       answers_digest))

struct CheckedBody {
  PublicId proposal;
  ProposalState state{};
  std::vector<Check> checks;
};
BOOST_DESCRIBE_STRUCT(CheckedBody, (), (proposal, state, checks))

struct AwardBody {
  PublicId award;
  PublicId proposal;
  std::string partition;
  budget::Unit unit{};
  std::int64_t amount_units = 0;
  Time starts;
  Time ends;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(AwardBody, (), (award, proposal, partition, unit, amount_units, starts, ends, reason))

journal::Statement in_project(PublicId const& project, std::string_view kind, std::string_view actor,
                              std::string body) {
  return {project.text(), std::string{kind}, std::string{actor}, {}, std::move(body)};
}

Result<Proposal> proposal_of(store::ProposalRow const& row) {
  FABRICA_TRY(auto answers, json::read<store::Answers>(row.answers));
  FABRICA_TRY(auto checks, json::read<std::vector<Check>>(row.checks));
  auto form = row.form_answers ? std::optional{json::Raw{*row.form_answers}} : std::nullopt;
  // Until a round is published its proposals read alike.
  return Proposal{row.public_id,
                  row.project,
                  row.call_public_id,
                  row.round_public_id.value_or(PublicId{}),
                  row.call_version,
                  row.offer_public_id,
                  row.partition_name,
                  row.unit,
                  row.amount_units,
                  row.duration_days,
                  answers.purpose,
                  row.state,
                  row.submitted_us,
                  row.decided_us,
                  row.decision_reason,
                  std::move(checks),
                  row.award_public_id,
                  answers.plan,
                  std::move(form),
                  answers.minimum_units,
                  answers.fall_backs,
                  answers.confidential,
                  answers.principal_investigator,
                  answers.contract_until,
                  answers.declarations};
}

Offer const* offer_for(Call const& call, std::string_view partition) {
  auto const found = std::ranges::find(call.offers, partition, &Offer::partition);
  return found == call.offers.end() ? nullptr : &*found;
}

// The call's form held against the answers; nothing for a call without one.
Result<std::optional<forms::Checked>> checked_form(std::optional<BoundForm> const& form,
                                                   std::optional<json::Raw> const& answers, forms::Stage stage) {
  if (!form) {
    if (answers) return fail(Errc::invalid, "form_answers", "This call has no form.", {{"/form", "unexpected"}});
    return std::optional<forms::Checked>{};
  }
  FABRICA_TRY(auto checked,
              forms::check(*form->form, answers ? std::string_view{answers->text} : "{}", stage, form->digest));
  if (auto refused = forms::refuse_faults(checked); !refused) {
    auto error = refused.error();
    for (auto& fault : error.faults) fault.pointer.insert(0, "/form");
    return std::unexpected(std::move(error));
  }
  return std::optional{std::move(checked)};
}

// The least useful amount and the fall-backs against what the round offers.
Result<> check_choices(CallKind kind, ProposalDraft const& draft, std::vector<store::OfferRow> const& offers) {
  std::vector<Fault> faults;
  if (kind != CallKind::reviewed && (draft.minimum_units || draft.fall_backs))
    return fail(Errc::invalid, "choices", "A first-come call awards what is asked for or nothing: leave these out.",
                {{draft.minimum_units ? "/minimum_units" : "/fall_backs", "unexpected"}});
  if (draft.minimum_units && *draft.minimum_units > draft.amount_units)
    faults.push_back({"/minimum_units", "The least useful amount is not more than the amount asked for."});
  std::vector<std::string_view> named{draft.partition};
  auto const& all = draft.fall_backs ? *draft.fall_backs : std::vector<FallBack>{};
  for (std::size_t place = 0; place < all.size(); ++place) {
    auto const& one = all[place];
    auto const at = fmt::format("/fall_backs/{}", place);
    auto const offer = std::ranges::find(offers, one.partition, &store::OfferRow::partition_name);
    if (offer == offers.end()) faults.push_back({at + "/partition", "The call does not offer it."});
    else if (one.amount_units < offer->min_units || one.amount_units > offer->max_units)
      faults.push_back(
          {at + "/amount_units", fmt::format("Ask for {} to {} units.", offer->min_units, offer->max_units)});
    if (std::ranges::find(named, one.partition) != named.end())
      faults.push_back({at + "/partition", "Name each partition once."});
    named.push_back(one.partition);
    if (one.minimum_units && *one.minimum_units > one.amount_units)
      faults.push_back({at + "/minimum_units", "The least useful amount is not more than the amount asked for."});
  }
  if (faults.empty()) return {};
  auto const what = faults.front().what;
  return fail(Errc::invalid, "choices", what, std::move(faults));
}

// What the call's rules of eligibility read of the proposal itself.
Result<> check_declared(ProposalDraft const& draft) {
  std::vector<Fault> faults;
  if (draft.contract_until && !parse_time(*draft.contract_until))
    faults.push_back({"/contract_until", "The last day is written YYYY-MM-DD."});
  if (draft.declarations)
    for (auto const& [fact, value] : *draft.declarations)
      if (fact.empty() || fact.size() > 80 || value.empty() || value.size() > 200)
        faults.push_back({"/declarations", "A declaration has a fact of 1 to 80 bytes and a value of 1 to 200."});
  if (faults.empty()) return {};
  auto const what = faults.front().what;
  return fail(Errc::invalid, "declarations", what, std::move(faults));
}

// What the applicant answered with "unknown" asks, as everything unknown does.
void add_questions(forms::Checked const& form, Call const& call, std::vector<Check>& checks) {
  for (auto const& one : form.questions)
    checks.push_back({"form", Outcome::unknown, fmt::format("{} Answer: unknown.", one.label), call.source,
                      fmt::format("Answer {} (/form{}) and submit again.", one.label, one.pointer)});
}

}  // namespace

Result<Proposal> Calls::draft(db::Tx& tx, Actor const& actor, PublicId const& project, ProposalDraft const& draft) {
  FABRICA_DO(projects_.require(tx, actor, project, Permission::work_in_project));
  return store_draft(tx, project, PublicId::make(clock_.now(), random_), draft, true);
}

Result<Proposal> Calls::change(db::Tx& tx, Actor const& actor, PublicId const& proposal, ProposalDraft const& draft) {
  FABRICA_TRY(auto const loaded, load_proposal(tx, actor, proposal, Permission::work_in_project));
  return store_draft(tx, loaded.row.project, proposal, draft, false);
}

Result<Proposal> Calls::store_draft(db::Tx& tx, PublicId const& project, PublicId const& id, ProposalDraft const& draft,
                                    bool is_new) {
  FABRICA_TRY(auto const call, tx.maybe<store::CallRow>(store::kCallById, draft.call));
  if (!call || call->state == CallState::draft)
    return fail(Errc::not_found, "call", fmt::format("There is no call {}.", draft.call.text()),
                {{"/call", "unknown"}});
  FABRICA_TRY(auto const offers, tx.all<store::OfferRow>(store::kOffersOfRound, call->round_id));
  auto const offer = std::ranges::find(offers, draft.partition, &store::OfferRow::partition_name);
  if (offer == offers.end()) {
    std::string names;
    for (auto const& one : offers) names += (names.empty() ? "" : ", ") + one.partition_name;
    return fail(Errc::invalid, "partition", fmt::format("The call offers no {}; it offers {}.", draft.partition, names),
                {{"/partition", "not offered"}});
  }
  FABRICA_DO(check_choices(call->kind, draft, offers));
  FABRICA_DO(check_declared(draft));
  FABRICA_DO(read_plan_request(draft.plan));
  FABRICA_TRY(auto const rules, json::read<store::Rules>(call->rules));
  FABRICA_TRY(auto const bound, form_of(tx, rules));
  auto given = draft.form;
  if (bound) {
    FABRICA_TRY(given, with_attachments(tx, id, *bound->form, draft.form));
  }
  FABRICA_TRY(auto const form, checked_form(bound, given, forms::Stage::draft));
  auto const kept = form ? std::optional{form->answers} : std::nullopt;
  store::Answers const answers{draft.purpose,       draft.civilian_purposes,      draft.excluded_uses,
                               draft.personal_data, draft.first_come_accepted,    draft.amount_reason,
                               draft.plan,          draft.minimum_units,          draft.fall_backs,
                               draft.confidential,  draft.principal_investigator, draft.contract_until,
                               draft.declarations};
  if (is_new) {
    FABRICA_DO(tx.run(store::kProposalInsert, id, project, call->id, call->version, call->round_id, offer->id,
                      draft.amount_units, draft.duration_days, json::write(answers), kept, clock_.now()));
  } else {
    FABRICA_TRY(auto const changed,
                tx.run(store::kProposalChange, id, call->id, call->version, call->round_id, offer->id,
                       draft.amount_units, draft.duration_days, json::write(answers), kept));
    if (changed != 1)
      return fail(Errc::conflict, "proposal_state",
                  call->kind == CallKind::reviewed
                      ? "A proposal that was sent cannot be changed: call it back before the cut-off."
                      : "A proposal that was sent cannot be changed: withdraw it and write another.");
  }
  FABRICA_DO(keep_draft_checks(tx, id));
  FABRICA_TRY(auto const row, tx.one<store::ProposalRow>(store::kProposalById, id));
  return proposal_of(row);
}

Result<Calls::Loaded> Calls::load_proposal(db::Tx& tx, Actor const& actor, PublicId const& id, Permission permission) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto row, tx.maybe<store::ProposalRow>(store::kProposalById, id));
  if (!row) return fail(Errc::not_found, "proposal", fmt::format("There is no proposal {}.", id.text()));
  FABRICA_TRY(auto project, projects_.require(tx, actor, row->project, permission));
  FABRICA_TRY(auto answers, json::read<store::Answers>(row->answers));
  return Loaded{*std::move(row), std::move(project), std::move(answers)};
}

Result<Proposal> Calls::submit(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_TRY(auto const loaded, load_proposal(tx, actor, id, Permission::work_in_project));
  auto const& row = loaded.row;
  if (!next(row.state, ProposalEvent::enter))
    return fail(Errc::conflict, "proposal_state",
                fmt::format("This proposal is {}: it was sent already.", db::enum_name(row.state)));
  FABRICA_TRY(auto const call, load_call(tx, row.call_public_id, row.call_version));
  auto const* offer = offer_for(call, row.partition_name);
  FABRICA_CHECK(offer);
  FABRICA_DO(check_round(tx, loaded, call));
  if (!offer->open)
    return fail(Errc::conflict, "offer_closed",
                fmt::format("{} takes no proposals at present. The draft is kept: send it when it is open again, or "
                            "choose another partition.",
                            offer->partition));
  FABRICA_TRY(auto const rules, rules_of(tx, row.call_id, row.call_version));
  auto const given = row.form_answers ? std::optional{json::Raw{*row.form_answers}} : std::nullopt;
  FABRICA_TRY(auto const bound, form_of(tx, rules));
  FABRICA_TRY(auto const form, checked_form(bound, given, forms::Stage::submission));
  FABRICA_TRY(auto checks, check(tx, row, call, *offer, Stage::submission));
  if (form) add_questions(*form, call, checks);
  auto const verdict = verdict_of(checks, call.kind);
  auto const state = *next(row.state, verdict);
  bool const refused = verdict == ProposalEvent::ask || verdict == ProposalEvent::reject;
  auto const reason = refused ? reason_of(checks) : std::string{};
  auto const decided = verdict == ProposalEvent::reject ? std::optional{clock_.now()} : std::nullopt;
  FABRICA_TRY(auto const moved, tx.run(store::kProposalSubmitted, row.id, row.state, state, json::write(checks),
                                       clock_.now(), reason, decided));
  if (moved != 1) return fail(Errc::conflict, "proposal_state", "The proposal changed meanwhile: read it again.");
  if (form && !refused) FABRICA_DO(tx.run(store::kProposalAnswers, row.id, form->answers));
  SubmittedBody const submitted{id,
                                call.id,
                                row.partition_name,
                                row.unit,
                                row.amount_units,
                                row.duration_days,
                                row.call_version,
                                loaded.answers,
                                form ? form->form_digest : "",
                                form ? form->answers_digest : ""};
  FABRICA_DO(
      journal_.append(tx, in_project(row.project, "proposal.submitted", actor.person.text(), json::write(submitted))));
  FABRICA_DO(journal_.append(
      tx, in_project(row.project, "proposal.checked", journal::kProgram, json::write(CheckedBody{id, state, checks}))));
  if (state == ProposalState::waiting) FABRICA_DO(serve_line(tx, *offer, id));
  FABRICA_TRY(auto const again, tx.one<store::ProposalRow>(store::kProposalById, id));
  return proposal_of(again);
}

// A reviewed call takes a proposal in the round it was written for, up to the cut-off.
Result<> Calls::check_round(db::Tx& tx, Loaded const& loaded, Call const& call) {
  if (call.kind != CallKind::reviewed) return {};
  FABRICA_TRY(auto const round, tx.one<store::RoundRow>(store::kRoundById, *loaded.row.round_public_id));
  auto const now = clock_.now();
  if (round.state == RoundState::intake && round.opens_us.us <= now && now < round.closes_us->us) return {};
  if (now < round.opens_us.us)
    return fail(Errc::conflict, "round_closed",
                fmt::format("The round {} opens on {}: send it then.", round.name, format_time(round.opens_us.us)));
  return fail(
      Errc::conflict, "round_closed",
      fmt::format("The cut-off {} has passed. The draft is kept and moves on to the next round, if there is one.",
                  round.name));
}

Result<Proposal> Calls::recall(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_TRY(auto const loaded, load_proposal(tx, actor, id, Permission::work_in_project));
  if (!next(loaded.row.state, ProposalEvent::recall))
    return fail(Errc::conflict, "proposal_state",
                fmt::format("A proposal that is {} cannot be called back.", db::enum_name(loaded.row.state)));
  FABRICA_TRY(auto const call, load_call(tx, loaded.row.call_public_id, loaded.row.call_version));
  FABRICA_DO(check_round(tx, loaded, call));
  FABRICA_TRY(auto const moved, tx.run(store::kProposalRecall, loaded.row.id));
  if (moved != 1) return fail(Errc::conflict, "proposal_state", "The proposal changed meanwhile: read it again.");
  FABRICA_DO(journal_.append(tx, in_project(loaded.row.project, "proposal.recalled", actor.person.text(),
                                            json::write(CheckedBody{id, ProposalState::draft, {}}))));
  FABRICA_TRY(auto const again, tx.one<store::ProposalRow>(store::kProposalById, id));
  return proposal_of(again);
}

// In order of arrival, and nobody overtakes: the first one that does not fit ends the round. Whose turn has come is
// asked once more whether it may have the hours; who may not leaves the line, and it goes on.
Result<> Calls::serve_line(db::Tx& tx, Offer const& offer, PublicId const& checked) {
  FABRICA_TRY(auto const capacity, budget_.find_account(tx, offer.id.text(), budget::AccountKind::capacity));
  FABRICA_TRY(auto const row, tx.one<store::OfferRow>(store::kOfferById, offer.id));
  auto left = capacity.available_micro();
  bool awarded = false;
  for (;;) {
    // The line is read a hundred at a time; whoever is awarded or turned away leaves it.
    FABRICA_TRY(auto const line, tx.all<store::ProposalRow>(store::kLine, row.id));
    for (auto const& proposal : line) {
      auto const wanted = proposal.amount_units * budget::kMicroUnits;
      if (wanted > left) return {};
      // Its checks are a moment old, unless another award has come between.
      if (awarded || proposal.public_id != checked) {
        FABRICA_TRY(auto const call, load_call(tx, proposal.call_public_id, proposal.call_version));
        FABRICA_TRY(auto const checks, check(tx, proposal, call, offer, Stage::award));
        bool const passes = std::ranges::all_of(checks, [](Check const& one) { return one.outcome == Outcome::pass; });
        if (!passes) {
          FABRICA_DO(turn_away(tx, proposal, checks));
          continue;
        }
      }
      FABRICA_DO(award(tx, proposal.public_id, offer));
      awarded = true;
      left -= wanted;
    }
    if (line.empty()) return {};
  }
}

Result<> Calls::award(db::Tx& tx, PublicId const& id, Offer const& offer) {
  FABRICA_TRY(auto const row, tx.one<store::ProposalRow>(store::kProposalById, id));
  FABRICA_TRY(auto const offered, tx.one<store::OfferRow>(store::kOfferById, offer.id));
  FABRICA_DO(grant(tx, row, offered, row.amount_units,
                   "All checks passed and the capacity was there in order of arrival.", journal::kProgram));
  return {};
}

Result<PublicId> Calls::grant(db::Tx& tx, store::ProposalRow const& row, store::OfferRow const& offer,
                              std::int64_t amount_units, std::string_view reason, std::string_view actor) {
  auto const now = clock_.now();
  auto const& id = row.public_id;
  FABRICA_TRY(auto const moved, tx.run(store::kProposalMove, id, row.state, *next(row.state, ProposalEvent::award),
                                       std::optional{row.decided_us.value_or(Time{now})}, reason));
  FABRICA_CHECK(moved == 1);
  auto const award = PublicId::make(now, random_);
  FABRICA_TRY(auto const capacity, budget_.find_account(tx, offer.public_id.text(), budget::AccountKind::capacity));
  FABRICA_TRY(auto const account, budget_.open_account(tx, award.text(), budget::AccountKind::award, offer.unit));
  FABRICA_DO(budget_.transfer(tx, {fmt::format("award/{}", award.text()), capacity.id, account.id,
                                   amount_units * budget::kMicroUnits, "award", award.text()}));
  auto const ends = now + row.duration_days * kDay;
  FABRICA_DO(tx.run(store::kAwardInsert, award, row.id, row.project, offer.id, amount_units, account.id, now, ends));
  AwardBody const body{award,        id,        offer.partition_name, offer.unit,
                       amount_units, Time{now}, Time{ends},           std::string{reason}};
  FABRICA_DO(journal_.append(tx, in_project(row.project, "award.decided", actor, json::write(body))));
  return award;
}

Result<Proposal> Calls::withdraw(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_TRY(auto const loaded, load_proposal(tx, actor, id, Permission::work_in_project));
  auto const to = next(loaded.row.state, ProposalEvent::withdraw);
  if (!to)
    return fail(Errc::conflict, "proposal_state",
                fmt::format("A proposal that is {} cannot be withdrawn.", db::enum_name(loaded.row.state)));
  FABRICA_TRY(auto const moved, tx.run(store::kProposalMove, id, loaded.row.state, *to, std::optional{clock_.now()},
                                       "Withdrawn by the applicant."));
  if (moved != 1) return fail(Errc::conflict, "proposal_state", "The proposal changed meanwhile: read it again.");
  FABRICA_DO(journal_.append(tx, in_project(loaded.row.project, "proposal.withdrawn", actor.person.text(),
                                            json::write(CheckedBody{id, *to, {}}))));
  // Whoever stood behind it may fit now.
  FABRICA_TRY(auto const call, load_call(tx, loaded.row.call_public_id));
  if (call.state == CallState::published && call.kind == CallKind::first_come)
    FABRICA_DO(serve_line(tx, *offer_for(call, loaded.row.partition_name)));
  FABRICA_TRY(auto const again, tx.one<store::ProposalRow>(store::kProposalById, id));
  return proposal_of(again);
}

Result<Calls::FormPage> Calls::form_page(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_TRY(auto const loaded, load_proposal(tx, actor, id, Permission::view_project));
  FABRICA_TRY(auto const rules, rules_of(tx, loaded.row.call_id, loaded.row.call_version));
  FABRICA_TRY(auto const form, form_of(tx, rules));
  if (!form) return fail(Errc::not_found, "form", "The proposal's call has no form.");
  FABRICA_TRY(auto sheet, forms::sheet(*form->form, loaded.row.form_answers.value_or("{}"), {}));
  bool const draft = loaded.row.state == ProposalState::draft || loaded.row.state == ProposalState::incomplete;
  return FormPage{std::move(sheet), loaded.project.title, draft};
}

Result<Proposal> Calls::proposal(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_TRY(auto const loaded, load_proposal(tx, actor, id, Permission::view_project));
  return proposal_of(loaded.row);
}

Result<std::vector<Proposal>> Calls::proposals(db::Tx& tx, Actor const& actor, PublicId const& project) {
  FABRICA_DO(projects_.require(tx, actor, project, Permission::view_project));
  FABRICA_TRY(auto const rows, tx.all<store::ProposalRow>(store::kProposalsOf, project));
  std::vector<Proposal> out;
  for (auto const& row : rows) {
    FABRICA_TRY(auto one, proposal_of(row));
    out.push_back(std::move(one));
  }
  return out;
}

Result<std::vector<Award>> Calls::awards(db::Tx& tx, Actor const& actor, PublicId const& project) {
  FABRICA_DO(projects_.require(tx, actor, project, Permission::view_project));
  FABRICA_TRY(auto const rows, tx.all<store::AwardRow>(store::kAwardsOf, project));
  std::vector<Award> out;
  for (auto const& row : rows) {
    FABRICA_TRY(auto const account, budget_.account(tx, row.account_id));
    Award award{row.id,        row.project, row.proposal,          row.partition_name, row.unit, row.amount_units,
                row.starts_us, row.ends_us, account.balance_micro, account.held_micro, 0,        0};
    // Each period of an award has its accounts; what was used is used, whatever the period.
    FABRICA_TRY(auto const accounts, budget::accounts_of(tx, row.id.text()));
    for (auto const& one : accounts) {
      if (one.kind == budget::AccountKind::consumed) award.used_micro += one.balance_micro;
      if (one.kind == budget::AccountKind::overrun) award.overrun_micro -= one.balance_micro;
    }
    out.push_back(std::move(award));
  }
  return out;
}

Result<std::vector<budget::Entry>> Calls::award_statement(db::Tx& tx, Actor const& actor, PublicId const& award) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const row, tx.maybe<store::AwardRow>(store::kAwardById, award));
  if (!row) return fail(Errc::not_found, "award", fmt::format("There is no award {}.", award.text()));
  FABRICA_DO(projects_.require(tx, actor, row->project, Permission::view_project));
  return budget_.statement(tx, row->account_id, 1000);
}

Result<ChargedTo> Calls::charged_to(db::Tx& tx, PublicId const& project, std::string_view partition) {
  FABRICA_TRY(auto const rows, tx.all<store::AwardRow>(store::kAwardRunning, project, partition, clock_.now()));
  std::optional<ChargedTo> best;
  for (auto const& row : rows) {
    FABRICA_TRY(auto const account, budget_.account(tx, row.account_id));
    // Of the running awards the first that has anything left; one without is only named so that the refusal can say
    // why.
    if (!best || account.available_micro() > 0) best = ChargedTo{row.id, row.account_id, row.unit, row.ends_us};
    if (account.available_micro() > 0) break;
  }
  if (!best)
    return fail(Errc::conflict, "no_award",
                fmt::format("The project has no running award on {}: apply in a call that offers it.", partition));
  return *best;
}

}  // namespace fabrica::calls
