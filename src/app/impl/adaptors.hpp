#pragma once

#include "api/api.hpp"
#include "calls/service.hpp"
#include "compute/ports.hpp"
#include "dataspace/blob_files.hpp"
#include "dataspace/service.hpp"
#include "decisions/ports.hpp"
#include "evaluation/ports.hpp"
#include "identity/service.hpp"
#include "models/service.hpp"
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

// What a job is charged to, for compute/: calls/ has the awards.
class AwardedHours final : public compute::Awards {
 public:
  explicit AwardedHours(calls::Calls& calls) : calls_{calls} {}
  Result<compute::ChargedTo> charged_to(db::Tx& tx, PublicId const& project, std::string_view partition) override {
    FABRICA_TRY(auto const to, calls_.charged_to(tx, project, partition));
    return compute::ChargedTo{to.award, to.account, to.unit, to.ends};
  }

 private:
  calls::Calls& calls_;
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
