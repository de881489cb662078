// What is public, counted from records.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "decisions/impl/store.hpp"
#include "decisions/record.hpp"
#include "decisions/rules.hpp"
#include "projects/lookup.hpp"

namespace fabrica::decisions {

using calls::CallKind;
using calls::ProposalState;
using calls::RoundState;
using identity::Actor;
using identity::OrganisationKind;
using identity::Permission;

namespace {

struct OverdueBody {
  PublicId proposal;
  PublicId call;
  Time due;
};
BOOST_DESCRIBE_STRUCT(OverdueBody, (), (proposal, call, due))

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

std::vector<GroupCount> counts_of(std::map<std::string, GroupCount> const& groups) {
  std::vector<GroupCount> out;
  for (auto const& [name, count] : groups) out.push_back({name, count.applications, count.awards});
  return out;
}

}  // namespace

// The applicant as it stood when the round was ranked; of a first-come call, as it is registered now.
struct PublicRecord::Who {
  PublicId organisation_id;
  std::string title;
  std::string organisation;
  OrganisationKind kind{};
  std::string country;
  std::string sector;
};

struct PublicRecord::Tally {
  Indicators out{};
  std::map<std::string, GroupCount> modes{}, kinds{}, countries{}, sectors{};
  std::vector<std::int64_t> days{};
  std::vector<std::int64_t> to_first_job{};
  std::set<PublicId> organisations{};
  std::int64_t small_firms = 0;
  std::int64_t other_countries = 0;

