#include "reviews/rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "forms/shipped.hpp"

namespace fabrica::reviews {
namespace {

constexpr Micros kNow = 1'793'000'000 * kSecond;  // 2026-10-26

ProfileDraft profile() {
  ProfileDraft out;
  out.orcid = "0000-0002-1825-0097";
  out.country = "LV";
  out.keywords = {"speech"};
  out.languages = {"lv"};
  return out;
}
ReviewerParty reviewer(ProfileDraft const& draft) { return party_of(PublicId{}, "Jānis Ozols", draft); }

std::vector<ConflictKind> kinds(std::vector<Found> const& found) {
  std::vector<ConflictKind> out;
  for (auto const& one : found) out.push_back(one.kind);
  return out;
}

TEST(Orcid, IsCheckedByItsLastDigit) {
  EXPECT_TRUE(is_orcid("0000-0002-1825-0097"));
  EXPECT_TRUE(is_orcid("0000-0002-1694-233X"));
  EXPECT_FALSE(is_orcid("0000-0002-1825-0098"));
  EXPECT_FALSE(is_orcid("0000-0002-1825-0079")) << "two digits exchanged";
  EXPECT_FALSE(is_orcid("000-00002-1825-0097"));
  EXPECT_FALSE(is_orcid("0000-0002-1825-009"));
  EXPECT_FALSE(is_orcid("0000-0002-1694-233x"));
}

TEST(Profile, IsRefusedWithEveryFault) {
  auto draft = profile();
  EXPECT_TRUE(check(draft));
  draft.orcid = "0000-0002-1825-0098";
  draft.country = "Latvia";
  draft.keywords = {"  "};
  draft.languages = {"Latvian"};
  draft.publications = {{"Speech", 2025, {{"A. Berzina", "1"}}}};
  draft.available_from = Time{2};
  draft.available_until = Time{1};
  auto const refused = check(draft);
  ASSERT_FALSE(refused);
  std::vector<std::string> at;
  for (auto const& fault : refused.error().faults) at.push_back(fault.pointer);
  EXPECT_EQ(at, (std::vector<std::string>{"/orcid", "/country", "/keywords/0", "/languages/0",
                                          "/publications/0/authors/0/orcid", "/available_until"}));
}

TEST(Names, AreAlikeAcrossAccentsOrderAndInitials) {
  struct Row {
    std::string_view what;
    std::string one;
    std::string other;
    bool alike_;
  };
  for (auto const& row : {Row{"accents", "Jānis Ozols", "Janis OZOLS", true},
                          Row{"order", "Ozols, Jānis", "Jānis Ozols", true},
                          Row{"an initial", "J. Ozols", "Jānis Ozols", true},
                          Row{"a middle name", "Jānis Ozols", "Jānis Pēteris Ozols", true},
                          Row{"another initial", "P. Ozols", "Jānis Ozols", false},
                          Row{"initials alone", "J. O.", "Jānis Ozols", false},
                          Row{"the family name alone", "Ozols", "Jānis Ozols", false},
                          Row{"one name", "王小明", "王小明", true}, Row{"Greek", "Ελένη Παππά", "ΕΛΕΝΗ ΠΑΠΠΑ", true},
                          Row{"an initial takes no whole word's place", "J. Jonas", "Jonas Peters", false},
                          Row{"nobody", "", "", false}}) {
    auto const one = named(row.one, {});
    auto const other = named(row.other, {});
    EXPECT_EQ(alike(one.words, other.words), row.alike_) << row.what;
    EXPECT_EQ(alike(other.words, one.words), row.alike_) << row.what;
  }
}

TEST(Conflicts, TheSameOrganisationNowOrInTheLastYearsIsOne) {
  ProposalParty proposal;
  proposal.organisations = {organisation("Universität Graz", {})};
  auto draft = profile();
  draft.affiliations = {{"Universitat  GRAZ", {}, {}}};
  EXPECT_EQ(kinds(conflicts_between(proposal, reviewer(draft), {}, kNow)),
            (std::vector{ConflictKind::same_organisation}));
  draft.affiliations[0].until = Time{kNow - 365 * kDay};
  auto const recent = conflicts_between(proposal, reviewer(draft), {}, kNow);
  ASSERT_EQ(kinds(recent), (std::vector{ConflictKind::recent_organisation}));
  EXPECT_EQ(recent[0].evidence, "The reviewer was of Universität Graz until 2025-10-26.");
  Settings settings;
  settings.recent_years = 1;
  EXPECT_TRUE(conflicts_between(proposal, reviewer(draft), settings, kNow).empty());
  draft.affiliations[0].until = Time{kNow + kDay};
  EXPECT_EQ(kinds(conflicts_between(proposal, reviewer(draft), settings, kNow)),
            (std::vector{ConflictKind::same_organisation}))
      << "still there";
}

TEST(Conflicts, IdsDecideOverNames) {
  SeededRandom random{3};
  auto const here = PublicId::make(kNow, random);
  auto const there = PublicId::make(kNow, random);
  ProposalParty proposal;
  proposal.organisations = {organisation("Institute of Physics", here)};
  auto draft = profile();
  draft.affiliations = {{"Institute of Physics", there, {}}};
  EXPECT_TRUE(conflicts_between(proposal, reviewer(draft), {}, kNow).empty()) << "two institutes of that name";
  draft.affiliations = {{"IoP", here, {}}};
  EXPECT_EQ(kinds(conflicts_between(proposal, reviewer(draft), {}, kNow)),
            (std::vector{ConflictKind::same_organisation}));
}

TEST(Conflicts, CoAuthorsOfTheLastYearsAreOne) {
  ProposalParty proposal;
  proposal.people = {named("Anna Bērziņa", "0000-0002-1694-233X")};
  auto draft = profile();
  draft.publications = {{"Old", 2020, {{"A. Bērziņa", {}}}}, {"New", 2024, {{"J. Ozols", {}}, {"A. Berzina", {}}}}};
  auto const found = conflicts_between(proposal, reviewer(draft), {}, kNow);
  ASSERT_EQ(kinds(found), (std::vector{ConflictKind::co_author}));
  EXPECT_EQ(found[0].evidence, "The reviewer and Anna Bērziņa (0000-0002-1694-233X) wrote \"New\" (2024).");
  draft.publications[1].authors[1].orcid = "0000-0002-1825-0097";
  EXPECT_TRUE(conflicts_between(proposal, reviewer(draft), {}, kNow).empty()) << "the ORCID says who it is";
  draft.publications[1].authors[1] = {"A. B. Kalniņa", "0000-0002-1694-233X"};
  EXPECT_EQ(kinds(conflicts_between(proposal, reviewer(draft), {}, kNow)), (std::vector{ConflictKind::co_author}))
      << "a name changes, the ORCID does not";
}

TEST(Conflicts, MembersAndThoseTheProposalNamesAreOne) {
  SeededRandom random{3};
  auto const person = PublicId::make(kNow, random);
  ProposalParty proposal;
  proposal.members = {person};
  auto party = party_of(person, "Jānis Ozols", profile());
  EXPECT_EQ(kinds(conflicts_between(proposal, party, {}, kNow)), (std::vector{ConflictKind::project_member}));
  proposal.members.clear();
  EXPECT_TRUE(conflicts_between(proposal, party, {}, kNow).empty());
  proposal.people = {named("Ozols Janis", {})};
  EXPECT_EQ(kinds(conflicts_between(proposal, party, {}, kNow)), (std::vector{ConflictKind::project_member}));
}

TEST(Conflicts, TheCountryIsOneOnlyWhereTheCallSaysSo) {
  ProposalParty proposal;
  proposal.country = "LV";
  EXPECT_TRUE(conflicts_between(proposal, reviewer(profile()), {}, kNow).empty());
  Settings settings;
  settings.same_country = true;
  EXPECT_EQ(kinds(conflicts_between(proposal, reviewer(profile()), settings, kNow)),
            (std::vector{ConflictKind::same_country}));
  proposal.country = "EE";
  EXPECT_TRUE(conflicts_between(proposal, reviewer(profile()), settings, kNow).empty());
}

TEST(Conflicts, AreReadFromTheShippedApplicationForm) {
  auto const form = forms::shipped("eurohpc-ai-application-2026");
  ASSERT_TRUE(form);
  ProposalParty party;
  auto const added = add_form(party, *form, R"({"pi_given_names":"Anna","pi_family_names":"Bērziņa",
    "org_name":"Rīga Speech","pi_orcid":"0000-0002-1694-233X",
    "team":[{"name":"Eleni Pappa","organisation":"Πανεπιστήμιο Πατρών","orcid":"0000-0002-1825-0097"}],
    "excluded_reviewers":[{"name":"J. Ozols","organisation":"Elsewhere","reason":"A rival."},
                          {"name":"","organisation":"Rival Institute","reason":"Rivals."}]})");
  ASSERT_TRUE(added);
  ASSERT_EQ(party.people.size(), 2u);
  EXPECT_EQ(party.people[0].orcid, "0000-0002-1825-0097");
  EXPECT_EQ(party.people[1].name, "Anna Bērziņa");
  EXPECT_EQ(party.organisations.size(), 2u);
  auto draft = profile();
  draft.orcid.reset();
  auto const found = conflicts_between(party, reviewer(draft), {}, kNow);
  ASSERT_EQ(kinds(found), (std::vector{ConflictKind::excluded_by_applicant}));
  EXPECT_EQ(found[0].evidence, "The applicant excludes J. Ozols.");
  draft.affiliations = {{"Rival Institute", {}, {}}};
  EXPECT_EQ(kinds(conflicts_between(party, party_of({}, "Somebody Else", draft), {}, kNow)),
            (std::vector{ConflictKind::excluded_by_applicant}));
}

matching::RankingRules rules() {
  matching::RankingRules out;
  out.criteria = {{"excellence", 0, 5000, 500, 1, {}}, {"impact", 1000, 5000, 1000, 1, {}}};
  return out;
}

TEST(ReviewCheck, ScoresStandOnTheirScaleAndSteps) {
  ReviewDraft review;
  review.scores_milli = {{"excellence", 4500}, {"impact", 2000}};
  EXPECT_TRUE(check(review, rules(), {}, Completeness::draft));
  review.scores_milli = {{"excellence", 4600}, {"impact", 0}, {"charm", 1}};
  auto const refused = check(review, rules(), {}, Completeness::draft);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "review");
  std::vector<std::string> at;
  for (auto const& fault : refused.error().faults) at.push_back(fault.pointer);
  EXPECT_EQ(at,
            (std::vector<std::string>{"/scores_milli/charm", "/scores_milli/excellence", "/scores_milli/impact"}));
}

