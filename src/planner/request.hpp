#pragma once

#include "facts/view.hpp"
#include "json/describe.hpp"

namespace fabrica::planner {

using facts::Precision;
using facts::Unit;

enum class Method : std::uint8_t { pretrain, continue_, finetune, lora, inference };
BOOST_DESCRIBE_ENUM(Method, pretrain, continue_, finetune, lora, inference)

// The names are those of identity's kinds.
enum class ApplicantKind : std::uint8_t {
  start_up,
  sme,
  small_mid_cap,
  large_company,
  university,
  research_organisation,
  public_body,
  other
};
BOOST_DESCRIBE_ENUM(ApplicantKind, start_up, sme, small_mid_cap, large_company, university, research_organisation,
                    public_body, other)

struct Applicant {
  ApplicantKind kind{};
  std::string country;

  static constexpr auto limits() {
    return std::tuple{
        json::length(&Applicant::country, 2, 2),
        json::note(&Applicant::country, "Two capital letters as the Union writes them (EL for Greece, UK).")};
  }
};
BOOST_DESCRIBE_STRUCT(Applicant, (), (kind, country))

// What somebody wants to train or run. What is absent is unknown, and what depends on it stays unknown in the plan.
struct PlanRequest {
  std::int64_t parameters = 0;
  std::optional<std::int64_t> active_parameters;
  std::int64_t tokens = 0;
  Method method = Method::pretrain;
  Precision precision = Precision::bf16;
  std::optional<double> utilisation;
  bool recompute = false;
  double overhead_share = 0;
  std::optional<std::int64_t> nodes;
  std::int64_t checkpoints_kept = 3;
  std::optional<double> data_gb;
  std::optional<double> upstream_flop;
  std::optional<bool> upstream_systemic_risk;
  std::optional<Applicant> applicant;
  std::string sector;
  bool civilian = true;
  std::optional<bool> eu_project;
  std::optional<bool> open_research;
  std::optional<std::string> starts_on;
  std::optional<std::string> ends_on;
  std::vector<std::string> partitions;

  static constexpr std::array<std::string_view, 8> kMayBeAbsent{
      "method", "precision", "recompute", "overhead_share", "checkpoints_kept", "sector", "civilian", "partitions"};
  static constexpr auto limits() {
    using R = PlanRequest;
    return std::tuple{
        json::range(&R::parameters, 1, 1'000'000'000'000'000),
        json::range(&R::active_parameters, 1, 1'000'000'000'000'000),
        json::note(&R::active_parameters, "Of a mixture of experts: the parameters one token passes."),
        json::range(&R::tokens, 1, 10'000'000'000'000'000),
        json::note(&R::tokens, "Processed in all: the data set times the epochs."),
        json::range(&R::utilisation, 0.001, 1.0),
        json::note(&R::utilisation, "Share of the dense peak that is reached (model FLOP utilisation)."),
        json::note(&R::recompute, "Activations are recomputed in the backward pass."),
        json::range(&R::overhead_share, 0.0, 10.0),
        json::note(&R::overhead_share, "Extra computing for restarts, evaluation and ablations, as a share: 0.3."),
        json::range(&R::nodes, 1, 1'000'000),
        json::range(&R::checkpoints_kept, 1, 1000),
        json::range(&R::data_gb, 0.0, 1e9),
        json::range(&R::upstream_flop, 1.0, 1e30),
        json::note(&R::upstream_flop, "Compute the model to be modified was trained with."),
        json::length(&R::sector, 0, 100),
        json::note(&R::eu_project, "Part of a Horizon Europe or Digital Europe research and innovation project."),
        json::note(&R::open_research, "The results will be published."),
        json::length(&R::starts_on, 10, 10),
        json::length(&R::ends_on, 10, 10),
        json::items(&R::partitions, 0, 100),
        json::length(&R::partitions, 1, 200),
        json::note(&R::partitions, "Only these, planned ones too; absent: every partition in operation.")};
  }
};
BOOST_DESCRIBE_STRUCT(PlanRequest, (),
                      (parameters, active_parameters, tokens, method, precision, utilisation, recompute, overhead_share,
                       nodes, checkpoints_kept, data_gb, upstream_flop, upstream_systemic_risk, applicant, sector,
                       civilian, eu_project, open_research, starts_on, ends_on, partitions))

}  // namespace fabrica::planner
