#pragma once

#include "dataspace/types.hpp"
#include "db/db.hpp"

namespace fabrica::dataspace::store {

struct DatasetRow {
  std::int64_t id = 0;
  PublicId public_id;
  PublicId project;
  std::string name;
  std::string description;
  std::string licence;
  SourceKind source_kind{};
  Modality modality{};
  std::string languages;
  std::int64_t size_bytes = 0;
  std::int64_t file_count = 0;
  std::optional<std::int64_t> documents;
  std::optional<Time> period_from_us;
  std::optional<Time> period_to_us;
  PersonalData personal_data{};
  std::string personal_data_reason;
  std::string tdm_check;
  std::optional<std::string> domains_digest;
  std::string sources;
  std::string tree_sha256;
  std::string record_sha256;
  std::int64_t statement = 0;
  Time created_us;
};
BOOST_DESCRIBE_STRUCT(DatasetRow, (), (id, public_id, project, name, description, licence, source_kind, modality, languages,
                                       size_bytes, file_count, documents, period_from_us, period_to_us, personal_data,
                                       personal_data_reason, tdm_check, domains_digest, sources, tree_sha256,
                                       record_sha256, statement, created_us))

inline constexpr db::Query kDatasetInsert{"dataset_insert", R"sql(
  INSERT INTO datasets (public_id, project, name, description, licence, source_kind, modality, languages, size_bytes,
                        file_count, documents, period_from_us, period_to_us, personal_data, personal_data_reason,
                        tdm_check, domains_digest, sources, tree_sha256, record_sha256, statement, created_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22))sql"};

inline constexpr db::Query kDatasetByPublicId{"dataset_by_public_id", R"sql(
  SELECT * FROM datasets WHERE public_id = $1)sql"};

inline constexpr db::Query kDatasetById{"dataset_by_id", R"sql(SELECT * FROM datasets WHERE id = $1)sql"};

inline constexpr db::Query kDatasets{"datasets", R"sql(
  SELECT * FROM datasets
   WHERE project = $1 AND id > COALESCE((SELECT d.id FROM datasets d WHERE d.public_id = $2), 0)
   ORDER BY id LIMIT $3)sql"};

inline constexpr db::Query kDatasetFileInsert{"dataset_file_insert", R"sql(
  INSERT INTO dataset_files (dataset_id, path, sha256, size_bytes) VALUES ($1, $2, $3, $4))sql"};

inline constexpr db::Query kDatasetFiles{"dataset_files", R"sql(
  SELECT path, sha256, size_bytes FROM dataset_files WHERE dataset_id = $1)sql"};

struct SplitRow {
  std::int64_t id = 0;
  PublicId public_id;
  PublicId project;
  std::int64_t dataset_id = 0;
  PublicId dataset;
  SplitState state{};
  std::int64_t train_ppm = 0;
  std::int64_t validation_ppm = 0;
  std::int64_t held_out_ppm = 0;
  SplitUnit unit{};
  std::string rule;
  std::string seed;
  std::optional<std::string> failure;
  std::string requested_by;
  std::optional<std::int64_t> statement;
  Time created_us;
};
BOOST_DESCRIBE_STRUCT(SplitRow, (), (id, public_id, project, dataset_id, dataset, state, train_ppm, validation_ppm,
                                     held_out_ppm, unit, rule, seed, failure, requested_by, statement, created_us))

inline constexpr db::Query kSplitInsert{"split_insert", R"sql(
  INSERT INTO splits (public_id, project, dataset_id, state, train_ppm, validation_ppm, held_out_ppm, unit, rule, seed,
                      requested_by, created_us)
  VALUES ($1, $2, $3, 'splitting', $4, $5, $6, $7, $8, $9, $10, $11))sql"};

inline constexpr db::Query kSplitByPublicId{"split_by_public_id", R"sql(
  SELECT s.*, d.public_id AS dataset FROM splits s JOIN datasets d ON d.id = s.dataset_id WHERE s.public_id = $1)sql"};

inline constexpr db::Query kSplits{"splits", R"sql(
  SELECT s.*, d.public_id AS dataset FROM splits s JOIN datasets d ON d.id = s.dataset_id
   WHERE s.project = $1 AND s.id > COALESCE((SELECT o.id FROM splits o WHERE o.public_id = $2), 0)
   ORDER BY s.id LIMIT $3)sql"};

inline constexpr db::Query kSplitsWaiting{"splits_waiting", R"sql(
  SELECT s.*, d.public_id AS dataset FROM splits s JOIN datasets d ON d.id = s.dataset_id
   WHERE s.state = 'splitting' ORDER BY s.id LIMIT 100)sql"};

inline constexpr db::Query kSplitCommit{"split_commit", R"sql(
  UPDATE splits SET state = 'committed', statement = $2, ended_us = $3 WHERE id = $1 AND state = 'splitting')sql"};

inline constexpr db::Query kSplitFail{"split_fail", R"sql(
  UPDATE splits SET state = 'failed', failure = $2, ended_us = $3 WHERE id = $1 AND state = 'splitting')sql"};

inline constexpr db::Query kSplitFileInsert{"split_file_insert", R"sql(
  INSERT INTO split_files (split_id, part, path, sha256, size_bytes, lines) VALUES ($1, $2, $3, $4, $5, $6))sql"};

inline constexpr db::Query kSplitFiles{"split_files", R"sql(
  SELECT part, path, sha256, size_bytes, lines FROM split_files WHERE split_id = $1)sql"};

inline constexpr db::Query kProjectFile{"project_file", R"sql(
  SELECT size_bytes FROM project_files WHERE project = $1 AND sha256 = $2)sql"};

inline constexpr db::Query kProjectFileInsert{"project_file_insert", R"sql(
  INSERT INTO project_files (project, sha256, size_bytes, created_us) VALUES ($1, $2, $3, $4)
  ON CONFLICT (project, sha256) DO NOTHING)sql"};

}  // namespace fabrica::dataspace::store
