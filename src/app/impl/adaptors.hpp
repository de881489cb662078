#pragma once

#include "api/api.hpp"
#include "awards/service.hpp"
#include "calls/attachments.hpp"
#include "calls/service.hpp"
#include "compute/ports.hpp"
#include "dataspace/blob_files.hpp"
#include "dataspace/service.hpp"
#include "decisions/record.hpp"
#include "decisions/service.hpp"
#include "evaluation/ports.hpp"
#include "identity/erasure.hpp"
#include "models/service.hpp"
#include "reviews/reads.hpp"
#include "reviews/service.hpp"

// Where a module declares a port and another module is what it stands for.
namespace fabrica::app {

// Who is asking, for api/: identity knows.
class Doorkeeper final : public api::Authenticator {
 public:
  explicit Doorkeeper(identity::Identity& identity) : identity_{identity} {}
  Result<identity::Actor> authenticate(db::Tx& tx, std::string_view bearer_token, std::string_view session_cookie,
                                       Micros now) override {
    return bearer_token.empty() ? identity_.by_session(tx, session_cookie, now)
                                : identity_.by_token(tx, bearer_token, now);
  }
  Result<> check_csrf(db::Tx& tx, std::string_view session_cookie, std::string_view csrf_token) override {
    return identity_.check_csrf(tx, session_cookie, csrf_token);
  }

 private:
  identity::Identity& identity_;
};

// Who reviews a proposal, for calls/: reviews/ has the assignments.
class Reviewers final : public calls::ReadsProposals {
 public:
  Result<std::optional<forms::Reader>> reader(db::Tx& tx, identity::Actor const& actor,
                                              PublicId const& proposal) override {
    return reviews::reader_of(tx, actor.person, proposal);
  }
};

// What a job is charged to, for compute/: awards/ knows the period.
class AwardedHours final : public compute::Awards {
 public:
  explicit AwardedHours(awards::Awards& awards) : awards_{awards} {}
  Result<compute::ChargedTo> charged_to(db::Tx& tx, PublicId const& project, std::string_view partition) override {
    FABRICA_TRY(auto const to, awards_.charged_to(tx, project, partition));
    return compute::ChargedTo{to.award, to.account, to.unit, to.ends};
  }

 private:
  awards::Awards& awards_;
};

// The jobs of an award, for awards/ and the public record: compute/ has them.
class AwardJobs final : public awards::JobRecords, public decisions::ActivitySource {
 public:
  explicit AwardJobs(Clock const& clock) : clock_{clock} {}
  Result<awards::JobFigures> of_award(db::Tx& tx, PublicId const& award) override;
  Result<awards::EnergyFigures> energy(db::Tx& tx, PublicId const& award) override;
  Result<decisions::AwardActivity> activity(db::Tx& tx, PublicId const& award) override;

 private:
  Clock const& clock_;
};

// What a project made, for the report on its award: dataspace/ and models/ have it. They are built after awards/, which
// asks for this, so they are named later.
class ProjectMade final : public awards::ProjectRecords {
 public:
  void know(dataspace::Dataspace& dataspace, models::Models& models) {
    dataspace_ = &dataspace;
    models_ = &models;
  }
  Result<std::vector<awards::RecordedThing>> data_sets(db::Tx& tx, identity::Actor const& actor,
                                                       PublicId const& project) override;
  Result<std::vector<awards::RecordedThing>> released_models(db::Tx& tx, identity::Actor const& actor,
                                                             PublicId const& project) override;

 private:
  dataspace::Dataspace* dataspace_ = nullptr;
  models::Models* models_ = nullptr;
};

// Hours of a round that came free after its awards, for awards/: decisions/ has the reserve list.
class ReserveList final : public awards::FreedHours {
 public:
  explicit ReserveList(decisions::Decisions& decisions) : decisions_{decisions} {}
  Result<> freed(db::Tx& tx, PublicId const& round, std::string_view cause) override {
    return decisions_.hours_freed(tx, round, cause);
  }

 private:
  decisions::Decisions& decisions_;
};

// The reviews a ranking counts, for decisions/: reviews/ has them.
class CountedReviews final : public decisions::ScoreSource {
 public:
  explicit CountedReviews(reviews::Reviews& reviews) : reviews_{reviews} {}
  Result<std::vector<matching::ScoredReview>> scored(db::Tx& tx, PublicId const& proposal) override {
    return reviews_.scored(tx, proposal);
  }
  Result<std::optional<std::string>> assignment_seed(db::Tx& tx, PublicId const& round) override {
    return reviews_.reveal_seed(tx, round);
  }

 private:
  reviews::Reviews& reviews_;
};

// What an account that is erased leaves behind, for identity/: awards/ knows projects without another lead, reviews/
// has profiles and open work.
class PersonsBelongings final : public identity::Belongings {
 public:
  PersonsBelongings(awards::Awards& awards, reviews::Reviews& reviews) : awards_{awards}, reviews_{reviews} {}
  Result<std::vector<std::string>> obligations(db::Tx& tx, PublicId const& person) override {
    return awards_.obligations(tx, person);
  }
  Result<> forget(db::Tx& tx, identity::Leaving const& person) override;

 private:
  awards::Awards& awards_;
  reviews::Reviews& reviews_;
};

// What an input reference stands for, for compute/: "model:<id>" is known to models/, "dataset:..." and "split:..." to
// dataspace/. models/ is built after compute/, which asks for this, so it is named later.
class JobData final : public compute::ProjectData {
 public:
  JobData(dataspace::Dataspace& dataspace, dataspace::BlobFiles& files) : dataspace_{dataspace}, files_{files} {}
  void know(models::Models& models) { models_ = &models; }

  Result<Files> resolve(db::Tx& tx, PublicId const& project, std::string_view reference) override;
  Result<std::int64_t> size_of(db::Tx& tx, PublicId const& project, std::string_view sha256) override {
    return files_.size_of(tx, project, sha256);
  }
  Result<> keep(db::Tx& tx, PublicId const& project, PublicId const& job, compute::JobFile const& file) override {
    return files_.keep(tx, project, {"job", job}, {file.path, file.sha256, file.size_bytes});
  }

 private:
  dataspace::Dataspace& dataspace_;
  dataspace::BlobFiles& files_;
  models::Models* models_ = nullptr;
};

// The same, for evaluation/, which plans on data alone.
class EvaluationData final : public evaluation::DataReferences {
 public:
  explicit EvaluationData(dataspace::Dataspace& dataspace) : dataspace_{dataspace} {}
  Result<evaluation::Data> resolve(db::Tx& tx, PublicId const& project, std::string_view reference) override;

 private:
  dataspace::Dataspace& dataspace_;
};

}  // namespace fabrica::app
