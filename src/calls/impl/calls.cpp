// Calls, rounds and offers.
#include <fmt/format.h>

#include "base/check.hpp"
#include "calls/impl/data_store.hpp"
#include "calls/impl/round_maker.hpp"
#include "calls/impl/store.hpp"
#include "calls/rules.hpp"
#include "calls/service.hpp"

namespace fabrica::calls {
namespace {

using identity::Actor;
using identity::Permission;

struct CapacityBody {
  PublicId call;
  PublicId offer;
  std::int64_t from_units = 0;
  std::int64_t to_units = 0;
};
BOOST_DESCRIBE_STRUCT(CapacityBody, (), (call, offer, from_units, to_units))

struct OpenBody {
  PublicId call;
  PublicId offer;
  std::string partition;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(OpenBody, (), (call, offer, partition, reason))

journal::Statement about(std::string_view kind, Actor const& actor, std::string body) {
  return {std::string{journal::kFactoryChain}, std::string{kind}, actor.person.text(), {}, std::move(body)};
}

Offer offer_with(store::OfferRow const& row, std::int64_t left_micro) {
  return {row.public_id,
          row.partition_name,
          row.unit,
          row.min_units,
          row.max_units,
          row.capacity_units,
          static_cast<double>(left_micro) / budget::kMicroUnits,
          row.is_open};
}

// A call's form is looked up under its key; a fault is seen from the draft that names it.
Error at_draft(Error error, std::string_view pointer) {
  if (error.code != Errc::not_found) return error;
  error.code = Errc::invalid;
  if (error.reason == "form") error.reason = "input";
  error.faults = {{std::string{pointer}, error.what}};
  return error;
}

Result<schedule::Round> first_round(ReviewedRules const& rules, Micros from) {
  FABRICA_TRY(auto const schedule, schedule::Schedule::of(rules.schedule));
  auto const cutoff = schedule.next_cutoff(from);
  auto const rounds = cutoff ? schedule.rounds(*cutoff - 1, *cutoff) : std::vector<schedule::Round>{};
  if (rounds.empty() || !rounds.front().closes)
    return fail(Errc::invalid, "schedule", "The schedule has no cut-off to come.",
                {{"/reviewed/schedule", "no cut-off after now and after the call's opening"}});
  return rounds.front();
}

}  // namespace

Result<store::Rules> Calls::rules_from(db::Tx& tx, CallDraft const& draft) {
  store::Rules out{draft.summary,
                   draft.access_mode,
                   draft.duration_days_max,
                   draft.answer_working_days,
                   draft.organisation_kinds,
                   draft.countries,
                   draft.source,
                   draft.reviewed,
                   draft.offers,
                   draft.form,
                   draft.form_digest,
                   draft.eligibility};
  auto const bind = [&](std::string const& key, std::optional<std::string>& digest,
                        std::string_view pointer) -> Result<> {
    auto bound = forms_.bind(tx, key, digest, clock_.now());
    if (!bound) return std::unexpected(at_draft(bound.error(), pointer));
    digest = bound->digest;
    return {};
  };
  if (out.reviewed) FABRICA_DO(bind(out.reviewed->form, out.reviewed->form_digest, "/reviewed/form"));
  if (out.form) FABRICA_DO(bind(*out.form, out.form_digest, "/form"));
  return out;
}

Result<std::optional<BoundForm>> Calls::form_of(db::Tx& tx, store::Rules const& rules) {
  if (!rules.reviewed && !rules.form) return std::optional<BoundForm>{};
  FABRICA_TRY(auto bound, rules.reviewed ? forms_.of(tx, rules.reviewed->form, rules.reviewed->form_digest)
                                         : forms_.of(tx, *rules.form, rules.form_digest));
  return std::optional{std::move(bound)};
}

Result<std::optional<BoundForm>> Calls::form_of(db::Tx& tx, PublicId const& call, std::int64_t version) {
  FABRICA_TRY(auto const row, tx.maybe<store::CallRow>(store::kCallById, call));
  if (!row) return fail(Errc::not_found, "call", fmt::format("There is no call {}.", call.text()));
  FABRICA_TRY(auto const rules, rules_of(tx, row->id, version));
  return form_of(tx, rules);
}

Result<store::Rules> Calls::rules_of(db::Tx& tx, std::int64_t call, std::int64_t version) {
  FABRICA_TRY(auto const text, tx.one<std::string>(store::kVersionRules, call, version));
  return json::read<store::Rules>(text);
}

Result<Call> Calls::create(db::Tx& tx, Actor const& actor, CallDraft const& draft) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const forms_known, FormShelf::keys(tx));
  FABRICA_DO(calls::check(draft, forms_known));
  auto const now = clock_.now();
  auto const id = PublicId::make(now, random_);
  schedule::Round first{"until further notice", draft.opens, draft.closes, std::nullopt};
  if (draft.reviewed) {
    FABRICA_TRY(first, first_round(*draft.reviewed, std::max(draft.opens.us, now)));
  }
  FABRICA_TRY(auto const bound, rules_from(tx, draft));
  auto const rules = json::write(bound);
  FABRICA_TRY(auto const call, tx.insert(store::kCallInsert, id, draft.title, draft.kind, rules, draft.opens,
                                         draft.closes, draft.demo.value_or(false), now));
  FABRICA_DO(tx.run(store::kVersionInsert, call, 1, rules, actor.person.text(), now));
  auto const opens = std::max(first.opens.value_or(draft.opens).us, draft.opens.us);
  FABRICA_DO((RoundMaker{clock_, random_, budget_}.make(tx, call, 1, first, opens, draft.offers, false)));
  FABRICA_TRY(auto made, load_call(tx, id));
  FABRICA_DO(journal_.append(tx, about("call.drafted", actor, json::write(made))));
  return made;
}

