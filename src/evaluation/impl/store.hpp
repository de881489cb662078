#pragma once

#include "db/db.hpp"
#include "evaluation/types.hpp"

namespace fabrica::evaluation::store {

struct EvaluationRow {
  std::int64_t id = 0;
  PublicId public_id;
  PublicId project;
  std::string suite;
  std::string version;
  std::string plan;
  std::int64_t statement = 0;
  Time created_us;
};
BOOST_DESCRIBE_STRUCT(EvaluationRow, (), (id, public_id, project, suite, version, plan, statement, created_us))

inline constexpr db::Query kEvaluationInsert{"evaluation_insert", R"sql(
  INSERT INTO evaluations (public_id, project, suite, version, plan, statement, created_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7))sql"};

inline constexpr db::Query kEvaluationByPublicId{"evaluation_by_public_id", R"sql(
  SELECT * FROM evaluations WHERE public_id = $1)sql"};

inline constexpr db::Query kEvaluations{"evaluations", R"sql(
  SELECT * FROM evaluations
   WHERE project = $1 AND id > COALESCE((SELECT e.id FROM evaluations e WHERE e.public_id = $2), 0)
   ORDER BY id LIMIT $3)sql"};

struct ResultRow {
  std::int64_t id = 0;
  PublicId public_id;
  PublicId model;
  PublicId job;
  bool preregistered = false;
  Verdict verdict{};
  std::string results_sha256;
  std::string outcomes;
  std::int64_t statement = 0;
  Time created_us;
};
BOOST_DESCRIBE_STRUCT(ResultRow, (), (id, public_id, model, job, preregistered, verdict, results_sha256, outcomes,
                                      statement, created_us))

inline constexpr db::Query kResultInsert{"evaluation_result_insert", R"sql(
  INSERT INTO evaluation_results (public_id, evaluation_id, model, job, preregistered, verdict, results_sha256, outcomes,
                                  statement, created_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10))sql"};

inline constexpr db::Query kResults{"evaluation_results", R"sql(
  SELECT * FROM evaluation_results WHERE evaluation_id = $1 ORDER BY id)sql"};

inline constexpr db::Query kMetricInsert{"evaluation_metric_insert", R"sql(
  INSERT INTO evaluation_metrics (result_id, place, name, slice, value, low, high, n, unit, method)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10))sql"};

inline constexpr db::Query kMetrics{"evaluation_metrics", R"sql(
  SELECT name, slice, value, low, high, n, unit, method FROM evaluation_metrics WHERE result_id = $1 ORDER BY place)sql"};

struct GateRow {
  std::string evaluation;
  std::string suite;
  bool preregistered = false;
  Verdict verdict{};
};
BOOST_DESCRIBE_STRUCT(GateRow, (), (evaluation, suite, preregistered, verdict))

inline constexpr db::Query kGates{"evaluation_gates", R"sql(
  SELECT e.public_id AS evaluation, e.suite AS suite, r.preregistered AS preregistered, r.verdict AS verdict
    FROM evaluation_results r JOIN evaluations e ON e.id = r.evaluation_id
   WHERE r.model = $1 ORDER BY r.id)sql"};

}  // namespace fabrica::evaluation::store
