// A proposal's checks: what they need to know, when they are made, and the officer's word against them.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "calls/evaluated.hpp"
#include "calls/impl/judged.hpp"
#include "calls/impl/plan_check.hpp"
#include "calls/impl/store.hpp"
#include "calls/rules.hpp"
#include "calls/service.hpp"
#include "facts/service.hpp"
#include "identity/people.hpp"
#include "identity/rules.hpp"
#include "projects/lookup.hpp"

namespace fabrica::calls {

using identity::Actor;
using identity::Permission;

namespace {

struct OverriddenBody {
  PublicId override_id;
  PublicId proposal;
  std::string rule;
  std::string fact;
  identity::Role made_as{};
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(OverriddenBody, (), (override_id, proposal, rule, fact, made_as, reason))

struct CheckedBody {
  PublicId proposal;
  ProposalState state{};
  std::vector<Check> checks;
};
BOOST_DESCRIBE_STRUCT(CheckedBody, (), (proposal, state, checks))

ProposalDraft draft_of(store::ProposalRow const& row, store::Answers const& answers) {
  ProposalDraft out{row.call_public_id,    row.partition_name,    row.amount_units,
                    row.duration_days,     answers.purpose,       answers.civilian_purposes,
                    answers.excluded_uses, answers.personal_data, answers.first_come_accepted,
                    answers.amount_reason, answers.plan,          {}};
  out.principal_investigator = answers.principal_investigator;
  out.contract_until = answers.contract_until;
  out.declarations = answers.declarations;
  return out;
}

bool is_open_draft(ProposalState state) { return state == ProposalState::draft || state == ProposalState::incomplete; }

// The person whose awards count: named and with a part in the project, or the only one who leads it.
Result<std::optional<PublicId>> principal_of(db::Tx& tx, PublicId const& project,
                                             std::optional<PublicId> const& named) {
  if (named) {
    FABRICA_TRY(auto const people, identity::holders(tx, project));
    bool const part = std::ranges::find(people, *named, &identity::Person::id) != people.end();
    return part ? std::optional{*named} : std::nullopt;
  }
  FABRICA_TRY(auto const leads, identity::holders_of(tx, identity::Role::project_lead, project));
  return leads.size() == 1 ? std::optional{leads.front()} : std::nullopt;
}

// Awards beside this proposal's own, with the rules they were given under.
class OtherAwards {
 public:
  OtherAwards(db::Tx& tx, store::ProposalRow const& proposal, Micros now) : tx_{tx}, proposal_{proposal}, now_{now} {}

  Result<std::int64_t> running(std::vector<PublicId> const& projects, std::optional<std::string> const& access_mode) {
    std::int64_t count = 0;
    for (auto const& project : projects) {
      FABRICA_TRY(auto const rows, tx_.all<store::GivenRow>(store::kGivenUntil, project, Time{now_}));
      for (auto const& row : rows) {
        if (row.proposal == proposal_.public_id) continue;
        if (access_mode) {
          FABRICA_TRY(auto const rules, rules_of(row));
          if (rules.access_mode != access_mode) continue;
        }
        ++count;
      }
    }
    return count;
  }

  // Hours that were de minimis aid, at what their call said they were worth.
  Result<std::vector<identity::AidReceived>> aid(std::vector<PublicId> const& projects) {
    std::vector<identity::AidReceived> out;
    for (auto const& project : projects) {
      FABRICA_TRY(auto const rows, tx_.all<store::GivenRow>(store::kGivenUntil, project, Time{0}));
      for (auto const& row : rows) {
        FABRICA_TRY(auto const rules, rules_of(row));
        if (!rules.eligibility || !rules.eligibility->de_minimis) continue;
        auto const& rule = *rules.eligibility->de_minimis;
        auto const value = std::ranges::find(rule.values, row.partition_name, &UnitValue::partition);
        if (value == rule.values.end()) continue;
        out.push_back({"this factory", rule.granting_state, row.amount_units * value->eur_cents,
                       format_date(row.starts_us.us), identity::AidBasis::de_minimis});
      }
    }
    return out;
  }

 private:
  Result<store::Rules> rules_of(store::GivenRow const& row) {
    auto const key = std::pair{row.call_id, row.call_version};
    auto found = rules_.find(key);
    if (found == rules_.end()) {
      FABRICA_TRY(auto const text, tx_.one<std::string>(store::kVersionRules, row.call_id, row.call_version));
      FABRICA_TRY(auto rules, json::read<store::Rules>(text));
      found = rules_.emplace(key, std::move(rules)).first;
    }
    return found->second;
  }

