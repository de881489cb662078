// Requests: small proposals about an award, and what is done when one is granted.
#include <fmt/format.h>

#include "awards/impl/case.hpp"
#include "awards/letters.hpp"
#include "awards/rules.hpp"
#include "base/check.hpp"
#include "crypto/sha256.hpp"
#include "projects/lookup.hpp"

namespace fabrica::awards {

using calls::Check;
using calls::Outcome;
using identity::Actor;
using identity::Permission;

struct Awards::Asked {
  store::RequestRow row;
  Case at;
};

namespace {

struct MadeBody {
  PublicId request;
  PublicId award;
  RequestKind kind{};
  std::optional<std::int64_t> days;
  std::optional<std::int64_t> units;
  std::optional<PublicId> to_award;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(MadeBody, (), (request, award, kind, days, units, to_award, reason))

struct DecidedBody {
  PublicId request;
  PublicId award;
  RequestKind kind{};
  RequestState state{};
  std::optional<std::int64_t> days;
  std::optional<std::int64_t> units;
  std::optional<PublicId> to_award;
  std::optional<std::int64_t> factor_millionths;
  Time ends;
  std::string reason;
  std::string letter_sha256;
};
BOOST_DESCRIBE_STRUCT(DecidedBody, (),
                      (request, award, kind, state, days, units, to_award, factor_millionths, ends, reason,
                       letter_sha256))

struct WithdrawnBody {
  PublicId request;
  PublicId award;
};
BOOST_DESCRIBE_STRUCT(WithdrawnBody, (), (request, award))

Result<Request> request_of(store::RequestRow const& row) {
  FABRICA_TRY(auto checks, json::read<std::vector<Check>>(row.checks));
  return Request{row.public_id,     row.award,
                 row.project,       row.kind,
                 row.state,         row.days,
                 row.units,         row.to_award,
                 row.reason,        std::move(checks),
                 row.made_us,       row.granted_days,
                 row.granted_units, row.factor_millionths,
                 row.answer,        row.decided_us,
                 row.letter};
}

std::string pointer_of(std::string_view rule) {
  if (rule == "extension_length" || rule == "ends_ahead") return "/days";
  if (rule == "more_share" || rule == "available" || rule == "capacity") return "/units";
  if (rule == "target") return "/to_award";
  if (rule == "factor") return "/factor_millionths";
  return "";
}

// `unknown` stops a decision as a failure does: what is not said never passes.
Result<> need_passes(std::vector<Check> const& checks, bool deciding) {
  std::vector<Fault> faults;
  std::string text;
  for (auto const& one : checks) {
    if (one.outcome == Outcome::pass || (one.outcome == Outcome::unknown && !deciding)) continue;
    text += fmt::format("{}{}: {} {}", text.empty() ? "" : " ", one.rule, one.fact, one.remedy);
    faults.push_back({pointer_of(one.rule), one.remedy});
  }
  if (faults.empty()) return {};
  return fail(Errc::conflict, "request_rules", text, std::move(faults));
}

Result<> require_open(store::RequestRow const& row) {
  if (row.state == RequestState::open) return {};
  return fail(Errc::conflict, "request_state", fmt::format("This request is {} already.", db::enum_name(row.state)));
}

}  // namespace

Result<> Awards::not_own(db::Tx& tx, Actor const& actor, PublicId const& project) const {
  FABRICA_TRY(auto const found, projects::find_project(tx, project));
  for (auto const& grant : actor.grants)
    if (grant.scope == project.text() || grant.scope == found.organisation.text())
      return fail(Errc::forbidden, "own_project", "You have a part in this project: somebody else decides this.");
  return {};
}

Result<RequestFacts> Awards::facts_of(db::Tx& tx, Case const& at, std::optional<PublicId> const& to_award) {
  RequestFacts out;
  out.now = p_.clock.now();
  out.clock = at.terms.clock;
  out.ends = at.terms.ends_us.us;
  out.base_ends = at.terms.base_ends_us.us;
  out.extensions = at.terms.extensions;
  out.original_micro = at.terms.original_micro;
  out.more_micro = at.terms.more_micro;
  out.rules = at.rules;
  if (auto const* current = at.in_state(PeriodState::current)) {
    FABRICA_TRY(auto const account, p_.budget.account(tx, current->account_id));
    out.available_micro = account.available_micro();
  }
  FABRICA_TRY(auto const capacity, p_.outcomes.capacity_of(tx, at.holding.offer));
  out.capacity_micro = capacity.available_micro();
  if (!to_award) return out;
  auto const to = p_.outcomes.holding(tx, *to_award);
  if (!to && to.error().code != Errc::not_found) return std::unexpected(to.error());
  if (!to) return out;
  FABRICA_DO(ensure(tx, *to_award));
  FABRICA_TRY(auto const other, load(tx, *to_award));
  FABRICA_TRY(auto const there, p_.outcomes.capacity_of(tx, to->offer));
  out.target = Target{to->project == at.holding.project,
                      to->offer == at.holding.offer,
                      to->partition == at.holding.partition,
                      to->id == at.id(),
                      other.terms.clock,
                      there.available_micro()};
  return out;
}

Result<Request> Awards::ask(db::Tx& tx, Actor const& actor, PublicId const& award, RequestDraft const& draft) {
  FABRICA_DO(check(draft));
  FABRICA_DO(load(tx, actor, award, Permission::lead_project));
  FABRICA_DO(ensure(tx, award));
  FABRICA_TRY(auto const at, load(tx, award));
  FABRICA_TRY(auto const facts, facts_of(tx, at, draft.to_award));
  auto const checks =
      check_request({draft.kind, draft.days.value_or(0), draft.units.value_or(0), facts.now, {}}, facts, false);
  FABRICA_DO(need_passes(checks, false));
  FABRICA_TRY(auto const open, tx.maybe<PublicId>(store::kRequestOpen, award, draft.kind));
  if (open)
    return fail(Errc::conflict, "request_open",
                fmt::format("The request {} of this kind waits for a decision: withdraw it first.", open->text()));
  auto const id = PublicId::make(facts.now, p_.random);
  FABRICA_DO(tx.run(store::kRequestInsert, id, award, at.holding.project, draft.kind, draft.days, draft.units,
                    draft.to_award, draft.reason, json::write(checks), actor.person, Time{facts.now}));
  MadeBody const body{id, award, draft.kind, draft.days, draft.units, draft.to_award, draft.reason};
  FABRICA_DO(p_.journal.append(
      tx, in_project(at.holding.project, "award_request.made", actor.person.text(), json::write(body))));
  FABRICA_TRY(auto const row, tx.one<store::RequestRow>(store::kRequest, id));
  return request_of(row);
}

Result<Awards::Asked> Awards::load_request(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto row, tx.maybe<store::RequestRow>(store::kRequest, id));
  if (!row) return fail(Errc::not_found, "request", fmt::format("There is no request {}.", id.text()));
  FABRICA_TRY(auto at, load(tx, row->award));
  return Asked{*std::move(row), std::move(at)};
}

Result<Request> Awards::withdraw(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const asked, load_request(tx, id));
  FABRICA_DO(p_.projects.require(tx, actor, asked.row.project, Permission::lead_project));
  FABRICA_DO(require_open(asked.row));
  FABRICA_TRY(auto const done,
              tx.run(store::kRequestDecide, id, *next(kRequestSteps, asked.row.state, RequestEvent::withdraw),
                     asked.row.checks, asked.row.granted_days, asked.row.granted_units, asked.row.factor_millionths, "",
                     actor.person, Time{p_.clock.now()}, "", "", ""));
  if (done != 1) return fail(Errc::conflict, "request_state", "The request changed meanwhile: read it again.");
  FABRICA_DO(tx.run(store::kTermsNext, asked.row.award, std::optional{Time{p_.clock.now()}}));
  FABRICA_DO(p_.journal.append(tx, in_project(asked.row.project, "award_request.withdrawn", actor.person.text(),
                                              json::write(WithdrawnBody{id, asked.row.award}))));
  FABRICA_TRY(auto const row, tx.one<store::RequestRow>(store::kRequest, id));
  return request_of(row);
}

