// Rules of calls, an award taken up, and what is read of it.
#include "awards/service.hpp"

#include <fmt/format.h>

#include "awards/impl/case.hpp"
#include "awards/rules.hpp"
#include "base/check.hpp"
#include "budget/figures.hpp"
#include "schedule/templates.hpp"

namespace fabrica::awards {

using identity::Actor;
using identity::Permission;

namespace {

constexpr Micros kLately = 28 * kDay;

struct RulesBody {
  PublicId call;
  std::int64_t version = 0;
  AwardRules rules{};
};
BOOST_DESCRIBE_STRUCT(RulesBody, (), (call, version, rules))

struct OpenedBody {
  PublicId award;
  Time clock_due;
  std::int64_t periods = 0;
  std::optional<Time> report_due;
  std::string rules_source;
};
BOOST_DESCRIBE_STRUCT(OpenedBody, (), (award, clock_due, periods, report_due, rules_source))

struct SplitBody {
  PublicId award;
  std::vector<PeriodDraft> periods;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(SplitBody, (), (award, periods, reason))

// Half of an award's time at most passes before it begins to count.
Micros clock_due(Micros granted, Micros length, AwardRules const& rules) {
  return granted + std::min(rules.access_days_max * kDay, length / 2);
}

}  // namespace

Result<AwardRules> Awards::rules_for(db::Tx& tx, PublicId const& call, std::optional<std::string> const& mode) {
  FABRICA_TRY(auto const declared, tx.maybe<std::string>(store::kRulesOf, call));
  if (declared) return json::read<AwardRules>(*declared);
  AwardRules out;
  out.source = "defaults of the program: the call declares no rules for its awards";
  auto const* known = mode ? schedule::find_template(schedule::templates(), *mode) : nullptr;
  if (known == nullptr || !known->conditions) return out;
  auto const& said = *known->conditions;
  out.source =
      fmt::format("template {} ({}); what it does not say: defaults of the program", known->key, known->source);
  out.extension_months_max = said.extension_months.value_or(out.extension_months_max);
  if (said.extension_share) out.more_percent_max = static_cast<std::int64_t>(*said.extension_share * 100 + 0.5);
  out.report_months = said.final_report_months.value_or(out.report_months);
  out.source.resize(std::min<std::size_t>(out.source.size(), 1000));
  return out;
}

Result<AwardRules> Awards::set_rules(db::Tx& tx, Actor const& actor, PublicId const& call, AwardRules const& rules) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_DO(p_.calls.get(tx, actor, call));
  FABRICA_DO(check(rules));
  FABRICA_TRY(auto const last, tx.one<std::int64_t>(store::kRulesVersion, call));
  RulesBody const body{call, last + 1, rules};
  FABRICA_DO(tx.run(store::kRulesInsert, call, body.version, json::write(rules), actor.person, Time{p_.clock.now()}));
  FABRICA_DO(p_.journal.append(
      tx, {std::string{journal::kFactoryChain}, "award.rules_set", actor.person.text(), {}, json::write(body)}));
  return rules;
}

Result<AwardRules> Awards::rules(db::Tx& tx, Actor const& actor, PublicId const& call) {
  FABRICA_TRY(auto const found, p_.calls.get(tx, actor, call));
  return rules_for(tx, call, found.access_mode);
}

Result<store::TermsRow> Awards::terms_for(db::Tx& tx, calls::Holding const& in) {
  FABRICA_TRY(auto const rules, rules_for(tx, in.call, in.access_mode));
  auto const micro = in.amount_units * budget::kMicroUnits;
  auto const due = clock_due(in.starts.us, in.ends.us - in.starts.us, rules);
  return store::TermsRow{in.id,
                         in.project,
                         json::write(rules),
                         in.starts,
                         ClockState::waiting,
                         "",
                         Time{due},
                         in.starts,
                         in.ends,
                         in.ends,
                         micro,
                         micro,
                         0,
                         0,
                         0};
}

Result<> Awards::ensure(db::Tx& tx, PublicId const& award) {
  FABRICA_TRY(bool const first, p_.outcomes.follow(tx, award));
  if (first) return take_up(tx, award);
  return {};
}

Result<> Awards::take_up(db::Tx& tx, PublicId const& award) {
  FABRICA_TRY(auto const holding, p_.outcomes.holding(tx, award));
  FABRICA_TRY(auto const terms, terms_for(tx, holding));
  FABRICA_TRY(auto const rules, json::read<AwardRules>(terms.rules));
  FABRICA_DO(tx.run(store::kTermsInsert, award, holding.project, terms.rules, terms.granted_us, terms.clock_due_us,
                    terms.starts_us, terms.ends_us, terms.base_ends_us, terms.original_micro, terms.amount_micro,
                    Time{p_.clock.now()}));
  auto const days = (holding.ends.us - holding.starts.us) / kDay;
  std::vector<std::pair<std::int64_t, std::int64_t>> plan;
  for (auto const& one : even_periods(days, holding.amount_units, rules.period_days.value_or(days)))
    plan.emplace_back(one.days, one.amount_units * budget::kMicroUnits);
  FABRICA_DO(open_periods(tx, holding, terms, plan));
  OpenedBody body{award, terms.clock_due_us, static_cast<std::int64_t>(plan.size()), {}, rules.source};
  if (rules.report) {
    body.report_due = Time{add_months(holding.ends.us, rules.report_months)};
    FABRICA_DO(tx.run(store::kReportInsert, award, holding.project, *body.report_due));
  }
  FABRICA_DO(p_.journal.append(tx, in_project(holding.project, "award.opened", journal::kProgram, json::write(body))));
  return {};
}

// The first period keeps the award's account; what belongs to the others leaves it now.
Result<> Awards::open_periods(db::Tx& tx, calls::Holding const& holding, store::TermsRow const& terms,
                              std::vector<std::pair<std::int64_t, std::int64_t>> const& plan) {
  auto at = terms.starts_us.us;
  for (std::size_t place = 0; place < plan.size(); ++place) {
    auto const number = static_cast<std::int64_t>(place) + 1;
    auto const& [days, micro] = plan[place];
    auto const ends = number == static_cast<std::int64_t>(plan.size()) ? terms.ends_us.us : at + days * kDay;
    auto account = holding.account;
    if (number > 1) {
      auto const owner = fmt::format("{}/{}", holding.id.text(), number);
      FABRICA_TRY(auto const own, p_.budget.open_account(tx, owner, budget::AccountKind::award, holding.unit));
      if (micro > 0)
        FABRICA_DO(p_.budget.transfer(tx, {fmt::format("period/{}/{}/opened", holding.id.text(), number), account,
                                           own.id, micro, "period", holding.id.text()}));
      account = own.id;
    }
    FABRICA_DO(tx.run(store::kPeriodInsert, holding.id, number, Time{at}, Time{ends}, micro, account,
                      number == 1 ? PeriodState::current : PeriodState::coming));
    at = ends;
  }
  return {};
}

Result<Awards::Case> Awards::load(db::Tx& tx, PublicId const& award) {
  FABRICA_TRY(auto holding, p_.outcomes.holding(tx, award));
  FABRICA_TRY(auto terms, tx.maybe<store::TermsRow>(store::kTerms, award));
  if (!terms) {
    // Nobody took it up yet, and who only reads changes nothing: as it will be.
    FABRICA_TRY(terms, terms_for(tx, holding));
  }
  FABRICA_TRY(auto rules, json::read<AwardRules>(terms->rules));
  FABRICA_TRY(auto periods, tx.all<store::PeriodRow>(store::kPeriods, award));
  return Case{std::move(holding), *std::move(terms), std::move(rules), std::move(periods)};
}

Result<Awards::Case> Awards::load(db::Tx& tx, Actor const& actor, PublicId const& award, Permission permission) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto at, load(tx, award));
  FABRICA_DO(p_.projects.require(tx, actor, at.holding.project, permission));
  return at;
}

