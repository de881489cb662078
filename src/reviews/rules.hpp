#pragma once

#include <string_view>
#include <vector>

#include "reviews/types.hpp"

// What reviewing decides without I/O.
namespace fabrica::reviews {

// ISO 7064 MOD 11-2 over the digits of "0000-0002-1825-0097".
bool is_orcid(std::string_view text);

// Errors: invalid "profile" with every fault.
Result<> check(ProfileDraft const& profile);
Result<> check(InvitationDraft const& draft);

// A profile may be assigned work at this time.
bool is_available(ProfileDraft const& profile, Micros now);

// Words as names are compared: folded, accents off.
using Words = std::vector<std::string>;
// Whether two names may be one person's: every word of the shorter one stands in the longer one, an initial for its
// word, and at least one word is written out in both.
bool alike(Words const& one, Words const& other);

// Those a proposal names, as conflicts are looked for.
struct Named {
  std::string name;
  Words words;
  std::optional<std::string> orcid;
};
struct Organisation {
  std::string name;
  Words words;
  std::optional<PublicId> id;
};
struct Excluded {
  Named person;
  Organisation organisation;
};
struct ProposalParty {
  PublicId proposal;
  PublicId project;
  std::string country;
  std::vector<Organisation> organisations;  // the applicant's, as the factory knows it and as the form says
  std::vector<Named> people;                // the form's: lead and team
  std::vector<PublicId> members;            // of the project
  std::vector<Excluded> excluded;           // reviewers the applicant does not want
};
struct ReviewerParty {
  PublicId person;
  Named name;
  std::string country;
  std::vector<std::pair<Organisation, std::optional<Time>>> organisations;  // until when
  struct CoAuthor {
    Named author;
    std::string title;
    std::int64_t year = 0;
  };
  std::vector<CoAuthor> co_authors;
};

Named named(std::string name, std::optional<std::string> orcid);
Organisation organisation(std::string name, std::optional<PublicId> id);
ReviewerParty party_of(PublicId const& person, std::string const& name, ProfileDraft const& profile);
// People, organisation and excluded reviewers as the form's answers (an object) name them: by the fields' reuse names
// ("person.family_names", "organisation.name", "project.team") and the field or fact "excluded_reviewers".
Result<> add_form(ProposalParty& party, forms::Form const& form, std::string_view answers);

struct Found {
  ConflictKind kind{};
  std::string evidence;
};
// At most one of each kind. `now` decides what is recent.
std::vector<Found> conflicts_between(ProposalParty const& proposal, ReviewerParty const& reviewer,
                                     Settings const& settings, Micros now);

enum class Completeness : std::uint8_t { draft, submission };
// Errors: invalid "review" with every fault: a criterion the call has not, a score off its scale or between its steps; of
// a submission also what is missing or too short.
Result<> check(ReviewDraft const& review, matching::RankingRules const& rules, Settings const& settings,
               Completeness completeness);

// A review is complete when it scores every criterion.
bool is_complete(ReviewDraft const& review, matching::RankingRules const& rules);

// Text for affinity and keywords of a proposal: what its form shows everybody, blind.
struct Topic {
  std::string text;
  std::vector<std::string> keywords;
};
Result<Topic> topic_of(forms::Form const& form, std::string_view answers);
Topic topic_of(ProfileDraft const& profile);

}  // namespace fabrica::reviews