Result<Request> Awards::grant(db::Tx& tx, Actor const& actor, PublicId const& id, GrantDraft const& draft) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const asked, load_request(tx, id));
  FABRICA_DO(may_decide(tx, actor, asked));
  FABRICA_TRY(auto const facts, facts_of(tx, asked.at, asked.row.to_award));
  FABRICA_TRY(auto const request, request_of(asked.row));
  FABRICA_DO(check(draft, request));
  auto whole = draft;
  if (!whole.days) whole.days = request.days;
  if (!whole.units) whole.units = request.units;
  Ask const ask{request.kind, whole.days.value_or(0), whole.units.value_or(0), request.made.us,
                draft.factor_millionths};
  auto const checks = check_request(ask, facts, true);
  FABRICA_DO(need_passes(checks, true));
  FABRICA_DO(carry_out(tx, asked, whole));
  return decide(tx, actor, asked, true, whole, checks);
}

Result<Request> Awards::refuse(db::Tx& tx, Actor const& actor, PublicId const& id, Reason const& reason) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const asked, load_request(tx, id));
  FABRICA_DO(may_decide(tx, actor, asked));
  return decide(tx, actor, asked, false, {{}, {}, {}, reason.reason}, {});
}

Result<> Awards::may_decide(db::Tx& tx, Actor const& actor, Asked const& asked) const {
  FABRICA_DO(not_own(tx, actor, asked.row.project));
  if (asked.row.made_by == actor.person)
    return fail(Errc::forbidden, "own_request", "You made this request: somebody else decides it.");
  return require_open(asked.row);
}