Result<Ledger> Awards::ledger(db::Tx& tx, Case const& at) {
  FABRICA_TRY(auto const accounts, budget::accounts_of(tx, at.id().text()));
  Ledger out;
  out.awarded_micro = at.terms.amount_micro;
  out.returned_micro = at.terms.returned_micro;
  for (auto const& one : accounts) switch (one.kind) {
      case budget::AccountKind::award:
        out.balance_micro += one.balance_micro;
        out.held_micro += one.held_micro;
        break;
      case budget::AccountKind::consumed: out.used_micro += one.balance_micro; break;
      case budget::AccountKind::overrun: out.overrun_micro -= one.balance_micro; break;
      case budget::AccountKind::expired: out.expired_micro += one.balance_micro; break;
      case budget::AccountKind::source:
      case budget::AccountKind::capacity: break;
    }
  return out;
}

Result<std::vector<Period>> Awards::periods(db::Tx& tx, Case const& at) {
  std::vector<Period> out;
  for (auto const& row : at.periods) {
    FABRICA_TRY(auto const account, p_.budget.account(tx, row.account_id));
    Period one{row.number, row.starts_us,         row.ends_us,        row.amount_micro,
               row.state,  account.balance_micro, account.held_micro, 0,
               0};
    FABRICA_TRY(auto const accounts, budget::accounts_of(tx, account.owner));
    for (auto const& other : accounts) {
      if (other.owner != account.owner) continue;
      if (other.kind == budget::AccountKind::consumed) one.used_micro = other.balance_micro;
      if (other.kind == budget::AccountKind::overrun) one.overrun_micro = -other.balance_micro;
    }
    out.push_back(std::move(one));
  }
  return out;
}