  db::Tx& tx_;
  store::ProposalRow const& proposal_;
  Micros now_;
  std::map<std::pair<std::int64_t, std::int64_t>, store::Rules> rules_;
};

Result<std::optional<std::int64_t>> count_running(db::Tx& tx, OtherAwards& awards, RunningRule const& rule,
                                                  Call const& call, projects::Project const& project,
                                                  std::optional<PublicId> const& named) {
  std::vector<PublicId> where{project.id};
  if (rule.of == RunningOf::organisation) {
    FABRICA_TRY(where, projects::projects_of(tx, project.organisation));
  } else if (rule.of == RunningOf::principal_investigator) {
    FABRICA_TRY(auto const person, principal_of(tx, project.id, named));
    if (!person) return std::optional<std::int64_t>{};
    FABRICA_TRY(where, identity::scopes_of(tx, *person, identity::Role::project_lead));
    if (std::ranges::find(where, project.id) == where.end()) where.push_back(project.id);
  }
  FABRICA_TRY(auto const count, awards.running(where, rule.same_access_mode ? call.access_mode : std::nullopt));
  return std::optional{count};
}

Result<Known> known_of(db::Tx& tx, store::ProposalRow const& row, Call const& call, projects::Project const& project,
                       store::Answers const& answers, Micros now) {
  Known out;
  auto const& rules = *call.eligibility;
  if (call.reviewed && row.form_answers) {
    FABRICA_TRY(auto const form, form_of(tx, *call.reviewed));
    FABRICA_TRY(out.form, forms::declarations(*form, *row.form_answers));
  }
  OtherAwards awards{tx, row, now};
  if (rules.size) {
    FABRICA_TRY(out.figures, identity::figures_of(tx, project.organisation));
  }
  if (rules.de_minimis) {
    FABRICA_TRY(out.aid, identity::aid_of(tx, project.organisation));
    FABRICA_TRY(auto const all, projects::projects_of(tx, project.organisation));
    FABRICA_TRY(out.granted_here, awards.aid(all));
  }
  for (auto const& rule : rules.running) {
    FABRICA_TRY(auto const count, count_running(tx, awards, rule, call, project, answers.principal_investigator));
    out.running.push_back(count);
  }
  return out;
}

// What a draft's form still lacks, so that its author need not send it to hear of it.
Result<std::optional<Check>> form_check(db::Tx& tx, store::ProposalRow const& row, Call const& call) {
  if (!call.reviewed) return std::optional<Check>{};
  FABRICA_TRY(auto const form, form_of(tx, *call.reviewed));
  FABRICA_TRY(auto const checked, forms::check(*form, row.form_answers.value_or("{}"), forms::Stage::draft));
  auto const missing = checked.later.size() + checked.questions.size();
  if (missing == 0) return std::optional{Check{"form", Outcome::pass, "The form is complete.", call.source, ""}};
  std::string first;
  std::size_t named = 0;
  for (auto const* list : {&checked.later, &checked.questions})
    for (auto const& one : *list)
      if (named++ < 5) first += fmt::format("{}{} (/form{})", first.empty() ? "" : ", ", one.label, one.pointer);
  return std::optional{Check{"form", Outcome::unknown, fmt::format("{} answers are missing or open.", missing),
                             call.source, fmt::format("Answer {}{}.", first, missing > 5 ? " and the others" : "")}};
}

Override override_of(store::OverrideRow const& row) {
  return {row.public_id, row.proposal, row.rule,    row.fact,    row.reason,
          row.made_by,   row.made_as,  row.made_us, row.ended_us};
}

// The factory role that lets this person judge, for the statement and for who reads the check.
identity::Role officer_role(Actor const& actor) {
  for (auto const& grant : actor.grants)
    if (identity::role_may(grant.role, Permission::manage_calls)) return grant.role;
  return identity::Role::access_officer;
}

}  // namespace

std::string reason_of(std::span<Check const> checks) {
  bool const failed = std::ranges::find(checks, Outcome::fail, &Check::outcome) != checks.end();
  auto const outcome = failed ? Outcome::fail : Outcome::unknown;
  std::string text;
  for (auto const& one : checks)
    if (one.outcome == outcome) text += fmt::format("{}{}: {}", text.empty() ? "" : " ", one.rule, one.remedy);
  return text;
}

Result<std::vector<Judged>> Calls::judge(db::Tx& tx, store::ProposalRow const& row, Call const& call,
                                         Offer const& offer, Stage stage) {
  FABRICA_TRY(auto const project, projects::find_project(tx, row.project));
  FABRICA_TRY(auto const organisation, identity_.organisation(tx, project.organisation));
  FABRICA_TRY(auto const answers, json::read<store::Answers>(row.answers));
  FABRICA_TRY(auto const view, facts_.view(tx, format_date(clock_.now())));
  PlanFor plan;
  if (stage == Stage::submission) {
    FABRICA_TRY(plan, plan_for(answers.plan, view, offer));
  }
  Case in{organisation,   call,         offer, draft_of(row, answers),  std::move(plan),
          view.countries, clock_.now(), stage, view.eligibility_limits, {}};
  if (call.eligibility) {
    FABRICA_TRY(in.known, known_of(tx, row, call, project, answers, clock_.now()));
  }
  return calls::judge(in);
}

Result<std::vector<Check>> Calls::check(db::Tx& tx, store::ProposalRow const& row, Call const& call, Offer const& offer,
                                        Stage stage) {
  FABRICA_TRY(auto const judged, judge(tx, row, call, offer, stage));
  FABRICA_TRY(auto const rows, tx.all<store::OverrideRow>(store::kOverridesInForce, row.id));
  std::vector<Overriding> overrides;
  for (auto const& one : rows) overrides.push_back({one.rule, one.compared, one.reason, one.made_as, one.made_us});
  return with_overrides(judged, overrides);
}

Result<std::vector<Check>> Calls::draft_checks(db::Tx& tx, store::ProposalRow const& row) {
  FABRICA_TRY(auto const call, load_call(tx, row.call_public_id, row.call_version));
  FABRICA_TRY(auto const offered, tx.one<store::OfferRow>(store::kOfferById, row.offer_public_id));
  FABRICA_TRY(auto checks, check(tx, row, call, offer_of(offered), Stage::submission));
  FABRICA_TRY(auto form, form_check(tx, row, call));
  if (form) checks.push_back(*std::move(form));
  return checks;
}

Result<> Calls::require_eligible(db::Tx& tx, store::ProposalRow const& proposal, std::string_view partition,
                                 std::int64_t amount_units) {
  FABRICA_TRY(auto const call, load_call(tx, proposal.call_public_id, proposal.call_version));
  auto row = proposal;
  row.amount_units = amount_units;
  row.partition_name = partition;
  Offer offer;
  offer.partition = partition;
  FABRICA_TRY(auto const checks, check(tx, row, call, offer, Stage::award));
  std::vector<Fault> faults;
  for (auto const& one : checks)
    if (one.outcome != Outcome::pass) faults.push_back({"/checks/" + one.rule, one.remedy});
  if (faults.empty()) return {};
  return fail(Errc::conflict, "eligibility", fmt::format("The proposal is not eligible today. {}", reason_of(checks)),
              std::move(faults));
}

Result<> Calls::turn_away(db::Tx& tx, store::ProposalRow const& row, std::vector<Check> const& checks) {
  bool const failed = std::ranges::find(checks, Outcome::fail, &Check::outcome) != checks.end();
  auto const state = *next(row.state, failed ? ProposalEvent::reject : ProposalEvent::ask);
  auto const decided = failed ? std::optional{Time{clock_.now()}} : std::nullopt;
  FABRICA_TRY(auto const moved, tx.run(store::kProposalTurnAway, row.id, row.state, state, json::write(checks),
                                       reason_of(checks), decided));
  if (moved != 1) return fail(Errc::conflict, "proposal_state", "The proposal changed meanwhile: read it again.");
  FABRICA_DO(journal_.append(tx, {row.project.text(),
                                  "proposal.checked",
                                  std::string{journal::kProgram},
                                  {},
                                  json::write(CheckedBody{row.public_id, state, checks})}));
  return {};
}

Result<Checked> Calls::checks(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(proposal(tx, actor, id));
  FABRICA_TRY(auto const row, tx.one<store::ProposalRow>(store::kProposalById, id));
  Checked out{id, row.state, Time{clock_.now()}, {}};
  if (is_open_draft(row.state)) {
    FABRICA_TRY(out.checks, draft_checks(tx, row));
    return out;
  }
  FABRICA_TRY(auto const call, load_call(tx, row.call_public_id, row.call_version));
  FABRICA_TRY(auto const offered, tx.one<store::OfferRow>(store::kOfferById, row.offer_public_id));
  FABRICA_TRY(out.checks, check(tx, row, call, offer_of(offered), Stage::award));
  return out;
}

Result<store::ProposalRow> Calls::for_officer(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto row, tx.maybe<store::ProposalRow>(store::kProposalById, id));
  if (!row) return fail(Errc::not_found, "proposal", fmt::format("There is no proposal {}.", id.text()));
  FABRICA_TRY(auto const project, projects::find_project(tx, row->project));
  bool const own = std::ranges::any_of(actor.grants, [&](identity::Grant const& grant) {
    return grant.scope == project.id.text() || grant.scope == project.organisation.text();
  });
  if (own)
    return fail(Errc::forbidden, "own_project",
                "You have a part in this project or its organisation: somebody else decides this.");
  return *std::move(row);
}

Result<Override> Calls::override_check(db::Tx& tx, Actor const& actor, PublicId const& id, OverrideDraft const& draft) {
  FABRICA_TRY(auto const row, for_officer(tx, actor, id));
  if (!next(row.state, ProposalEvent::withdraw) && row.state != ProposalState::offered)
    return fail(Errc::conflict, "proposal_state",
                fmt::format("This proposal is {}: its checks decide nothing any more.", db::enum_name(row.state)));
  FABRICA_TRY(auto const call, load_call(tx, row.call_public_id, row.call_version));
  FABRICA_TRY(auto const offered, tx.one<store::OfferRow>(store::kOfferById, row.offer_public_id));
  auto const stage = is_open_draft(row.state) ? Stage::submission : Stage::award;
  FABRICA_TRY(auto const judged, judge(tx, row, call, offer_of(offered), stage));
  auto const found =
      std::ranges::find(judged, draft.rule, [](Judged const& one) -> std::string const& { return one.check.rule; });
  if (found == judged.end())
    return fail(Errc::invalid, "rule", fmt::format("The proposal has no check {} now.", draft.rule),
                {{"/rule", "no such check"}});
  if (!found->overridable)
    return fail(Errc::conflict, "not_overridable", "Nobody's word opens a call or fills in a form: this check stands.");
  if (found->check.outcome == Outcome::pass)
    return fail(Errc::conflict, "check_passes", "This check passes: there is nothing to let pass.");
  FABRICA_TRY(auto const rows, tx.all<store::OverrideRow>(store::kOverridesInForce, row.id));
  for (auto const& one : rows) {
    if (one.rule != draft.rule) continue;
    if (one.compared == found->compared)
      return fail(Errc::conflict, "overridden", "An officer has let this check pass already, for the same fact.");
    FABRICA_DO(tx.run(store::kOverrideEnd, one.public_id, actor.person, clock_.now(), "The fact has changed."));
  }
  auto const made = PublicId::make(clock_.now(), random_);
  auto const role = officer_role(actor);
  FABRICA_DO(tx.run(store::kOverrideInsert, made, row.id, draft.rule, found->check.fact, found->compared, draft.reason,
                    actor.person, role, clock_.now()));
  OverriddenBody const body{made, id, draft.rule, found->check.fact, role, draft.reason};
  FABRICA_DO(
      journal_.append(tx, {row.project.text(), "eligibility.overridden", actor.person.text(), {}, json::write(body)}));
  FABRICA_DO(keep_draft_checks(tx, id));
  FABRICA_TRY(auto const after, tx.one<store::OverrideRow>(store::kOverrideById, made));
  return override_of(after);
}

Result<Override> Calls::end_override(db::Tx& tx, Actor const& actor, PublicId const& id, std::string const& reason) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const one, tx.maybe<store::OverrideRow>(store::kOverrideById, id));
  if (!one) return fail(Errc::not_found, "override", fmt::format("There is no override {}.", id.text()));
  FABRICA_TRY(auto const row, for_officer(tx, actor, one->proposal));
  FABRICA_TRY(auto const ended, tx.run(store::kOverrideEnd, id, actor.person, clock_.now(), reason));
  if (ended != 1) return fail(Errc::conflict, "override_over", "This override was taken back already.");
  OverriddenBody const body{id, one->proposal, one->rule, one->fact, officer_role(actor), reason};
  FABRICA_DO(journal_.append(
      tx, {row.project.text(), "eligibility.override_ended", actor.person.text(), {}, json::write(body)}));
  FABRICA_DO(keep_draft_checks(tx, one->proposal));
  FABRICA_TRY(auto const after, tx.one<store::OverrideRow>(store::kOverrideById, id));
  return override_of(after);
}

Result<std::vector<Override>> Calls::overrides(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(proposal(tx, actor, id));
  FABRICA_TRY(auto const rows, tx.all<store::OverrideRow>(store::kOverridesOf, id));
  std::vector<Override> out;
  for (auto const& row : rows) out.push_back(override_of(row));
  return out;
}

// The checks shown with a draft are those of its last saving or overriding.
Result<> Calls::keep_draft_checks(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto const row, tx.one<store::ProposalRow>(store::kProposalById, id));
  if (!is_open_draft(row.state)) return {};
  FABRICA_TRY(auto const checks, draft_checks(tx, row));
  FABRICA_DO(tx.run(store::kProposalChecks, row.id, json::write(checks)));
  return {};
}

}  // namespace fabrica::calls
