#pragma once

#include "db/db.hpp"
#include "models/types.hpp"

namespace fabrica::models::store {

struct SeriesRow {
  std::int64_t id = 0;
  std::string name;
  std::int64_t received = 0;
};
BOOST_DESCRIBE_STRUCT(SeriesRow, (), (id, name, received))

inline constexpr db::Query kSeriesInsert{"metric_series_insert", R"sql(
  INSERT INTO metric_series (job, name) VALUES ($1, $2))sql"};

inline constexpr db::Query kSeriesOfJob{"metric_series_of_job", R"sql(
  SELECT id, name, received FROM metric_series WHERE job = $1 ORDER BY id)sql"};

inline constexpr db::Query kSeriesReceived{"metric_series_received", R"sql(
  UPDATE metric_series SET received = received + $2 WHERE id = $1)sql"};

inline constexpr db::Query kPointPut{"metric_point_put", R"sql(
  INSERT INTO metric_points (series_id, step, value, at_us) VALUES ($1, $2, $3, $4)
  ON CONFLICT (series_id, step) DO UPDATE SET value = excluded.value, at_us = excluded.at_us)sql"};

inline constexpr db::Query kPointCount{"metric_point_count", R"sql(
  SELECT COUNT(*) AS count FROM metric_points WHERE series_id = $1 AND step >= $2)sql"};

inline constexpr db::Query kPoints{"metric_points", R"sql(
  SELECT step, value, at_us AS time FROM metric_points WHERE series_id = $1 AND step >= $2 ORDER BY step)sql"};

inline constexpr db::Query kPointsAfter{"metric_points_after", R"sql(
  SELECT p.id AS id, s.name AS name, p.step AS step, p.value AS value, p.at_us AS time
    FROM metric_points p JOIN metric_series s ON s.id = p.series_id
   WHERE s.job = $1 AND p.id > $2 ORDER BY p.id LIMIT $3)sql"};

inline constexpr db::Query kSummary{"metric_summary", R"sql(
  SELECT s.name AS name, COUNT(*) AS count, MIN(p.step) AS step_first, MAX(p.step) AS step_last,
         (SELECT f.value FROM metric_points f WHERE f.series_id = s.id ORDER BY f.step LIMIT 1) AS first,
         (SELECT l.value FROM metric_points l WHERE l.series_id = s.id ORDER BY l.step DESC LIMIT 1) AS last,
         MIN(p.value) AS least, MAX(p.value) AS greatest
    FROM metric_series s JOIN metric_points p ON p.series_id = s.id
   WHERE s.job = $1 GROUP BY s.id, s.name ORDER BY s.id)sql"};

struct ModelRow {
  std::int64_t id = 0;
  PublicId public_id;
  PublicId project;
  std::string name;
  std::string version;
  std::string licence;
  std::string description;
  std::optional<std::string> base_model;
  ModelState state{};
  std::string tree_sha256;
  std::int64_t size_bytes = 0;
  std::int64_t file_count = 0;
  std::string lineage;
  std::int64_t statement = 0;
  std::optional<std::int64_t> release_statement;
  Time created_us;
};
BOOST_DESCRIBE_STRUCT(ModelRow, (), (id, public_id, project, name, version, licence, description, base_model, state,
                                     tree_sha256, size_bytes, file_count, lineage, statement, release_statement, created_us))

inline constexpr db::Query kModelInsert{"model_insert", R"sql(
  INSERT INTO models (public_id, project, name, version, licence, description, base_model, state, tree_sha256, size_bytes,
                      file_count, lineage, statement, created_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14))sql"};

inline constexpr db::Query kModelByPublicId{"model_by_public_id", R"sql(SELECT * FROM models WHERE public_id = $1)sql"};

inline constexpr db::Query kModels{"models", R"sql(
  SELECT * FROM models
   WHERE project = $1 AND id > COALESCE((SELECT m.id FROM models m WHERE m.public_id = $2), 0)
   ORDER BY id LIMIT $3)sql"};

inline constexpr db::Query kModelDecide{"model_decide", R"sql(
  UPDATE models SET state = $3, release_statement = $4 WHERE public_id = $1 AND state = $2)sql"};

inline constexpr db::Query kModelFileInsert{"model_file_insert", R"sql(
  INSERT INTO model_files (model_id, path, sha256, size_bytes) VALUES ($1, $2, $3, $4))sql"};

inline constexpr db::Query kModelFiles{"model_files", R"sql(
  SELECT path, sha256, size_bytes FROM model_files WHERE model_id = $1)sql"};

inline constexpr db::Query kModelFile{"model_file", R"sql(
  SELECT path, sha256, size_bytes FROM model_files WHERE model_id = $1 AND path = $2)sql"};

}  // namespace fabrica::models::store
