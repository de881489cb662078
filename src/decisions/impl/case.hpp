#pragma once

#include <map>

#include "decisions/impl/store.hpp"
#include "decisions/service.hpp"

namespace fabrica::decisions {

// A round with everything a decision on it is made from, as it is in this transaction.
struct Decisions::Case {
  calls::RoundFacts facts;
  std::vector<calls::Contender> contenders;
  std::vector<Change> changes;
  std::optional<store::RankingRow> row;  // the newest ranking
  matching::RankingInput input;          // of that ranking
  matching::Ranking ranking;

  calls::Contender const* find(PublicId const& proposal) const;
  std::vector<matching::RankLine> lines() const;     // by rank
  std::vector<matching::RankLine> unranked() const;  // with the reason
  matching::RankLine const* line_of(PublicId const& proposal) const;
};

inline journal::Statement at_factory(std::string_view kind, std::string_view by, std::string body) {
  return {std::string{journal::kFactoryChain}, std::string{kind}, std::string{by}, {}, std::move(body)};
}
inline journal::Statement in_project(PublicId const& project, std::string_view kind, std::string_view by,
                                     std::string body) {
  return {project.text(), std::string{kind}, std::string{by}, {}, std::move(body)};
}

ProposalDecision decision_of(store::ItemRow const& row);
Change change_of(store::ChangeRow const& row);

// awarding.cpp
Result<> refuse_faults(std::vector<matching::AwardFault> const& faults);
matching::AwardInput award_input_of(calls::RoundFacts const& facts, calls::ReviewedRules const& rules,
                                    AwardRequest const& request);
matching::AwardProposal award_proposal_of(matching::RankLine const& line, matching::RankingInput const& input,
                                          std::vector<matching::AwardOption> options);

}  // namespace fabrica::decisions
