#pragma once

#include "trust/service.hpp"

namespace fabrica::trust::store {

inline constexpr db::Query kAssessmentInsert{"assessment_insert", R"sql(
  INSERT INTO assessments (public_id, project, signer, result, statement, made_us) VALUES ($1, $2, $3, $4, $5, $6))sql"};

struct AssessmentRow {
  PublicId public_id;
  PublicId project;
  PublicId signer;
  std::string result;
  std::int64_t statement = 0;
  Time made_us;
};
BOOST_DESCRIBE_STRUCT(AssessmentRow, (), (public_id, project, signer, result, statement, made_us))

inline constexpr db::Query kAssessmentById{"assessment_by_id", R"sql(
  SELECT public_id, project, signer, result, statement, made_us FROM assessments WHERE public_id = $1)sql"};
inline constexpr db::Query kAssessmentLast{"assessment_last", R"sql(
  SELECT public_id, project, signer, result, statement, made_us FROM assessments
   WHERE project = $1 ORDER BY id DESC LIMIT 1)sql"};

inline constexpr db::Query kDeclarationInsert{"declaration_insert", R"sql(
  INSERT INTO declarations (public_id, project, declared, by_person, statement, made_us) VALUES ($1, $2, $3, $4, $5, $6))sql"};

struct DeclarationRow {
  std::string declared;
  std::string by_person;
  std::int64_t statement = 0;
};
BOOST_DESCRIBE_STRUCT(DeclarationRow, (), (declared, by_person, statement))

inline constexpr db::Query kDeclarations{"declarations", R"sql(
  SELECT declared, by_person, statement FROM declarations WHERE project = $1 ORDER BY id)sql"};

inline constexpr db::Query kDossierInsert{"dossier_insert", R"sql(
  INSERT INTO dossiers (public_id, project, model, draft, state, chain_length, made_us)
  VALUES ($1, $2, $3, $4, 'issued', $5, $6))sql"};
inline constexpr db::Query kDossierFileInsert{"dossier_file_insert", R"sql(
  INSERT INTO dossier_files (dossier_id, path, content) VALUES ($1, $2, $3))sql"};
inline constexpr db::Query kDossierById{"dossier_by_id", R"sql(
  SELECT public_id AS id, project, model, draft, state, chain_length, sha256, size_bytes, failure, made_us AS made
    FROM dossiers WHERE public_id = $1)sql"};

struct WaitingRow : Dossier {
  std::int64_t row = 0;
};
BOOST_DESCRIBE_STRUCT(WaitingRow, (Dossier), (row))

inline constexpr db::Query kDossiersWaiting{"dossiers_waiting", R"sql(
  SELECT d.id AS row, d.public_id AS id, d.project AS project, d.model AS model, d.draft AS draft, d.state AS state,
         d.chain_length AS chain_length, d.sha256 AS sha256, d.size_bytes AS size_bytes, d.failure AS failure,
         d.made_us AS made
    FROM dossiers d WHERE d.state = 'issued' AND d.id > $1 ORDER BY d.id LIMIT 10)sql"};
inline constexpr db::Query kDossierFiles{"dossier_files", R"sql(
  SELECT path, content FROM dossier_files WHERE dossier_id = $1 ORDER BY path)sql"};
inline constexpr db::Query kDossierReady{"dossier_ready", R"sql(
  UPDATE dossiers SET state = 'ready', sha256 = $2, size_bytes = $3 WHERE id = $1 AND state = 'issued')sql"};
inline constexpr db::Query kDossierFailed{"dossier_failed", R"sql(
  UPDATE dossiers SET state = 'failed', failure = $2 WHERE id = $1 AND state = 'issued')sql"};

}  // namespace fabrica::trust::store
