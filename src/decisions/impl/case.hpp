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
  std::vector<matching::RankLine> const& lines() const;  // by rank
  matching::RankLine const* line_of(PublicId const& proposal) const;
  std::vector<std::string> groups_of(std::string const& candidate) const;
  // Places of everybody by id; to be called when the lists have changed.
  void index();

  struct Place {
    std::size_t track = 0;
    bool ranked = false;
    std::size_t at = 0;
  };
  std::map<PublicId, std::size_t> contender_at{};
  std::map<std::string, Place> line_at{};
  std::map<std::string, std::size_t> candidate_at{};
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
matching::AwardProposal award_proposal_of(matching::RankLine const& line, std::vector<std::string> groups,
                                          std::vector<matching::AwardOption> options);

// The figures a letter tells of a proposal.
struct Assessed {
  std::vector<matching::CriterionFigures> criteria;
};
BOOST_DESCRIBE_STRUCT(Assessed, (), (criteria))
std::string assessed(matching::RankLine const* line);

}  // namespace fabrica::decisions