// The state, the letter and the statement; the effects are done in the same transaction.
Result<Request> Awards::decide(db::Tx& tx, Actor const& actor, Asked const& asked, bool granted,
                               GrantDraft const& grant, std::vector<Check> const& checks) {
  auto const now = p_.clock.now();
  auto const& row = asked.row;
  auto const state = *next(kRequestSteps, row.state, granted ? RequestEvent::grant : RequestEvent::refuse);
  FABRICA_TRY(auto const at, load(tx, row.award));
  FABRICA_TRY(auto const project, projects::find_project(tx, row.project));
  RequestLetter letter;
  FABRICA_TRY(letter.request, request_of(row));
  letter.request.state = state;
  letter.request.checks = checks;
  letter.request.granted_days = grant.days;
  letter.request.granted_units = grant.units;
  letter.request.factor_millionths = grant.factor_millionths;
  letter.request.answer = grant.reason;
  letter.call_title = at.holding.call_title;
  letter.title = project.title;
  letter.partition = at.holding.partition;
  letter.unit = unit_name(at.holding.unit);
  letter.ends = at.terms.ends_us;
  letter.made = Time{now};
  if (row.to_award) {
    FABRICA_TRY(auto const to, p_.outcomes.holding(tx, *row.to_award));
    letter.to_partition = to.partition;
    letter.to_unit = unit_name(to.unit);
  }
  auto const text = letter_text(letter);
  auto const html = awards::letter_html(letter);
  auto const digest = crypto::sha256(html).hex();
  FABRICA_TRY(auto const done,
              tx.run(store::kRequestDecide, row.public_id, state, json::write(checks), grant.days, grant.units,
                     grant.factor_millionths, grant.reason, actor.person, Time{now}, text, html, digest));
  if (done != 1) return fail(Errc::conflict, "request_state", "The request changed meanwhile: read it again.");
  FABRICA_DO(tx.run(store::kTermsNext, row.award, std::optional{Time{now}}));
  DecidedBody const body{row.public_id,    row.award,    row.kind,     state,
                         grant.days,       grant.units,  row.to_award, grant.factor_millionths,
                         at.terms.ends_us, grant.reason, digest};
  FABRICA_DO(p_.journal.append(tx, in_project(row.project, "award_request.decided", actor.person.text(),
                                              json::write(body), {{"letter:" + row.public_id.text(), digest}})));
  FABRICA_TRY(auto const again, tx.one<store::RequestRow>(store::kRequest, row.public_id));
  return request_of(again);
}

Result<> Awards::carry_out(db::Tx& tx, Asked const& asked, GrantDraft const& grant) {
  auto const& at = asked.at;
  auto const micro = grant.units.value_or(0) * budget::kMicroUnits;
  auto const client = fmt::format("request/{}", asked.row.public_id.text());
  auto const* current = at.in_state(PeriodState::current);
  FABRICA_CHECK(current != nullptr);  // what ended is refused by the rules of every kind
  switch (asked.row.kind) {
    case RequestKind::extend_time: return extend(tx, at, *grant.days * kDay);
    case RequestKind::more_hours: {
      FABRICA_TRY(auto const capacity, p_.outcomes.capacity_of(tx, at.holding.offer));
      FABRICA_DO(p_.budget.transfer(
          tx, {client, capacity.id, current->account_id, micro, "more hours granted", asked.row.public_id.text()}));
      return change_amount(tx, at, micro, micro);
    }
    case RequestKind::transfer_hours: return transfer(tx, asked, micro, grant.factor_millionths.value_or(1'000'000));
    case RequestKind::give_back:
      FABRICA_DO(
          give_to_capacity(tx, at, client, current->account_id, micro, "given back", asked.row.public_id.text()));
      FABRICA_DO(change_amount(tx, at, -micro, 0));
      return hours_freed(tx, at.holding, "hours were given back");
  }
  std::unreachable();
}