  PartitionHours& hours(std::string_view partition, budget::Unit unit) {
    auto const found = std::ranges::find_if(
        out.hours, [&](PartitionHours const& one) { return one.partition == partition && one.unit == unit; });
    if (found != out.hours.end()) return *found;
    return out.hours.emplace_back(PartitionHours{std::string{partition}, unit});
  }
  void count(Who const& who, std::string const& mode, std::int64_t GroupCount::* what) {
    ++(modes[mode].*what);
    ++(kinds[std::string{db::enum_name(who.kind)}].*what);
    ++(countries[who.country].*what);
    ++(sectors[who.sector].*what);
  }
};

Result<PublicRecord::Who> PublicRecord::who(db::Tx& tx, PublicId const& proposal, PublicId const& project) {
  FABRICA_TRY(auto const of, projects::find_project(tx, project));
  FABRICA_TRY(auto const kept, tx.maybe<store::ApplicantRow>(store::kApplicant, proposal));
  if (kept) return Who{of.organisation, kept->title, kept->organisation_name, kept->kind, kept->country, of.sector};
  FABRICA_TRY(auto const firm, identity_.organisation(tx, of.organisation));
  return Who{of.organisation, of.title, firm.name, firm.kind, firm.country, of.sector};
}

Result<RegisterEntry> PublicRecord::entry(db::Tx& tx, calls::AwardOnRecord const& award) {
  FABRICA_TRY(auto const who_, who(tx, award.proposal, award.project));
  return RegisterEntry{award.id,
                       award.call,
                       award.call_title,
                       who_.title,
                       award.confidential ? std::nullopt : std::optional{who_.organisation},
                       who_.country,
                       award.partition,
                       award.unit,
                       award.amount_units,
                       award.starts,
                       award.ends};
}

Result<std::vector<RegisterEntry>> PublicRecord::register_of(db::Tx& tx, PublicId const& call) {
  FABRICA_DO(outcomes_.call_on_record(tx, call));
  FABRICA_TRY(auto const awards, outcomes_.awards_on_record(tx, call));
  std::vector<RegisterEntry> out;
  for (auto const& one : awards) {
    FABRICA_TRY(auto line, entry(tx, one));
    out.push_back(std::move(line));
  }
  return out;
}

Result<std::vector<RegisterEntry>> PublicRecord::register_page(db::Tx& tx, std::string_view after, std::int64_t limit) {
  FABRICA_TRY(auto const awards, outcomes_.awards_on_record(tx, after, limit));
  std::vector<RegisterEntry> out;
  for (auto const& one : awards) {
    FABRICA_TRY(auto line, entry(tx, one));
    out.push_back(std::move(line));
  }
  return out;
}

Result<std::int64_t> PublicRecord::register_size(db::Tx& tx) { return outcomes_.count_awards_on_record(tx); }

Result<> PublicRecord::add_rounds(db::Tx& tx, calls::CallOnRecord const& call, Tally& tally) {
  auto const mode = call.access_mode.value_or("none");
  FABRICA_TRY(auto const rounds, outcomes_.rounds_of(tx, call.id));
  for (auto const& id : rounds) {
    FABRICA_TRY(auto const round, outcomes_.round(tx, id));
    if (round.state != RoundState::published) continue;
    for (auto const& offer : round.offers)
      tally.hours(offer.partition, offer.unit).offered_units += offer.capacity_units;
    FABRICA_TRY(auto const items, tx.all<store::ItemRow>(store::kItemsReleased, id));
    auto told = first_told(items);
    std::map<PublicId, PublicId> applied;  // proposal to project
    for (auto const& item : items)
      if (told.contains(item.proposal)) applied.emplace(item.proposal, item.project);
    FABRICA_TRY(auto const elsewhere, outcomes_.decided_elsewhere(tx, id));
    for (auto const& one : elsewhere) {
      applied.emplace(one.proposal, one.project);
      told[one.proposal] = one.decided.us;
    }
    for (auto const& [proposal, project] : applied) {
      FABRICA_TRY(auto const applicant, who(tx, proposal, project));
      tally.count(applicant, mode, &GroupCount::applications);
      ++tally.out.applications;
    }
    tally.out.rounds.push_back(pace_of(round, told, tally.days));
  }
  return {};
}

Result<> PublicRecord::add_first_come(db::Tx& tx, calls::CallOnRecord const& call, Tally& tally) {
  FABRICA_TRY(auto const offers, outcomes_.offered(tx, call.id));
  for (auto const& one : offers) tally.hours(one.partition, one.unit).offered_units += one.units;
  FABRICA_TRY(auto const decisions, outcomes_.first_come_decisions(tx, call.id));
  RoundPace pace{call.id, "first come", static_cast<std::int64_t>(decisions.size()), 0, 0, {}, 0};
  std::vector<std::int64_t> days;
  for (auto const& one : decisions) {
    FABRICA_TRY(auto const applicant, who(tx, one.proposal, one.project));
    tally.count(applicant, call.access_mode.value_or("none"), &GroupCount::applications);
    ++tally.out.applications;
    days.push_back(millidays(one.decided.us - one.submitted.us));
    if (one.due && one.decided >= *one.due) ++pace.late;
  }
  tally.days.insert(tally.days.end(), days.begin(), days.end());
  pace.median_millidays = median(std::move(days));
  pace.running_median_millidays = median(tally.days);
  if (!decisions.empty()) tally.out.rounds.push_back(std::move(pace));
  return {};
}

Result<> PublicRecord::add_call(db::Tx& tx, calls::CallOnRecord const& call, Tally& tally) {
  if (call.kind == CallKind::reviewed) FABRICA_DO(add_rounds(tx, call, tally));
  else FABRICA_DO(add_first_come(tx, call, tally));
  FABRICA_TRY(auto const awards, outcomes_.awards_on_record(tx, call.id));
  for (auto const& award : awards) {
    FABRICA_TRY(auto const applicant, who(tx, award.proposal, award.project));
    tally.count(applicant, call.access_mode.value_or("none"), &GroupCount::awards);
    ++tally.out.awards;
    tally.small_firms += applicant.kind == OrganisationKind::sme || applicant.kind == OrganisationKind::start_up;
    tally.other_countries += applicant.country != settings_.home_country;
    tally.organisations.insert(applicant.organisation_id);
    FABRICA_TRY(auto const ran, jobs_.activity(tx, award.id));
    if (ran.first_job) {
      ++tally.out.awards_used;
      if (award.decided) tally.to_first_job.push_back(millidays(ran.first_job->us - award.decided->us));
    }
    tally.out.energy_j += ran.energy_j;
    tally.out.energy_jobs += ran.energy_jobs;
    FABRICA_TRY(auto const use, outcomes_.use_of(tx, award.id, award.ends));
    auto& hours = tally.hours(award.partition, award.unit);
    hours.awarded_units += award.amount_units;
    hours.used_units += use.used_units;
    hours.expired_units += use.expired_units;
  }
  return {};
}

Indicators PublicRecord::finish(Tally tally) const {
  auto& out = tally.out;
  if (out.applications > 0) out.success_millionths = out.awards * 1'000'000 / out.applications;
  out.organisations = std::ssize(tally.organisations);
  if (!tally.to_first_job.empty()) out.first_job_median_millidays = median(std::move(tally.to_first_job));
  if (out.awards > 0) {
    out.small_firms_millionths = tally.small_firms * 1'000'000 / out.awards;
    if (!settings_.home_country.empty())
      out.other_countries_millionths = tally.other_countries * 1'000'000 / out.awards;
  }
  out.by_mode = counts_of(tally.modes);
  out.by_kind = counts_of(tally.kinds);
  out.by_country = counts_of(tally.countries);
  out.by_sector = counts_of(tally.sectors);
  return std::move(out);
}

Result<Indicators> PublicRecord::indicators(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto const call, outcomes_.call_on_record(tx, id));
  Tally tally;
  tally.out.call = call.id;
  tally.out.title = call.title;
  tally.out.promised_working_days = call.promised_working_days;
  FABRICA_DO(add_call(tx, call, tally));
  return finish(std::move(tally));
}

