#pragma once

#include "calls/testing/reviewed_world.hpp"
#include "reviews/service.hpp"

namespace fabrica::reviews {

using identity::Actor;

using calls::testing::kPartition;
using calls::testing::kStart;
// The ORCID that the filled form gives the applicant.
inline constexpr auto kApplicantOrcid = "0000-0002-1825-0097";

// Three proposals in the expert step of a reviewed call: two reviews wanted of each, two for the quorum, three for a
// reviewer at most. Reviewers are made one by one.
struct World : calls::testing::ReviewedWorld {
  explicit World(db::Database& on, bool blind = true) : ReviewedWorld{on} {
    rounds.guard_steps(reviews);
    auto made = database.write([&](db::Tx& tx) -> Result<> {
      FABRICA_DO(first_administrator(tx));
      FABRICA_TRY(auto const firm,
                  identity.create_organisation(tx, admin, {"Riga Speech", "LV", kSme, {}, {}, {}, {}}));
      organisation_id = firm.id;
      FABRICA_TRY(applicant, person_in(tx, "Anna Berzina", "anna", {}));
      FABRICA_DO(identity.grant(tx, admin, applicant.person, {identity::Role::organisation_admin, firm.id.text()}));
      FABRICA_TRY(applicant, identity.actor_by_email(tx, "anna@example.org"));
      FABRICA_TRY(officer, person_in(tx, "Olga Office", "olga", {{identity::Role::access_officer, ""}}));
      FABRICA_TRY(stranger, person_in(tx, "Sam Stranger", "sam", {}));
      for (auto const* title : {"Speech", "Proteins", "Turbines"}) {
        FABRICA_TRY(auto const one, projects.create(tx, applicant, {firm.id, title, "A project", "other"}));
        project_ids.push_back(one.id);
      }
      FABRICA_TRY(applicant, identity.actor_by_email(tx, "anna@example.org"));
      return {};
    });
    EXPECT_TRUE(made) << db::why(made);
    publish_call(officer, call_draft(blind));
    propose("Speech recognition for Baltic languages", "A neural acoustic model for Latvian and Lithuanian speech.", 0);
    propose("Protein folding at scale", "Structures of proteins from sequences by attention networks on graphs.", 1);
    propose("Wind turbines and turbulence", "Large eddy simulation of offshore wind farms, learned closures.", 2);
    round = rounds_of_call().front().id;
    pass_cut_off();
  }

  static constexpr auto kSme = identity::OrganisationKind::sme;

  static calls::CallDraft call_draft(bool blind) {
    auto draft = calls::testing::reviewed_call();
    draft.summary = "Large machines for small firms.";
    auto& rules = *draft.reviewed;
    rules.steps = {{calls::StepKind::expert, {}, {}, blind},
                   {calls::StepKind::panel, {}, {}, false},
                   {calls::StepKind::decision, {}, {}, false}};
    rules.ranking.criteria = {{"excellence", 0, 5000, 500, 1, {}}};
    rules.ranking.quorum = 2;
    rules.reviews_wanted = 2;
    rules.reviewer_load_max = 3;
    return draft;
  }

  void propose(std::string const& title, std::string const& abstract, std::size_t project) {
    auto draft = calls::testing::sound_proposal(
        call.id, calls::testing::answers({{"title", json::write(title)}, {"abstract", json::write(abstract)}}));
    draft.purpose = title;
    auto const kept = must([&](db::Tx& tx) { return calls.draft(tx, applicant, project_ids[project], draft); });
    auto const sent = must([&](db::Tx& tx) { return calls.submit(tx, applicant, kept.id); });
    EXPECT_EQ(sent.state, calls::ProposalState::submitted) << sent.decision_reason;
    proposals.push_back(kept.id);
  }