Result<Standing> Awards::standing(db::Tx& tx, Case const& at) {
  FABRICA_TRY(auto const jobs, p_.jobs.of_award(tx, at.id()));
  FABRICA_TRY(auto const sums, ledger(tx, at));
  auto const now = p_.clock.now();
  StandingFacts facts{now,
                      at.terms.clock,
                      at.terms.starts_us.us,
                      at.terms.ends_us.us,
                      sums,
                      0,
                      std::max(at.terms.starts_us.us, now - kLately),
                      jobs.last_active};
  FABRICA_TRY(auto const accounts, budget::accounts_of(tx, at.id().text()));
  for (auto const& one : accounts) {
    if (one.kind != budget::AccountKind::consumed) continue;
    FABRICA_TRY(auto const flow, budget::net_flow(tx, one.id, facts.lately_from, now + 1));
    facts.used_lately_micro += std::max<std::int64_t>(0, flow);
  }
  return standing_of(facts, at.rules, unit_name(at.holding.unit));
}

std::string Awards::acknowledgement_of(Case const& at) const {
  return acknowledgement(at.rules,
                         {at.id().text(), at.holding.proposal.text(), at.holding.call_title, at.holding.partition});
}

Result<AwardLife> Awards::life(db::Tx& tx, Case const& at) {
  auto const& in = at.holding;
  FABRICA_TRY(auto sums, ledger(tx, at));
  FABRICA_TRY(auto all, periods(tx, at));
  FABRICA_TRY(auto now, standing(tx, at));
  FABRICA_TRY(auto const report, tx.maybe<store::ReportRow>(store::kReport, at.id()));
  return AwardLife{in.id,
                   in.project,
                   in.proposal,
                   in.call,
                   in.partition,
                   in.unit,
                   at.terms.clock,
                   at.terms.clock_cause,
                   at.terms.clock_due_us,
                   at.terms.starts_us,
                   at.terms.ends_us,
                   sums,
                   std::move(all),
                   std::move(now),
                   at.rules,
                   acknowledgement_of(at),
                   report ? std::optional{report->due_us} : std::nullopt,
                   report ? std::optional{report->state} : std::nullopt};
}

Result<AwardLife> Awards::award(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_TRY(auto const at, load(tx, actor, id, Permission::view_project));
  return life(tx, at);
}

Result<AwardLife> Awards::split(db::Tx& tx, Actor const& actor, PublicId const& id, SplitDraft const& draft) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_DO(p_.outcomes.holding(tx, id));
  FABRICA_DO(ensure(tx, id));
  FABRICA_TRY(auto const at, load(tx, id));
  if (at.terms.clock == ClockState::ended) return fail(Errc::conflict, "award_ended", "The award has ended.");
  std::int64_t days = 0, units = 0;
  for (auto const& one : draft.periods) {
    days += one.days;
    units += one.amount_units;
  }
  auto const length = (at.terms.ends_us.us - at.terms.starts_us.us) / kDay;
  auto const whole = at.terms.amount_micro / budget::kMicroUnits;
  if (days != length || units != whole)
    return fail(Errc::invalid, "periods",
                fmt::format("The periods make {} days and {} units; the award has {} days and {} units.", days, units,
                            length, whole),
                {{"/periods", "do not add up to the award"}});
  FABRICA_TRY(auto const gone, tx.run(store::kPeriodsDelete, id));
  if (gone != 1)
    return fail(Errc::conflict, "periods_set", "The award is in periods already, or its only one is over.");
  std::vector<std::pair<std::int64_t, std::int64_t>> plan;
  for (auto const& one : draft.periods) plan.emplace_back(one.days, one.amount_units * budget::kMicroUnits);
  plan.front().second += at.terms.amount_micro % budget::kMicroUnits;
  FABRICA_DO(open_periods(tx, at.holding, at.terms, plan));
  FABRICA_DO(tx.run(store::kTermsNext, id, std::optional{Time{p_.clock.now()}}));
  SplitBody const body{id, draft.periods, draft.reason};
  FABRICA_DO(
      p_.journal.append(tx, in_project(at.holding.project, "award.split", actor.person.text(), json::write(body))));
  FABRICA_TRY(auto const again, load(tx, id));
  return life(tx, again);
}

Result<calls::ChargedTo> Awards::charged_to(db::Tx& tx, PublicId const& project, std::string_view partition) {
  FABRICA_TRY(auto const all, p_.outcomes.awards_of_project(tx, project));
  for (auto const& one : all) FABRICA_DO(ensure(tx, one));
  return p_.calls.charged_to(tx, project, partition);
}

}  // namespace fabrica::awards
