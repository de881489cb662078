#include "calls/impl/round_maker.hpp"

#include <fmt/format.h>

namespace fabrica::calls {

Result<> RoundMaker::make(db::Tx& tx, std::int64_t call, std::int64_t number, schedule::Round const& round,
                          Micros opens, std::vector<OfferDraft> const& offers, bool published) {
  auto const due = round.answer ? std::optional{round.answer->before} : std::nullopt;
  FABRICA_TRY(auto const id, tx.insert(store::kRoundInsert, PublicId::make(clock_.now(), random_), call, number,
                                       round.name, Time{opens}, round.closes, due));
  for (auto const& offer : offers)
    FABRICA_DO(tx.run(store::kOfferInsert, PublicId::make(clock_.now(), random_), id, offer.partition, offer.unit,
                      offer.min_units, offer.max_units, offer.capacity_units));
  return published ? open_capacity(tx, id) : Result<>{};
}

Result<bool> RoundMaker::keep_ahead(db::Tx& tx, store::CallRow const& call, store::Rules const& rules) {
  FABRICA_TRY(auto const schedule, schedule::Schedule::of(rules.reviewed->schedule));
  FABRICA_TRY(auto const last, tx.one<store::RoundRow>(store::kRoundLast, call.id));
  FABRICA_TRY(auto ahead, tx.one<std::int64_t>(store::kRoundsAhead, call.id, clock_.now()));
  bool made = false;
  auto number = last.number;
  auto after = last.closes_us ? std::max(last.closes_us->us, clock_.now()) : clock_.now();
  while (ahead < kRoundsAhead) {
    auto const cutoff = schedule.next_cutoff(after);
    if (!cutoff) break;
    auto const found = schedule.rounds(*cutoff - 1, *cutoff);
    if (found.empty() || !found.front().closes) break;
    auto const& next = found.front();
    FABRICA_DO(make(tx, call.id, ++number, next, next.opens.value_or(Time{after}).us, rules.offers,
                    call.state == CallState::published));
    after = next.closes->us;
    ++ahead;
    made = true;
  }
  return made;
}

Result<> RoundMaker::open_capacity(db::Tx& tx, std::int64_t round) {
  FABRICA_TRY(auto const offers, tx.all<store::OfferRow>(store::kOffersOfRound, round));
  for (auto const& offer : offers) {
    FABRICA_TRY(auto const source, budget_.open_account(tx, "factory", budget::AccountKind::source, offer.unit));
    FABRICA_TRY(auto const capacity,
                budget_.open_account(tx, offer.public_id.text(), budget::AccountKind::capacity, offer.unit));
    if (offer.capacity_units > 0)
      FABRICA_DO(budget_.transfer(
          tx, {fmt::format("offer/{}/1", offer.public_id.text()), source.id, capacity.id,
               offer.capacity_units * budget::kMicroUnits, "capacity of an offer", offer.public_id.text()}));
  }
  return {};
}

}  // namespace fabrica::calls