  static ProfileDraft profile(std::string const& expertise, std::string const& organisation) {
    ProfileDraft out;
    out.country = "FR";
    out.keywords = {expertise};
    out.languages = {"fr", "en"};
    out.expertise = expertise;
    out.affiliations = {{organisation, {}, {}}};
    out.load_max = 3;
    return out;
  }
  // A person who has accepted an invitation and has a profile.
  Actor reviewer(std::string const& name, std::string const& mail, ProfileDraft const& draft) {
    auto const who = person(name, mail);
    auto const invited = must([&](db::Tx& tx) { return reviews.invite(tx, officer, call.id, {who.person, {}, 7}); });
    must([&](db::Tx& tx) { return reviews.answer_invitation(tx, who, {*invited.token, true, ""}); });
    must([&](db::Tx& tx) { return reviews.save_profile(tx, who, who.person, draft); });
    return who;
  }
  // Enough of them, each of another organisation.
  void pool_of_four() {
    reviewers.push_back(reviewer("Rene Un", "r1", profile("speech recognition acoustic models", "Lab One")));
    reviewers.push_back(reviewer("Rosa Deux", "r2", profile("protein structures and folding", "Lab Two")));
    reviewers.push_back(reviewer("Rudi Trois", "r3", profile("turbulence and wind farms", "Lab Three")));
    reviewers.push_back(reviewer("Rita Quatre", "r4", profile("neural networks", "Lab Four")));
  }
  PublicId new_id() { return id(); }
  Time due() const { return Time{clock.now() + 10 * kDay}; }
  Assignment assigned_and_sent() {
    must([&](db::Tx& tx) { return reviews.propose(tx, officer, round); });
    return must([&](db::Tx& tx) { return reviews.send(tx, officer, round, due()); });
  }
  Assignment assignment() {
    return must([&](db::Tx& tx) { return reviews.assignment(tx, officer, round); });
  }
  // The active pairs of a proposal.
  std::vector<AssignedPair> active(PublicId const& proposal) {
    std::vector<AssignedPair> out;
    for (auto const& pair : assignment().pairs)
      if (pair.proposal == proposal && is_active(pair.state)) out.push_back(pair);
    return out;
  }
  Actor const& who(PublicId const& reviewer_id) const {
    return *std::ranges::find(reviewers, reviewer_id, &Actor::person);
  }
  void accept(AssignedPair const& pair) {
    must([&](db::Tx& tx) { return reviews.answer(tx, who(pair.reviewer), pair.id, {true, "", {}}); });
  }
  static ReviewDraft content(std::int64_t score_milli) {
    return {{{"excellence", score_milli}}, {{"excellence", std::string(60, 'x')}}, "Between us."};
  }
  Review submitted(AssignedPair const& pair, std::int64_t score_milli) {
    auto const& by = who(pair.reviewer);
    must([&](db::Tx& tx) { return reviews.save_review(tx, by, pair.id, content(score_milli)); });
    return must([&](db::Tx& tx) { return reviews.submit_review(tx, by, pair.id); });
  }
  // Everybody accepts and scores everything.
  void all_reviewed(std::int64_t score_milli) {
    for (auto const& pair : assignment().pairs) {
      accept(pair);
      submitted(pair, score_milli);
    }
  }

  std::int64_t said(std::string_view kind, std::string const& chain = std::string{journal::kFactoryChain}) {
    return count(chain, kind);
  }

  Reviews reviews{clock, random, journal, identity, projects, rounds};
  Actor applicant, officer, stranger;
  std::vector<Actor> reviewers;
  PublicId organisation_id;
  std::vector<PublicId> project_ids;
  std::vector<PublicId> proposals;
  PublicId round;
};

class ReviewsDb : public db::DbTest {
 protected:
  void SetUp() override {
    DbTest::SetUp();
    world = std::make_unique<World>(db());
  }
  void TearDown() override {
    world.reset();
    DbTest::TearDown();
  }
  std::unique_ptr<World> world;
};

template <class T>
std::string reason_of(Result<T> const& result) {
  return result ? "ok" : result.error().reason;
}

}  // namespace fabrica::reviews
