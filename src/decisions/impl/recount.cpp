// The same figures from the journal's statements and the ledger alone.
#include <fmt/format.h>

#include <algorithm>

#include "decisions/record.hpp"

namespace fabrica::decisions {

using calls::CallKind;
using identity::Actor;
using identity::Permission;

// Everything the statements say that a public figure is made of.
struct PublicRecord::Said {
  struct Award {
    std::string proposal{};
    std::string partition{};
    std::string unit{};
    std::int64_t amount_units = 0;
    std::string starts{};
    std::string ends{};
  };
  std::int64_t statements = 0;
  std::set<std::string> published{};                         // rounds
  std::map<std::string, std::string> call_of{};              // of a proposal that was sent
  std::map<std::string, std::set<std::string>> told{};       // by round: proposals
  std::map<std::string, std::set<std::string>> rounds_of{};  // by call
  std::set<std::string> rejected{};                          // by checks
  std::set<std::string> decided_elsewhere{};                 // and imported so
  std::map<std::string, Award> awards{};
  std::vector<std::string> erased{};
};

namespace {

std::string text_at(json::Document const& body, std::string_view member) {
  return std::string{body.at(fmt::format("/predicate/body/{}", member)).text().value_or("")};
}

// The states in which a proposal is imported with its decision.
bool is_decided(std::string_view state) {
  return state == "awarded" || state == "rejected" || state == "reserve" || state == "declined";
}

}  // namespace

Result<PublicRecord::Said> PublicRecord::read_statements(db::Tx& tx) {
  Said out;
  FABRICA_TRY(auto const chains, journal_.chains(tx));
  constexpr std::int64_t kPage = 1000;
  for (auto const& chain : chains) {
    for (std::int64_t from = 1;;) {
      FABRICA_TRY(auto const page, journal_.chain(tx, chain, from, kPage));
      for (auto const& one : page) {
        from = one.number + 1;
        ++out.statements;
        bool const told = one.kind == "proposal.decided";
        bool const award = one.kind == "award.decided" || one.kind == "award.imported";
        bool const begun = one.kind == "award.clock_started";  // behind the award's own, in the same chain
        bool const sent = one.kind == "proposal.submitted";
        bool const checked = one.kind == "proposal.checked";
        bool const published = one.kind == "round.published";
        bool const imported = one.kind == "proposal.imported";
        if (!told && !award && !begun && !sent && !checked && !published && !imported) continue;
        if (!one.body) {
          out.erased.push_back(fmt::format("chain {} statement {} ({}) was erased", chain, one.number, one.kind));
          continue;
        }
        FABRICA_TRY(auto const body, json::Document::parse(*one.body, {.bytes = 16u << 20}));
        auto const proposal = text_at(body, "proposal");
        if (published) out.published.insert(text_at(body, "round"));
        if (sent || imported) out.call_of[proposal] = text_at(body, "call");
        if (imported && is_decided(text_at(body, "state"))) out.decided_elsewhere.insert(proposal);
        if (checked && text_at(body, "state") == "rejected") out.rejected.insert(proposal);
        if (told) {
          out.told[text_at(body, "round")].insert(proposal);
          out.rounds_of[text_at(body, "call")].insert(text_at(body, "round"));
        }
        if (begun)
          if (auto const found = out.awards.find(text_at(body, "award")); found != out.awards.end())
            found->second.starts = text_at(body, "starts");
        if (award)
          out.awards[text_at(body, "award")] = {proposal,
                                                text_at(body, "partition"),
                                                text_at(body, "unit"),
                                                body.at("/predicate/body/amount_units").integer().value_or(0),
                                                text_at(body, "starts"),
                                                text_at(body, "ends")};
      }
      if (static_cast<std::int64_t>(page.size()) < kPage) break;
    }
  }
  return out;
}

Result<> PublicRecord::compare_award(db::Tx& tx, calls::AwardOnRecord const& award, Said const& said, Recount& out) {
  auto const differ = [&](std::string_view what, auto const& record, auto const& statement) {
    if (record != statement)
      out.differences.push_back(fmt::format("award {}: {} is {} by the records, {} by the statements", award.id.text(),
                                            what, record, statement));
  };
  auto const found = said.awards.find(award.id.text());
  if (found == said.awards.end()) {
    out.differences.push_back(fmt::format("award {} is in the register and in no statement", award.id.text()));
    return {};
  }
  auto const& one = found->second;
  differ("proposal", award.proposal.text(), one.proposal);
  differ("partition", award.partition, one.partition);
  differ("unit", std::string{db::enum_name(award.unit)}, one.unit);
  differ("beginning", format_time(award.starts.us), one.starts);
  FABRICA_TRY(auto const use, outcomes_.use_of(tx, award.id, award.ends));
  if (use.granted_units != one.amount_units)
    out.differences.push_back(fmt::format("award {}: the ledger was given {} units, the statement says {}",
                                          award.id.text(), use.granted_units, one.amount_units));
  return {};
}

Result<> PublicRecord::compare(db::Tx& tx, calls::CallOnRecord const& call, Said const& said, Recount& out) {
  auto const of_call = [&](std::string const& proposal) {
    auto const found = said.call_of.find(proposal);
    return found != said.call_of.end() && found->second == call.id.text();
  };
  std::set<std::string> decided;
  if (call.kind == CallKind::reviewed) {
    if (auto const rounds = said.rounds_of.find(call.id.text()); rounds != said.rounds_of.end())
      for (auto const& round : rounds->second) {
        if (!said.published.contains(round)) continue;
        decided.insert(said.told.at(round).begin(), said.told.at(round).end());
      }
  } else {
    for (auto const& one : said.rejected)
      if (of_call(one)) decided.insert(one);
    for (auto const& [award, one] : said.awards)
      if (of_call(one.proposal)) decided.insert(one.proposal);
  }
  for (auto const& one : said.decided_elsewhere)
    if (of_call(one)) decided.insert(one);
  auto const applications = static_cast<std::int64_t>(decided.size());
  std::map<std::string, std::int64_t> awarded;
  std::set<std::string> awards;
  for (auto const& [award, one] : said.awards) {
    if (!decided.contains(one.proposal)) continue;
    awards.insert(award);
    awarded[one.partition] += one.amount_units;
  }
  out.applications += applications;
  out.awards += static_cast<std::int64_t>(awards.size());
  for (auto const& [partition, units] : awarded) {
    auto const found = std::ranges::find(out.awarded, partition, &AwardedUnits::partition);
    if (found == out.awarded.end()) out.awarded.push_back({partition, units});
    else found->units += units;
  }

  FABRICA_TRY(auto const records, indicators(tx, call.id));
  auto const differ = [&](std::string_view what, std::int64_t record, std::int64_t statement) {
    if (record != statement)
      out.differences.push_back(fmt::format("{} ({}): {}: {} by the records, {} by the statements", call.title,
                                            call.id.text(), what, record, statement));
  };
  differ("applications", records.applications, applications);
  differ("awards", records.awards, static_cast<std::int64_t>(awards.size()));
  for (auto const& one : records.hours) {
    auto const found = awarded.find(one.partition);
    differ(fmt::format("awarded units of {}", one.partition), one.awarded_units,
           found == awarded.end() ? 0 : found->second);
  }
  FABRICA_TRY(auto const lines, outcomes_.awards_on_record(tx, call.id));
  for (auto const& one : lines) {
    awards.erase(one.id.text());
    FABRICA_DO(compare_award(tx, one, said, out));
  }
  for (auto const& one : awards)
    out.differences.push_back(fmt::format("award {} is in a statement and not in the register", one));
  return {};
}

Result<Recount> PublicRecord::recount(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(identity::authorise(actor, Permission::view_factory));
  FABRICA_TRY(auto const call, outcomes_.call_on_record(tx, id));
  FABRICA_TRY(auto const said, read_statements(tx));
  Recount out{said.statements, 1, 0, 0, {}, said.erased};
  FABRICA_DO(compare(tx, call, said, out));
  return out;
}

Result<Recount> PublicRecord::recount(db::Tx& tx, Actor const& actor) {
  FABRICA_DO(identity::authorise(actor, Permission::view_factory));
  return recount_all(tx);
}

Result<Recount> PublicRecord::recount_all(db::Tx& tx) {
  FABRICA_TRY(auto const all, outcomes_.calls_on_record(tx));
  FABRICA_TRY(auto const said, read_statements(tx));
  Recount out{said.statements, static_cast<std::int64_t>(all.size()), 0, 0, {}, said.erased};
  for (auto const& call : all) FABRICA_DO(compare(tx, call, said, out));
  FABRICA_TRY(auto const ledger, outcomes_.ledger_differences(tx));
  for (auto const& one : ledger)
    out.differences.push_back(fmt::format("the ledger's account {}: {}", one.account.text(), one.what));
  return out;
}

}  // namespace fabrica::decisions
