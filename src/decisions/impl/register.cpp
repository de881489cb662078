// What is public of published rounds, counted from records, and counted again from the journal.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "decisions/impl/case.hpp"
#include "decisions/rules.hpp"

namespace fabrica::decisions {

using calls::RoundState;
using identity::Actor;
using identity::Permission;

namespace {

// The rounds of a call that are published and were decided here.
Result<std::vector<calls::RoundFacts>> published_rounds(db::Tx& tx, calls::Outcomes& outcomes, PublicId const& call) {
  FABRICA_TRY(auto const rounds, outcomes.rounds_of(tx, call));
  std::vector<calls::RoundFacts> out;
  for (auto const& id : rounds) {
    FABRICA_TRY(auto facts, outcomes.round(tx, id));
    FABRICA_TRY(auto const decided, tx.maybe<store::DecisionRow>(store::kDecisionCurrent, id));
    if (facts.state == RoundState::published && decided) out.push_back(std::move(facts));
  }
  return out;
}

void add_hours(std::vector<PartitionHours>& hours, std::string_view partition, budget::Unit unit, std::int64_t offered,
               std::int64_t awarded) {
  auto found = std::ranges::find(hours, partition, &PartitionHours::partition);
  if (found == hours.end()) found = hours.insert(hours.end(), {std::string{partition}, unit, 0, 0});
  found->offered_units += offered;
  found->awarded_units += awarded;
}

std::vector<GroupCount> counts_of(std::map<std::string, GroupCount> const& groups) {
  std::vector<GroupCount> out;
  for (auto const& [name, count] : groups) out.push_back({name, count.applications, count.awards});
  return out;
}

// Time is told to the thousandth of a day.
std::int64_t millidays(Micros span) { return span / (kDay / 1000); }

// First letters of a round, by when they were made.
std::map<PublicId, Micros> first_told(std::vector<store::ItemRow> const& items) {
  std::map<PublicId, Micros> out;
  for (auto const& item : items)
    if (item.released_us) out.try_emplace(item.proposal, item.released_us->us);
  return out;
}

RoundPace pace_of(calls::RoundFacts const& round, std::map<PublicId, Micros> const& told,
                  std::vector<std::int64_t>& running) {
  RoundPace out{round.id, round.name, static_cast<std::int64_t>(told.size()), 0, 0, {}, 0};
  auto const cut_off = round.closes ? round.closes->us : 0;
  std::vector<std::int64_t> days;
  for (auto const& [proposal, at] : told) {
    days.push_back(millidays(at - cut_off));
    if (round.answer_due && at >= round.answer_due->us) ++out.late;
  }
  running.insert(running.end(), days.begin(), days.end());
  out.median_millidays = median(days);
  out.running_median_millidays = median(running);
  if (round.answer_due) out.promised_millidays = millidays(round.answer_due->us - cut_off);
  return out;
}

// What the recount reads of a statement's body.
struct Told {
  std::string kind;
  json::Document body;
};

}  // namespace

Result<std::vector<RegisterEntry>> Decisions::register_of(db::Tx& tx, PublicId const& call) {
  FABRICA_TRY(auto const rounds, published_rounds(tx, outcomes_, call));
  std::vector<RegisterEntry> out;
  for (auto const& round : rounds) {
    FABRICA_TRY(auto const awards, outcomes_.awards(tx, round.id));
    for (auto const& award : awards) {
      FABRICA_TRY(auto const who, tx.one<store::ApplicantRow>(store::kApplicant, award.proposal));
      out.push_back({award.id, round.call, round.call_title, who.title,
                     who.confidential ? std::nullopt : std::optional{who.organisation_name}, who.country,
                     award.partition, award.unit, award.amount_units, award.starts, award.ends});
    }
  }
  return out;
}

Result<Indicators> Decisions::indicators(db::Tx& tx, PublicId const& call) {
  FABRICA_TRY(auto const rounds, published_rounds(tx, outcomes_, call));
  Indicators out{.call = call, .title = {}, .hours = {}, .by_kind = {}, .by_country = {}, .rounds = {}};
  std::map<std::string, GroupCount> kinds;
  std::map<std::string, GroupCount> countries;
  std::vector<std::int64_t> running;
  for (auto const& round : rounds) {
    out.title = round.call_title;
    out.promised_working_days = round.answer_working_days;
    for (auto const& offer : round.offers) add_hours(out.hours, offer.partition, offer.unit, offer.capacity_units, 0);
    FABRICA_TRY(auto const items, tx.all<store::ItemRow>(store::kItemsReleased, round.id));
    auto const told = first_told(items);
    for (auto const& [proposal, at] : told) {
      FABRICA_TRY(auto const who, tx.one<store::ApplicantRow>(store::kApplicant, proposal));
      ++kinds[std::string{db::enum_name(who.kind)}].applications;
      ++countries[who.country].applications;
      ++out.applications;
    }
    FABRICA_TRY(auto const awards, outcomes_.awards(tx, round.id));
    for (auto const& award : awards) {
      FABRICA_TRY(auto const who, tx.one<store::ApplicantRow>(store::kApplicant, award.proposal));
      ++kinds[std::string{db::enum_name(who.kind)}].awards;
      ++countries[who.country].awards;
      ++out.awards;
      add_hours(out.hours, award.partition, award.unit, 0, award.amount_units);
    }
    out.rounds.push_back(pace_of(round, told, running));
  }
  if (out.applications > 0) out.success_millionths = out.awards * 1'000'000 / out.applications;
  out.by_kind = counts_of(kinds);
  out.by_country = counts_of(countries);
  return out;
}

// Statements of these chains alone: who was told what (proposal.decided) and what was awarded (award.decided) in rounds
// that the factory's chain says are published.
Result<Recount> Decisions::recount(db::Tx& tx, Actor const& actor, PublicId const& call) {
  FABRICA_DO(identity::authorise(actor, Permission::view_factory));
  FABRICA_TRY(auto const rounds, outcomes_.rounds_of(tx, call));
  std::set<std::string> chains;
  for (auto const& round : rounds) {
    FABRICA_TRY(auto const applicants, tx.all<store::ApplicantRow>(store::kApplicants, round));
    for (auto const& one : applicants) chains.insert(one.project.text());
  }
  Recount out;
  auto const read = [&](std::string const& chain) -> Result<std::vector<Told>> {
    std::vector<Told> told;
    for (std::int64_t from = 1;;) {
      FABRICA_TRY(auto const page, journal_.chain(tx, chain, from, 1000));
      for (auto const& one : page) {
        from = one.number + 1;
        if (!one.body) {
          out.differences.push_back(fmt::format("chain {} statement {} was erased", chain, one.number));
          continue;
        }
        FABRICA_TRY(auto document, json::Document::parse(*one.body, {.bytes = 16u << 20}));
        told.push_back({one.kind, std::move(document)});
      }
      if (page.size() < 1000) return told;
    }
  };
  std::set<std::string> published;
  FABRICA_TRY(auto const factory, read(std::string{journal::kFactoryChain}));
  for (auto const& one : factory)
    if (one.kind == "round.published" &&
        one.body.at("/predicate/body/call").text() == std::optional<std::string_view>{call.text()})
      published.emplace(one.body.at("/predicate/body/round").text().value_or(""));

  std::map<std::string, std::int64_t> awarded;
  for (auto const& chain : chains) {
    FABRICA_TRY(auto const told, read(chain));
    std::set<std::string, std::less<>> decided;
    for (auto const& one : told)
      if (one.kind == "proposal.decided" &&
          published.contains(std::string{one.body.at("/predicate/body/round").text().value_or("")}))
        decided.emplace(one.body.at("/predicate/body/proposal").text().value_or(""));
    out.applications += static_cast<std::int64_t>(decided.size());
    for (auto const& one : told) {
      if (one.kind != "award.decided") continue;
      if (!decided.contains(one.body.at("/predicate/body/proposal").text().value_or(""))) continue;
      ++out.awards;
      awarded[std::string{one.body.at("/predicate/body/partition").text().value_or("")}] +=
          one.body.at("/predicate/body/amount_units").integer().value_or(0);
    }
  }
  for (auto const& [partition, units] : awarded) out.awarded.push_back({partition, units});

  FABRICA_TRY(auto const records, indicators(tx, call));
  auto const compare = [&](std::string_view what, std::int64_t record, std::int64_t journal) {
    if (record != journal)
      out.differences.push_back(fmt::format("{}: {} by the records, {} by the journal", what, record, journal));
  };
  compare("applications", records.applications, out.applications);
  compare("awards", records.awards, out.awards);
  for (auto const& one : records.hours) {
    auto const found = awarded.find(one.partition);
    compare(fmt::format("awarded units of {}", one.partition), one.awarded_units,
            found == awarded.end() ? 0 : found->second);
  }
  return out;
}

}  // namespace fabrica::decisions