Result<> Awards::change_amount(db::Tx& tx, Case const& at, std::int64_t micro, std::int64_t more_micro) {
  FABRICA_TRY(auto const changed, tx.run(store::kTermsAmount, at.id(), at.terms.amount_micro, micro, more_micro,
                                         std::optional{Time{p_.clock.now()}}));
  if (changed != 1) return fail(Errc::conflict, "award_changed", "The award changed meanwhile: read it again.");
  return {};
}

// The last period is the one that gets longer; when the report is due follows.
Result<> Awards::extend(db::Tx& tx, Case const& at, Micros by) {
  Time const ends{at.terms.ends_us.us + by};
  FABRICA_TRY(auto const changed,
              tx.run(store::kTermsExtend, at.id(), at.terms.ends_us, ends, std::optional{Time{p_.clock.now()}}));
  if (changed != 1) return fail(Errc::conflict, "award_changed", "The award changed meanwhile: read it again.");
  FABRICA_DO(tx.run(store::kPeriodEnds, at.id(), at.periods.back().number, ends));
  FABRICA_DO(tx.run(store::kReportDue, at.id(), Time{add_months(ends.us, at.rules.report_months)}));
  return p_.outcomes.set_award_time(tx, at.id(), at.terms.starts_us, ends);
}

// Out of the one offer's award into its capacity, and out of the other's capacity into its award: units of two
// partitions never meet in one transfer, and what is taken there must be there.
Result<> Awards::transfer(db::Tx& tx, Asked const& asked, std::int64_t micro, std::int64_t factor_millionths) {
  FABRICA_TRY(auto const to, load(tx, *asked.row.to_award));
  auto const* from = asked.at.in_state(PeriodState::current);
  auto const* into = to.in_state(PeriodState::current);
  FABRICA_CHECK(from != nullptr && into != nullptr);
  auto const there = converted_micro(micro, factor_millionths);
  auto const client = fmt::format("request/{}", asked.row.public_id.text());
  auto const reference = asked.row.public_id.text();
  FABRICA_DO(
      give_to_capacity(tx, asked.at, client + "/out", from->account_id, micro, "moved to another award", reference));
  FABRICA_TRY(auto const capacity, p_.outcomes.capacity_of(tx, to.holding.offer));
  FABRICA_DO(p_.budget.transfer(
      tx, {client + "/in", capacity.id, into->account_id, there, "moved from another award", reference}));
  FABRICA_DO(change_amount(tx, asked.at, -micro, 0));
  FABRICA_DO(change_amount(tx, to, there, 0));
  if (to.holding.offer == asked.at.holding.offer) return {};
  return hours_freed(tx, asked.at.holding, "hours were moved to another partition");
}

Result<Request> Awards::request(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const asked, load_request(tx, id));
  FABRICA_DO(p_.projects.require(tx, actor, asked.row.project, Permission::view_project));
  return request_of(asked.row);
}

Result<std::vector<Request>> Awards::requests(db::Tx& tx, Actor const& actor, PublicId const& award) {
  FABRICA_DO(load(tx, actor, award, Permission::view_project));
  FABRICA_TRY(auto const rows, tx.all<store::RequestRow>(store::kRequestsOf, award));
  std::vector<Request> out;
  for (auto const& row : rows) {
    FABRICA_TRY(auto one, request_of(row));
    out.push_back(std::move(one));
  }
  return out;
}

Result<std::vector<Request>> Awards::open_requests(db::Tx& tx, Actor const& actor, PublicId const& after,
                                                   std::int64_t limit) {
  FABRICA_DO(identity::authorise(actor, Permission::view_factory));
  FABRICA_TRY(auto const rows, tx.all<store::RequestRow>(store::kRequestsOpen, after, limit));
  std::vector<Request> out;
  for (auto const& row : rows) {
    FABRICA_TRY(auto one, request_of(row));
    out.push_back(std::move(one));
  }
  return out;
}

Result<std::string> Awards::letter_html(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const asked, load_request(tx, id));
  FABRICA_DO(p_.projects.require(tx, actor, asked.row.project, Permission::view_project));
  if (asked.row.letter_html.empty()) return fail(Errc::not_found, "letter", "This request has no letter.");
  return asked.row.letter_html;
}

}  // namespace fabrica::awards