Result<Indicators> PublicRecord::indicators(db::Tx& tx) {
  FABRICA_TRY(auto const calls, outcomes_.calls_on_record(tx));
  Tally tally;
  tally.out.title = "All calls";
  for (auto const& call : calls) FABRICA_DO(add_call(tx, call, tally));
  tally.out.rounds.clear();  // one call's pace says something, all together do not
  return finish(std::move(tally));
}

// Who had a letter already was answered in time or not: a reopened proposal's clock is its steps'.
Result<std::vector<calls::Awaiting>> PublicRecord::unanswered(db::Tx& tx) {
  FABRICA_TRY(auto all, outcomes_.awaiting(tx));
  std::vector<calls::Awaiting> out;
  for (auto& one : all) {
    if (one.kind == CallKind::reviewed) {
      FABRICA_TRY(auto const letters, tx.one<std::int64_t>(store::kLetterCount, one.proposal));
      if (letters > 0) continue;
    }
    out.push_back(std::move(one));
  }
  return out;
}

Result<CallPace> PublicRecord::pace(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto const call, outcomes_.call_on_record(tx, id));
  Tally tally;
  if (call.kind == CallKind::reviewed) FABRICA_DO(add_rounds(tx, call, tally));
  else FABRICA_DO(add_first_come(tx, call, tally));
  CallPace out{call.id, call.title, call.kind, call.promised_working_days, tally.out.applications, 0, 0, 0, 0, {}, {}};
  out.running_median_millidays = median(tally.days);
  for (auto const& one : tally.out.rounds) out.late += one.late;
  FABRICA_TRY(auto const open, unanswered(tx));
  for (auto const& one : open) {
    if (one.call != id) continue;
    ++out.waiting;
    if (!one.due || one.due->us > clock_.now()) continue;
    ++out.overdue;
    if (!out.oldest_due || *one.due < *out.oldest_due) out.oldest_due = one.due;
  }
  out.rounds = std::move(tally.out.rounds);
  return out;
}

Result<std::vector<OverdueAnswer>> PublicRecord::overdue(db::Tx& tx, Actor const& actor) {
  FABRICA_DO(identity::authorise(actor, Permission::view_factory));
  FABRICA_TRY(auto const open, unanswered(tx));
  std::vector<OverdueAnswer> out;
  for (auto const& one : open)
    if (one.due && one.due->us <= clock_.now())
      out.push_back({one.proposal, one.project, one.call, one.call_title, one.since, *one.due});
  std::ranges::sort(out, {}, [](OverdueAnswer const& one) { return std::pair{one.due, one.proposal}; });
  return out;
}

Result<std::int64_t> PublicRecord::raise_alarms(db::Tx& tx) {
  FABRICA_TRY(auto const open, unanswered(tx));
  std::int64_t said = 0;
  for (auto const& one : open) {
    if (!one.due || one.due->us > clock_.now()) continue;
    FABRICA_TRY(auto const fresh, tx.run(store::kOverdueInsert, one.proposal, *one.due, Time{clock_.now()}));
    if (fresh == 0) continue;
    OverdueBody const body{one.proposal, one.call, *one.due};
    FABRICA_DO(journal_.append(tx, {std::string{journal::kFactoryChain},
                                    "answer.overdue",
                                    std::string{journal::kProgram},
                                    {},
                                    json::write(body)}));
    ++said;
  }
  return said;
}

}  // namespace fabrica::decisions
