#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "tlog/checkpoint.hpp"
#include "tlog/merkle.hpp"
#include "tlog/policy.hpp"

namespace fabrica::trust {

// docs/reference/dossier.md describes the format. A dossier is one zip file in a canonical form: the verifier makes the
// archive again from what it read and refuses any difference, so every byte counts.
inline constexpr std::string_view kDossierFormat = "fabrica.dossier/1";
inline constexpr std::string_view kIssuedKind = "dossier.issued";
inline constexpr std::size_t kDossierBytesMax = std::size_t{256} << 20;
inline constexpr std::int64_t kDossierStatementsMax = 32'000;

// A document or manifest that goes in: "documents/gpai_documentation.html", "model/manifest.json".
struct DossierContent {
  std::string path;
  std::string content;
};

struct DossierFile {
  std::string path;
  std::string sha256;
  std::int64_t size_bytes = 0;
  friend bool operator==(DossierFile const&, DossierFile const&) = default;
};
BOOST_DESCRIBE_STRUCT(DossierFile, (), (path, sha256, size_bytes))

// A statement of the project's chain with what opens its commitment and shows it in the log.
struct DossierStatement {
  std::int64_t number = 0;
  std::string canonical;  // RFC 8785 bytes of the in-toto Statement
  Bytes salt;             // 16 bytes
  std::uint64_t index = 0;
  tlog::Proof proof;  // at the checkpoint's size
};

struct DossierParts {
  std::string project;  // public id: the chain's name
  std::vector<DossierContent> contents;
  std::vector<DossierStatement> statements;  // the complete chain, dossier.issued last
  tlog::SignedCheckpoint checkpoint;         // cosigned
};

// The body of the statement dossier.issued (a JSON object), to be recorded before the dossier is built. `chain_length`
// counts that statement itself. Errors: invalid "dossier_path", too_large "dossier".
Result<std::string> issued_body(std::vector<DossierContent> const& contents, std::int64_t chain_length);

// The zip. Checks its own result but for the policy, which the auditor has.
// Errors: invalid "dossier" with the place of the fault, invalid "dossier_path", too_large "dossier".
Result<std::string> build_dossier(DossierParts const& parts);

enum class StepOutcome : std::uint8_t { passed, failed, not_reached };
BOOST_DESCRIBE_ENUM(StepOutcome, passed, failed, not_reached)

struct VerificationStep {
  std::string step;  // archive, files, checkpoint, statements, proofs, issue
  std::string title;
  StepOutcome outcome = StepOutcome::not_reached;
  std::string detail;  // what was checked, or the fault with its exact place
};
BOOST_DESCRIBE_STRUCT(VerificationStep, (), (step, title, outcome, detail))

struct WitnessSeen {
  std::string name;
  bool counted = false;
  std::string time;  // RFC 3339; empty where it did not count
  std::string why;
};
BOOST_DESCRIBE_STRUCT(WitnessSeen, (), (name, counted, time, why))

struct StatementSeen {
  std::int64_t number = 0;
  std::string kind;
  std::string time;  // as the factory states it
  std::string commitment;
  std::int64_t log_index = 0;
};
BOOST_DESCRIBE_STRUCT(StatementSeen, (), (number, kind, time, commitment, log_index))

struct VerificationReport {
  bool verified = false;
  std::string fault;  // empty when verified: place and what is wrong
  std::vector<VerificationStep> steps;
  std::string project;
  std::string log_origin;
  std::string log_key;
  std::int64_t log_size = 0;
  std::string log_root;  // hex
  std::int64_t chain_length = 0;
  bool witnesses_required = false;
  std::string seen_by_quorum;  // RFC 3339: by then the quorum of witnesses had seen this history
  std::vector<WitnessSeen> witnesses;
  std::vector<DossierFile> files;  // documents and model files the issue covers
  std::vector<StatementSeen> statements;
  std::vector<std::string> proved;      // sentences; empty unless verified
  std::vector<std::string> not_proved;  // always: what no check here can show
};
BOOST_DESCRIBE_STRUCT(VerificationReport, (),
                      (verified, fault, steps, project, log_origin, log_key, log_size, log_root, chain_length,
                       witnesses_required, seen_by_quorum, witnesses, files, statements, proved, not_proved))

// Checks a dossier against a policy that came by another way. Needs no network, server or clock. A dossier that does
// not hold is a report with verified = false.
VerificationReport verify_dossier(std::string_view bytes, tlog::Policy const& policy);
// Errors: not_found "file_missing", unavailable "file_read", too_large "file_read" (over kDossierBytesMax).
Result<VerificationReport> verify_dossier_file(std::filesystem::path const& path, tlog::Policy const& policy);

// The report for a terminal: steps, fault, what is proved and what is not.
std::string render_text(VerificationReport const& report);

// Whether the files of a folder are those of a manifest (model/manifest.json): names, sizes, SHA-256, none more.
// Errors: invalid "model_manifest"; conflict "model_differs" with a fault for each file.
Result<> verify_model_folder(std::string_view manifest_json, std::filesystem::path const& folder);
// The manifest inside a dossier, if there is one. Errors: invalid "dossier".
Result<std::optional<std::string>> manifest_of(std::string_view dossier);

}  // namespace fabrica::trust