Result<Call> Calls::load_call(db::Tx& tx, PublicId const& id, std::optional<std::int64_t> version) {
  FABRICA_TRY(auto const row, tx.maybe<store::CallRow>(store::kCallById, id));
  if (!row) return fail(Errc::not_found, "call", fmt::format("There is no call {}.", id.text()));
  FABRICA_TRY(auto const rules, rules_of(tx, row->id, version.value_or(row->version)));
  FABRICA_TRY(auto const rows, tx.all<store::OfferRow>(store::kOffersOfRound, row->round_id));
  Call call{row->public_id,
            row->round_public_id,
            row->title,
            rules.summary,
            row->kind,
            row->state,
            version.value_or(row->version),
            rules.access_mode,
            row->opens_us,
            row->closes_us,
            rules.duration_days_max,
            rules.answer_working_days,
            rules.organisation_kinds,
            rules.countries,
            rules.source,
            row->demo,
            {},
            rules.reviewed,
            rules.form,
            rules.form_digest,
            rules.eligibility};
  for (auto const& offer : rows) {
    auto const account = budget_.find_account(tx, offer.public_id.text(), budget::AccountKind::capacity);
    if (!account && account.error().code != Errc::not_found) return std::unexpected(account.error());
    call.offers.push_back(
        offer_with(offer, account ? account->available_micro() : offer.capacity_units * budget::kMicroUnits));
  }
  return call;
}

Result<Call> Calls::publish(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const row, tx.maybe<store::CallRow>(store::kCallById, id));
  if (!row) return fail(Errc::not_found, "call", fmt::format("There is no call {}.", id.text()));
  FABRICA_TRY(auto const rules, json::read<store::Rules>(row->rules));
  if (rules.reviewed) FABRICA_DO(publishable(*rules.reviewed));
  FABRICA_TRY(auto const moved, tx.run(store::kCallMove, row->id, CallState::draft, CallState::published));
  if (moved != 1) return fail(Errc::conflict, "call_state", "Only a draft can be published.");
  FABRICA_DO((RoundMaker{clock_, random_, budget_}.open_capacity(tx, row->round_id)));
  FABRICA_TRY(auto call, load_call(tx, id));
  FABRICA_DO(journal_.append(tx, about("call.published", actor, json::write(call))));
  return call;
}

Result<Call> Calls::amend(db::Tx& tx, Actor const& actor, PublicId const& id, CallDraft const& draft) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const forms_known, FormShelf::keys(tx));
  FABRICA_DO(calls::check(draft, forms_known));
  FABRICA_TRY(auto const row, tx.maybe<store::CallRow>(store::kCallById, id));
  if (!row) return fail(Errc::not_found, "call", fmt::format("There is no call {}.", id.text()));
  if (row->state == CallState::closed)
    return fail(Errc::conflict, "call_state", "A closed call is not amended any more.");
  if (row->kind != draft.kind)
    return fail(Errc::invalid, "call_kind", "A call keeps its kind: close it and publish another.",
                {{"/kind", "changed"}});
  if (draft.reviewed && row->state == CallState::published) FABRICA_DO(publishable(*draft.reviewed));
  FABRICA_TRY(auto const bound, rules_from(tx, draft));
  auto const rules = json::write(bound);
  FABRICA_TRY(auto const moved, tx.run(store::kVersionAdvance, row->id, row->version, row->version + 1, draft.title));
  if (moved != 1) return fail(Errc::conflict, "call_changed", "Somebody amended this call meanwhile: read it again.");
  FABRICA_DO(tx.run(store::kVersionInsert, row->id, row->version + 1, rules, actor.person.text(), clock_.now()));
  FABRICA_TRY(auto call, load_call(tx, id));
  FABRICA_DO(journal_.append(tx, about("call.amended", actor, json::write(call))));
  return call;
}