TEST(ReviewCheck, ASubmissionIsCompleteAndExplained) {
  ReviewDraft review;
  EXPECT_TRUE(check(review, rules(), {}, Completeness::draft));
  review.scores_milli = {{"excellence", 4500}};
  review.texts = {{"excellence", "  Short.  " + std::string(60, ' ')}, {"impact", std::string(50, 'a')}};
  auto const refused = check(review, rules(), {}, Completeness::submission);
  ASSERT_FALSE(refused);
  std::vector<std::string> at;
  for (auto const& fault : refused.error().faults) at.push_back(fault.pointer);
  EXPECT_EQ(at, (std::vector<std::string>{"/texts/excellence", "/scores_milli/impact"}));
  review.scores_milli["impact"] = 3000;
  review.texts["excellence"] = "";
  for (int at_ = 0; at_ < 50; ++at_) review.texts["excellence"] += "ā";
  EXPECT_TRUE(check(review, rules(), {}, Completeness::submission)) << "characters, not bytes";
}

TEST(Topics, AreWhatTheFormShowsEverybodyWithoutTheApplicant) {
  auto const form = forms::shipped("eurohpc-ai-application-2026");
  ASSERT_TRUE(form);
  auto const topic = topic_of(*form, R"({"title":"Speech for Latvian","abstract":"We train a recogniser.",
    "keywords":"speech; latviešu valoda, 語音、音声","org_name":"Rīga Speech","pi_family_names":"Bērziņa"})");
  ASSERT_TRUE(topic) << topic.error().what;
  EXPECT_EQ(topic->text, "Speech for Latvian\nWe train a recogniser.\n");
  EXPECT_EQ(topic->keywords, (std::vector<std::string>{"speech", "latviešu valoda", "語音", "音声"}));
}

}  // namespace
}  // namespace fabrica::reviews
