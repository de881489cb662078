#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "calls/impl/import_faults.hpp"

namespace fabrica::calls {
namespace {

bool is_email(std::string_view text) {
  auto const at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.find(' ') == std::string_view::npos;
}

// The states a proposal of a round may be in.
std::vector<ProposalState> states_in(RoundState round, CallKind kind) {
  using enum ProposalState;
  if (kind == CallKind::first_come) return {draft, waiting, awarded, rejected, withdrawn};
  switch (round) {
    case RoundState::intake: return {draft, submitted, withdrawn};
    case RoundState::evaluating: return {evaluating, withdrawn};
    case RoundState::decided: return {};
    case RoundState::published: return {awarded, reserve, rejected, declined, withdrawn};
  }
  return {};
}

class Checker {
 public:
  Checker(ImportFile const& file, std::vector<Fault>& faults)
      : file_{file}, document_{file.document}, faults_{faults} {}

  void run() {
    if (document_.format != kImportFormat) add("/format", fmt::format("This program reads \"{}\".", kImportFormat));
    if (document_.call.state == CallState::draft)
      add("/call/state", "A running call is published or closed; draft others here with POST /calls.");
    check_people();
    check_rounds();
    std::set<std::string_view> ids;
    for (std::size_t at = 0; at < document_.proposals.size(); ++at) {
      if (!ids.insert(document_.proposals[at].id).second) add(origin(at) + "/id", "Is there twice.");
      check_proposal(document_.proposals[at], origin(at));
    }
    check_capacity();
  }

 private:
  void add(std::string pointer, std::string what) { faults_.push_back({std::move(pointer), std::move(what)}); }
  std::string origin(std::size_t at) const { return file_.origins[at]; }
  bool reviewed() const { return document_.call.rules.kind == CallKind::reviewed; }

  void check_people() {
    for (std::size_t at = 0; at < document_.organisations.size(); ++at)
      if (!organisations_.insert(document_.organisations[at].id).second)
        add(fmt::format("/organisations/{}/id", at), "Is there twice.");
    std::set<std::string_view> emails;
    for (std::size_t at = 0; at < document_.people.size(); ++at) {
      auto const& one = document_.people[at];
      if (!is_email(one.email)) add(fmt::format("/people/{}/email", at), "Has the form name@organisation.example.");
      if (!emails.insert(one.email).second) add(fmt::format("/people/{}/email", at), "Is there twice.");
      if (one.organisation && !organisations_.contains(*one.organisation))
        add(fmt::format("/people/{}/organisation", at), "Is not among the organisations of the file.");
    }
  }

  void check_rounds() {
    std::optional<Time> before;
    for (std::size_t at = 0; at < document_.rounds.size(); ++at) {
      auto const& one = document_.rounds[at];
      auto const where = fmt::format("/rounds/{}", at);
      if (!rounds_.emplace(one.id, &one).second) add(where + "/id", "Is there twice.");
      if (one.closes && *one.closes <= one.opens) add(where + "/closes", "A round closes after it opens.");
      if (reviewed() && !one.closes) add(where + "/closes", "A round of a reviewed call has its cut-off.");
      if (one.state == RoundState::decided)
        add(where + "/state",
            "Outcomes that are held back cannot be taken over: publish them there, or import the round "
            "as evaluating.");
      if (!reviewed() && (one.state != RoundState::intake || at > 0))
        add(where + "/state", "A first-come call has one round, and it is in intake.");
      if (before && one.closes && *one.closes <= *before)
        add(where + "/closes", "Rounds come in the order of their cut-offs.");
      if (one.closes) before = one.closes;
      check_offers(one, where);
    }
  }

  void check_offers(ImportedRound const& round, std::string const& where) {
    std::set<std::string_view> names;
    for (std::size_t at = 0; at < round.offers.size(); ++at) {
      auto const& offer = round.offers[at];
      auto const here = fmt::format("{}/offers/{}", where, at);
      if (!names.insert(offer.partition).second) add(here + "/partition", "Is offered twice in this round.");
      if (offer.max_units < offer.min_units) add(here + "/max_units", "The most is not less than the least.");
    }
  }

  bool offers(ImportedRound const& round, std::string_view partition) const {
    return std::ranges::find(round.offers, partition, &OfferDraft::partition) != round.offers.end();
  }