Result<Call> Calls::close(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const row, tx.maybe<store::CallRow>(store::kCallById, id));
  if (!row) return fail(Errc::not_found, "call", fmt::format("There is no call {}.", id.text()));
  FABRICA_TRY(auto const moved, tx.run(store::kCallMove, row->id, CallState::published, CallState::closed));
  if (moved != 1) return fail(Errc::conflict, "call_state", "Only a published call can be closed.");
  FABRICA_TRY(auto call, load_call(tx, id));
  FABRICA_DO(journal_.append(tx, about("call.closed", actor, json::write(call))));
  return call;
}

Result<Call> Calls::set_capacity(db::Tx& tx, Actor const& actor, PublicId const& id, std::int64_t capacity_units) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  if (capacity_units < 0 || capacity_units > 1'000'000'000)
    return fail(Errc::invalid, "capacity_units", "The capacity is 0 to 1,000,000,000 units.");
  FABRICA_TRY(auto const row, tx.maybe<store::OfferRow>(store::kOfferById, id));
  if (!row) return fail(Errc::not_found, "offer", fmt::format("There is no offer {}.", id.text()));
  FABRICA_TRY(auto const call, load_call(tx, row->call_public_id));
  if (call.state != CallState::published) return fail(Errc::conflict, "call_state", "The call is not published.");
  FABRICA_TRY(auto const changed, tx.run(store::kOfferCapacity, row->id, row->version, capacity_units));
  if (changed != 1)
    return fail(Errc::conflict, "offer_changed", "Somebody changed this offer meanwhile: read it again.");

  FABRICA_TRY(auto const source, budget_.open_account(tx, "factory", budget::AccountKind::source, row->unit));
  FABRICA_TRY(auto const capacity, budget_.open_account(tx, id.text(), budget::AccountKind::capacity, row->unit));
  auto const by = (capacity_units - row->capacity_units) * budget::kMicroUnits;
  budget::TransferRequest move{fmt::format("offer/{}/{}", id.text(), row->version + 1),
                               source.id,
                               capacity.id,
                               by,
                               "capacity of an offer changed",
                               id.text()};
  if (by < 0) std::swap(move.from, move.to);
  move.amount_micro = by < 0 ? -by : by;
  if (by != 0) FABRICA_DO(budget_.transfer(tx, move));
  FABRICA_DO(journal_.append(tx, about("offer.capacity_changed", actor,
                                       json::write(CapacityBody{call.id, id, row->capacity_units, capacity_units}))));
  FABRICA_TRY(auto const again, load_call(tx, call.id));
  for (auto const& offer : again.offers)
    if (offer.id == id) FABRICA_DO(serve_line(tx, offer));
  return load_call(tx, call.id);
}

Result<Call> Calls::set_open(db::Tx& tx, Actor const& actor, PublicId const& id, bool open, std::string const& reason) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const row, tx.maybe<store::OfferRow>(store::kOfferById, id));
  if (!row) return fail(Errc::not_found, "offer", fmt::format("There is no offer {}.", id.text()));
  FABRICA_TRY(auto const call, load_call(tx, row->call_public_id));
  if (call.state == CallState::closed) return fail(Errc::conflict, "call_state", "The call is closed for good.");
  FABRICA_TRY(auto const changed, tx.run(store::kOfferOpen, row->id, open));
  if (changed == 0) return call;  // it is so already
  FABRICA_DO(journal_.append(tx, about(open ? "offer.opened" : "offer.closed", actor,
                                       json::write(OpenBody{call.id, id, row->partition_name, reason}))));
  return load_call(tx, call.id);
}

Result<Call> Calls::get(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_TRY(auto call, load_call(tx, id));
  if (call.state == CallState::draft) FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  return call;
}

Result<std::vector<Call>> Calls::list(db::Tx& tx, Actor const& actor) {
  FABRICA_TRY(auto const rows, tx.all<store::CallRow>(store::kCalls));
  bool const drafts_too = identity::authorise(actor, Permission::manage_calls).has_value();
  std::vector<Call> calls;
  for (auto const& row : rows) {
    if (row.state == CallState::draft && !drafts_too) continue;
    FABRICA_TRY(auto call, load_call(tx, row.public_id));
    calls.push_back(std::move(call));
  }
  return calls;
}

}  // namespace fabrica::calls
