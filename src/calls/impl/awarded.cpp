// What the module above does to awards after they were decided.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "calls/impl/store.hpp"
#include "calls/outcomes.hpp"

namespace fabrica::calls {

Result<Holding> Outcomes::holding(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto const row, tx.maybe<store::HoldingRow>(store::kHolding, id));
  if (!row) return fail(Errc::not_found, "award", fmt::format("There is no award {}.", id.text()));
  FABRICA_TRY(auto const rules, json::read<store::Rules>(row->rules));
  return Holding{row->id,
                 row->project,
                 row->proposal,
                 row->call,
                 row->call_title,
                 rules.access_mode,
                 row->kind == CallKind::reviewed ? std::optional{row->round} : std::nullopt,
                 row->offer,
                 row->partition_name,
                 row->unit,
                 row->amount_units,
                 row->account_id,
                 row->starts_us,
                 row->ends_us};
}

Result<std::vector<PublicId>> Outcomes::awards_of_project(db::Tx& tx, PublicId const& project) {
  return tx.all<PublicId>(store::kAwardIdsOf, project);
}

Result<std::optional<PublicId>> Outcomes::unfollowed(db::Tx& tx) { return tx.maybe<PublicId>(store::kAwardUnfollowed); }

Result<bool> Outcomes::follow(db::Tx& tx, PublicId const& award) {
  FABRICA_TRY(auto const changed, tx.run(store::kAwardFollow, award));
  return changed == 1;
}

Result<> Outcomes::set_award_time(db::Tx& tx, PublicId const& award, Time starts, Time ends) {
  FABRICA_CHECK(starts < ends);
  FABRICA_TRY(auto const changed, tx.run(store::kAwardTime, award, starts, ends));
  FABRICA_CHECK(changed == 1);
  return {};
}

Result<> Outcomes::set_award_account(db::Tx& tx, PublicId const& award, budget::AccountId account) {
  FABRICA_TRY(auto const changed, tx.run(store::kAwardAccount, award, account));
  FABRICA_CHECK(changed == 1);
  return {};
}

Result<budget::Account> Outcomes::capacity_of(db::Tx& tx, PublicId const& offer) {
  return budget_.find_account(tx, offer.text(), budget::AccountKind::capacity);
}

Result<> Outcomes::serve_offer(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto const row, tx.one<store::OfferRow>(store::kOfferById, id));
  FABRICA_TRY(auto const call, calls_.load_call(tx, row.call_public_id));
  if (call.kind != CallKind::first_come || call.state != CallState::published) return {};
  auto const offer = std::ranges::find(call.offers, id, &Offer::id);
  FABRICA_CHECK(offer != call.offers.end());
  return calls_.serve_line(tx, *offer);
}

Result<std::vector<PublicId>> Outcomes::open_proposals(db::Tx& tx, PublicId const& project) {
  return tx.all<PublicId>(store::kProposalsOpen, project);
}

}  // namespace fabrica::calls