  void check_proposal(ImportedProposal const& one, std::string const& where) {
    if (!organisations_.contains(one.organisation))
      add(where + "/organisation", "Is not among the organisations of the file.");
    if (!is_email(one.lead)) add(where + "/lead", "Has the form name@organisation.example.");
    for (std::size_t at = 0; at < one.members.size(); ++at)
      if (!is_email(one.members[at]))
        add(fmt::format("{}/members/{}", where, at), "Has the form name@organisation.example.");
    if (one.minimum_units && *one.minimum_units > one.amount_units)
      add(where + "/minimum_units", "Is not more than the amount asked for.");
    if (one.state != ProposalState::draft && one.state != ProposalState::withdrawn && !one.submitted)
      add(where + "/submitted", "What was sent says when.");
    if ((one.step || one.step_failed) && one.state != ProposalState::evaluating)
      add(where + "/step", "Only a proposal that is being evaluated is in a step.");
    check_decision(one, where);
    auto const round = rounds_.find(one.round);
    if (round == rounds_.end()) return add(where + "/round", "Is not among the rounds of the file.");
    auto const may = states_in(round->second->state, document_.call.rules.kind);
    if (std::ranges::find(may, one.state) == may.end()) {
      std::string names;
      for (auto const state : may) names += fmt::format("{}{}", names.empty() ? "" : ", ", json::enum_name(state));
      add(where + "/state",
          fmt::format("In a round that is {} proposals are {}.", json::enum_name(round->second->state), names));
    }
    if (!offers(*round->second, one.partition)) add(where + "/partition", "Is not offered in that round.");
    if (one.decision && one.decision->partition && !offers(*round->second, *one.decision->partition))
      add(where + "/decision/partition", "Is not offered in that round.");
  }

  void check_decision(ImportedProposal const& one, std::string const& where) {
    bool const decided = one.state == ProposalState::awarded || one.state == ProposalState::rejected ||
                         one.state == ProposalState::reserve || one.state == ProposalState::declined;
    if (decided != one.decision.has_value())
      return add(where + "/decision",
                 decided ? "What was decided says when and why." : "Nothing is decided in this state.");
    if (!one.decision) return;
    auto const& it = *one.decision;
    bool const awarded = one.state == ProposalState::awarded;
    if (one.submitted && it.decided < *one.submitted) add(where + "/decision/decided", "Is before it was sent.");
    if (awarded != it.amount_units.has_value())
      add(where + "/decision/amount_units", awarded ? "An award says how much." : "Only an award has an amount.");
    if (awarded != (it.starts && it.ends))
      add(where + "/decision/starts",
          awarded ? "An award says when it starts and ends." : "Only an award starts and ends.");
    if (it.starts && it.ends && *it.ends <= *it.starts) add(where + "/decision/ends", "An award ends after it starts.");
    if (it.used_units.value_or(0) > it.amount_units.value_or(0))
      add(where + "/decision/used_units", "Is more than was awarded: raise the award to what was used.");
  }

  // What was awarded in a round came out of its capacity.
  void check_capacity() {
    std::map<std::pair<std::string_view, std::string_view>, std::int64_t> awarded;
    for (auto const& one : document_.proposals)
      if (one.state == ProposalState::awarded && one.decision)
        awarded[{one.round, one.decision->partition ? *one.decision->partition : one.partition}] +=
            one.decision->amount_units.value_or(0);
    for (std::size_t at = 0; at < document_.rounds.size(); ++at)
      for (std::size_t place = 0; place < document_.rounds[at].offers.size(); ++place) {
        auto const& offer = document_.rounds[at].offers[place];
        auto const sum = awarded.find({document_.rounds[at].id, offer.partition});
        if (sum != awarded.end() && sum->second > offer.capacity_units)
          add(fmt::format("/rounds/{}/offers/{}/capacity_units", at, place),
              fmt::format("{} units were awarded there: the capacity is at least that.", sum->second));
      }
  }

  ImportFile const& file_;
  ImportDocument const& document_;
  std::vector<Fault>& faults_;
  std::set<std::string_view> organisations_;
  std::map<std::string_view, ImportedRound const*> rounds_;
};

}  // namespace

void check_import(ImportFile const& file, std::vector<Fault>& faults) { Checker{file, faults}.run(); }

}  // namespace fabrica::calls
