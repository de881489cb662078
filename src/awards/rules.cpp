#include "awards/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/check.hpp"
#include "db/db.hpp"

namespace fabrica::awards {

using calls::Check;
using calls::Outcome;

namespace {

using Days = std::chrono::sys_days;

Days day_of(Micros time) {
  return std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::microseconds>{std::chrono::microseconds{time}});
}
Micros micros_of(Days day) {
  return std::chrono::duration_cast<std::chrono::microseconds>(day.time_since_epoch()).count();
}

// a x b / c without overflow, for what is not negative.
std::int64_t scaled(std::int64_t a, std::int64_t b, std::int64_t c) {
  return c <= 0 ? 0 : static_cast<std::int64_t>(static_cast<__int128>(a) * b / c);
}

std::string percent(std::int64_t millionths) {
  return fmt::format("{:.1f} %", static_cast<double>(millionths) / 10'000);
}

}  // namespace

Micros add_months(Micros time, std::int64_t months) {
  auto const day = day_of(time);
  auto const date = std::chrono::year_month_day{day};
  auto const moved = std::chrono::year_month{date.year(), date.month()} + std::chrono::months{months};
  auto wanted = std::chrono::year_month_day{moved.year(), moved.month(), date.day()};
  if (!wanted.ok()) wanted = std::chrono::year_month_day{moved / std::chrono::last};
  return micros_of(Days{wanted}) + (time - micros_of(day));
}

Micros month_begin(Micros time) {
  auto const date = std::chrono::year_month_day{day_of(time)};
  return micros_of(Days{std::chrono::year_month_day{date.year(), date.month(), std::chrono::day{1}}});
}

std::string month_name(Micros time) { return format_date(time).substr(0, 7); }

Result<> check(AwardRules const& rules) {
  std::vector<Fault> faults;
  if (rules.end_unused == Unused::carry)
    faults.push_back({"/end_unused", "No period follows the last one: say return or expire."});
  if (rules.acknowledgement && rules.acknowledgement->find("{award}") == std::string::npos)
    faults.push_back({"/acknowledgement", "The text names the award: put {award} where its id belongs."});
  if (rules.source.empty()) faults.push_back({"/source", "Say where these rules are published."});
  if (faults.empty()) return {};
  auto const what = faults.front().what;
  return fail(Errc::invalid, "award_rules", what, std::move(faults));
}

std::vector<PeriodPlan> even_periods(std::int64_t days, std::int64_t units, std::int64_t period_days) {
  FABRICA_CHECK(days > 0 && period_days > 0 && units > 0);
  std::vector<PeriodPlan> out;
  for (auto left = days; left > 0; left -= period_days) out.push_back({std::min(left, period_days), 0});
  auto const count = static_cast<std::int64_t>(out.size());
  for (std::int64_t place = 0; place < count; ++place)
    out[static_cast<std::size_t>(place)].amount_units = units / count + (place < units % count ? 1 : 0);
  return out;
}

namespace {

std::string forecast_of(Standing const& standing, StandingFacts const& facts, std::string_view unit) {
  auto const days = std::max<std::int64_t>(1, (facts.now - facts.lately_from) / kDay);
  auto const left = facts.ledger.balance_micro - facts.ledger.held_micro;
  if (facts.clock == ClockState::waiting) return "The time has not begun: nothing is reckoned yet.";
  if (facts.clock == ClockState::ended) return fmt::format("The award has ended with {} {} left.", amount(left), unit);
  if (left <= 0) return "Nothing is left.";
  if (standing.rate_micro_per_day <= 0)
    return fmt::format("Nothing was used in the last {} days: {} {} would be left at the end.", days, amount(left),
                       unit);
  if (standing.exhausted)
    return fmt::format("At the rate of the last {} days ({} {} a day) what is left is used up on {}, before the end.",
                       days, amount(standing.rate_micro_per_day), unit, format_date(standing.exhausted->us));
  return fmt::format("At the rate of the last {} days ({} {} a day) {} {} would be left at the end.", days,
                     amount(standing.rate_micro_per_day), unit, amount(standing.unused_micro), unit);
}

}  // namespace

Standing standing_of(StandingFacts const& facts, AwardRules const& rules, std::string_view unit) {
  Standing out;
  out.last_job = facts.last_job;
  auto const& ledger = facts.ledger;
  auto const worth = ledger.awarded_micro - ledger.returned_micro;
  auto const begun = std::min(ledger.used_micro + ledger.held_micro, worth);
  out.used_millionths = worth > 0 ? scaled(begun, 1'000'000, worth) : 1'000'000;
  auto const gone = std::clamp<Micros>(facts.now - facts.starts, 0, facts.ends - facts.starts);
  if (facts.clock != ClockState::waiting) out.elapsed_millionths = scaled(gone, 1'000'000, facts.ends - facts.starts);
  auto const left = ledger.balance_micro - ledger.held_micro;
  if (facts.clock == ClockState::running && left > 0) {
    auto const span = std::max<Micros>(kDay, facts.now - facts.lately_from);
    out.rate_micro_per_day = scaled(facts.used_lately_micro, kDay, span);
    auto const ahead = std::max<Micros>(0, facts.ends - facts.now);
    auto const will_use = scaled(out.rate_micro_per_day, ahead, kDay);
    out.unused_micro = std::max<std::int64_t>(0, left - will_use);
    if (will_use > left) out.exhausted = Time{facts.now + scaled(left, kDay, out.rate_micro_per_day)};
    bool const late_enough = out.elapsed_millionths >= rules.behind_from_percent * 10'000;
    if (late_enough && out.used_millionths < out.elapsed_millionths / 100 * rules.behind_percent) {
      out.level = Level::behind;
      out.reason = fmt::format(
          "{} of the time is gone and {} of the hours are used; less than {} % of the time's share is behind.",
          percent(out.elapsed_millionths), percent(out.used_millionths), rules.behind_percent);
      auto const since = std::max(facts.starts, facts.last_job ? facts.last_job->us : facts.starts);
      if (facts.now - since >= rules.idle_days * kDay) {
        out.level = Level::idle;
        out.reason += fmt::format(" No job ran for {} days.", (facts.now - since) / kDay);
      }
    }
  }
  out.forecast = forecast_of(out, facts, unit);
  return out;
}

namespace {

Check made(std::string_view rule, bool pass, std::string fact, AwardRules const& rules, std::string_view remedy) {
  return {std::string{rule}, pass ? Outcome::pass : Outcome::fail, std::move(fact), rules.source,
          pass ? "" : std::string{remedy}};
}

// Of what was asked in time. An award whose time was extended meanwhile is asked for anew.
Check before_end(Ask const& ask, RequestFacts const& in) {
  return made("before_end", ask.asked < in.ends,
              fmt::format("Asked on {}, ends on {}.", format_time(ask.asked), format_time(in.ends)), in.rules,
              "Apply in an open call: an award that is over is not changed.");
}
Check not_ended(Ask const&, RequestFacts const& in) {
  return made("award_running", in.clock != ClockState::ended, fmt::format("The award is {}.", db::enum_name(in.clock)),
              in.rules, "The award is over: apply in an open call.");
}
Check clock_runs(Ask const&, RequestFacts const& in) {
  return made("clock_running", in.clock == ClockState::running,
              fmt::format("The award is {}.", db::enum_name(in.clock)), in.rules,
              in.clock == ClockState::waiting ? "Confirm first that access works: the time begins then."
                                              : "The award is over: apply in an open call.");
}
Check extension_count(Ask const&, RequestFacts const& in) {
  return made("extension_count", in.extensions < in.rules.extensions_max,
              fmt::format("Extended {} times, at most {}.", in.extensions, in.rules.extensions_max), in.rules,
              "Apply in an open call: the rules admit no further extension.");
}
Check extension_length(Ask const& ask, RequestFacts const& in) {
  auto const latest = add_months(in.base_ends, in.rules.extension_months_max);
  auto const ends = in.ends + ask.days * kDay;
  return made("extension_length", ends <= latest,
              fmt::format("Would end on {}, at the latest {}.", format_date(ends), format_date(latest)), in.rules,
              fmt::format("Ask for at most {} days.", std::max<Micros>(0, latest - in.ends) / kDay));
}
// Decided late, days that are over already are worth nothing.
Check ends_ahead(Ask const& ask, RequestFacts const& in) {
  auto const ends = in.ends + ask.days * kDay;
  return made("ends_ahead", ends > in.now, fmt::format("Would end on {}.", format_time(ends)), in.rules,
              "These days are over already: grant more, or refuse.");
}
Check more_share(Ask const& ask, RequestFacts const& in) {
  auto const most = scaled(in.original_micro, in.rules.more_percent_max, 100);
  auto const wanted = in.more_micro + ask.units * budget::kMicroUnits;
  return made(
      "more_share", wanted <= most,
      fmt::format("{} more in all, at most {} ({} % of {}).", amount(wanted), amount(most), in.rules.more_percent_max,
                  amount(in.original_micro)),
      in.rules,
      fmt::format("Ask for at most {} units.", std::max<std::int64_t>(0, most - in.more_micro) / budget::kMicroUnits));
}
// What others wait for is not promised: it is taken when it is granted, and must be there then.
Check capacity_left(Ask const& ask, RequestFacts const& in) {
  return made("capacity", ask.units * budget::kMicroUnits <= in.capacity_micro,
              fmt::format("{} are left of the offer's capacity.", amount(in.capacity_micro)), in.rules,
              "Grant what is left, add capacity to the offer, or refuse.");
}
Check available(Ask const& ask, RequestFacts const& in) {
  return made("available", ask.units * budget::kMicroUnits <= in.available_micro,
              fmt::format("{} can be used now and are not held.", amount(in.available_micro)), in.rules,
              "Name at most what is not held by jobs, or wait for them to end.");
}
Check transfers_allowed(Ask const&, RequestFacts const& in) {
  return made("transfers", in.rules.transfers,
              in.rules.transfers ? "Transfers are allowed." : "Transfers are not allowed.", in.rules,
              "Give the hours back and apply for the other partition.");
}
Check target_fits(Ask const&, RequestFacts const& in) {
  bool const fits =
      in.target && in.target->same_project && !in.target->same_award && in.target->clock != ClockState::ended;
  return made("target", fits, fits ? "Another award of this project that has not ended." : "Not such an award.",
              in.rules, "Name another award of the same project that has not ended.");
}
Check factor(Ask const& ask, RequestFacts const& in) {
  bool const alike = in.target && in.target->same_partition;
  if (alike && !ask.factor_millionths) return made("factor", true, "The same partition: one for one.", in.rules, "");
  if (alike)
    return made("factor", *ask.factor_millionths == 1'000'000, "The same partition.", in.rules,
                "Leave the factor out: on one partition an hour is an hour.");
  if (!ask.factor_millionths)
    return {"factor", Outcome::unknown, "The awards are on different partitions.", in.rules.source,
            "An officer states how many units of the one are worth one of the other."};
  return made("factor", true, fmt::format("{} for one.", amount(*ask.factor_millionths)), in.rules, "");
}
// What comes back to the one offer goes out of the other; it is the same hours only where the offer is the same.
Check target_capacity(Ask const& ask, RequestFacts const& in) {
  if (!in.target) return made("capacity", false, "There is no target.", in.rules, "Name the award the hours go to.");
  auto const wanted = converted_micro(ask.units * budget::kMicroUnits, ask.factor_millionths.value_or(1'000'000));
  auto const left = in.target->capacity_micro + (in.target->same_offer ? ask.units * budget::kMicroUnits : 0);
  return made("capacity", wanted > 0 && wanted <= left,
              fmt::format("{} are wanted of the target's offer, {} are left.", amount(wanted), amount(left)), in.rules,
              "Grant less, add capacity to that offer, or refuse.");
}

struct RequestRule {
  RequestKind kind;
  bool when_made;  // also when it is made; else only when it is decided
  Check (*check)(Ask const&, RequestFacts const&);
};
constexpr std::array kRequestRules{
    RequestRule{RequestKind::extend_time, true, before_end},
    RequestRule{RequestKind::extend_time, true, clock_runs},
    RequestRule{RequestKind::extend_time, true, extension_count},
    RequestRule{RequestKind::extend_time, true, extension_length},
    RequestRule{RequestKind::extend_time, true, ends_ahead},
    RequestRule{RequestKind::more_hours, true, before_end},
    RequestRule{RequestKind::more_hours, true, not_ended},
    RequestRule{RequestKind::more_hours, true, more_share},
    RequestRule{RequestKind::more_hours, false, capacity_left},
    RequestRule{RequestKind::transfer_hours, true, before_end},
    RequestRule{RequestKind::transfer_hours, true, not_ended},
    RequestRule{RequestKind::transfer_hours, true, transfers_allowed},
    RequestRule{RequestKind::transfer_hours, true, target_fits},
    RequestRule{RequestKind::transfer_hours, true, available},
    RequestRule{RequestKind::transfer_hours, true, factor},
    RequestRule{RequestKind::transfer_hours, false, target_capacity},
    RequestRule{RequestKind::give_back, true, before_end},
    RequestRule{RequestKind::give_back, true, not_ended},
    RequestRule{RequestKind::give_back, true, available},
};

}  // namespace

std::vector<Check> check_request(Ask const& ask, RequestFacts const& facts, bool deciding) {
  std::vector<Check> out;
  for (auto const& rule : kRequestRules)
    if (rule.kind == ask.kind && (deciding || rule.when_made)) out.push_back(rule.check(ask, facts));
  return out;
}

Result<> check(RequestDraft const& draft) {
  std::vector<Fault> faults;
  bool const time = draft.kind == RequestKind::extend_time;
  bool const transfer = draft.kind == RequestKind::transfer_hours;
  if (time != draft.days.has_value())
    faults.push_back({"/days", time ? "Say by how many days." : "Only an extension of the time has days."});
  if (time == draft.units.has_value())
    faults.push_back({"/units", time ? "An extension of the time has no units." : "Say how many units."});
  if (transfer != draft.to_award.has_value())
    faults.push_back({"/to_award", transfer ? "Name the award the hours go to." : "Only a transfer has a target."});
  if (faults.empty()) return {};
  auto const what = faults.front().what;
  return fail(Errc::invalid, "request", what, std::move(faults));
}

Result<> check(GrantDraft const& grant, Request const& request) {
  std::vector<Fault> faults;
  if (grant.days && (!request.days || *grant.days > *request.days))
    faults.push_back({"/days", request.days ? "Grant at most what was asked for." : "No time was asked for."});
  if (grant.units && (!request.units || *grant.units > *request.units))
    faults.push_back({"/units", request.units ? "Grant at most what was asked for." : "No hours were asked for."});
  if (grant.factor_millionths && request.kind != RequestKind::transfer_hours)
    faults.push_back({"/factor_millionths", "Only a transfer has a factor."});
  if (faults.empty()) return {};
  auto const what = faults.front().what;
  return fail(Errc::invalid, "grant", what, std::move(faults));
}

std::int64_t converted_micro(std::int64_t micro, std::int64_t factor_millionths) {
  return scaled(micro, factor_millionths, 1'000'000);
}

std::size_t words(std::string_view text) {
  std::size_t count = 0;
  bool inside = false;
  for (unsigned char const c : text) {
    bool const space = c <= 0x20;
    if (!space && !inside) ++count;
    inside = !space;
  }
  return count;
}

Result<> check_complete(Narrative const& in, Ledger const& ledger) {
  constexpr std::size_t kSummaryWords = 500, kResultsWords = 1000;
  std::vector<Fault> faults;
  auto const need = [&](std::string_view pointer, std::string_view text, std::string_view what) {
    if (words(text) == 0) faults.push_back({std::string{pointer}, std::string{what}});
  };
  need("/summary", in.summary, "Say in at most 500 words what was done.");
  need("/results", in.results, "Say in at most 1,000 words what came of it and who benefits.");
  need("/ai_act", in.ai_act, "Say which risk class and role under the AI Act apply, and what was done for it.");
  if (words(in.summary) > kSummaryWords) faults.push_back({"/summary", "At most 500 words."});
  if (words(in.results) > kResultsWords) faults.push_back({"/results", "At most 1,000 words."});
  auto const unused = ledger.awarded_micro - std::min(ledger.awarded_micro, ledger.used_micro);
  if (unused * 10 >= ledger.awarded_micro && ledger.awarded_micro > 0)
    need("/unused_reason", in.unused_reason, "A tenth or more of the hours was not used: say why.");
  if (faults.empty()) return {};
  auto const what = faults.front().what;
  return fail(Errc::invalid, "report", what, std::move(faults));
}

std::string unit_name(budget::Unit unit) {
  switch (unit) {
    case budget::Unit::gpu_hour: return "GPU-hours";
    case budget::Unit::node_hour: return "node-hours";
    case budget::Unit::core_hour: return "core-hours";
    case budget::Unit::euro_cent: return "euro cents";
  }
  std::unreachable();
}

std::string amount(std::int64_t micro) {
  auto text = fmt::format("{}{}.{:06}", micro < 0 ? "-" : "", std::abs(micro) / budget::kMicroUnits,
                          std::abs(micro) % budget::kMicroUnits);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string acknowledgement(AwardRules const& rules, AcknowledgementFacts const& facts) {
  std::string const text = rules.acknowledgement.value_or(
      "This work was done with computing time on {partition}, awarded under the access call \"{call}\" as award "
      "{award} "
      "(proposal {proposal}).");
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    bool put = false;
    for (auto const& [name, value] : {std::pair<std::string_view, std::string_view>{"{award}", facts.award},
                                      {"{proposal}", facts.proposal},
                                      {"{call}", facts.call},
                                      {"{partition}", facts.partition}})
      if (!put && text.compare(at, name.size(), name) == 0) {
        out += value;
        at += name.size();
        put = true;
      }
    if (!put) out += text[at++];
  }
  return out;
}

}  // namespace fabrica::awards
