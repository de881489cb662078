#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "json/json.hpp"
#include "trust/dossier.hpp"
#include "trust/impl/archive.hpp"

namespace fabrica::trust {

inline constexpr std::string_view kIndexPath = "dossier.json";
inline constexpr std::string_view kCheckpointPath = "checkpoint";
inline constexpr std::string_view kManifestPath = "model/manifest.json";
inline constexpr std::size_t kStatementBytesMax = std::size_t{16} << 20;
inline constexpr json::Limits kJsonLimits{.bytes = std::size_t{17} << 20, .depth = 40, .values = 400'000};

// dossier.json: RFC 8785 form and a newline.
struct DossierIndex {
  std::string format;
  std::string log_origin;
  std::string project;
  std::int64_t chain_length = 0;
  std::vector<DossierFile> files;  // every other file of the archive, by path
};
BOOST_DESCRIBE_STRUCT(DossierIndex, (), (format, log_origin, project, chain_length, files))

// The body of dossier.issued.
struct IssuedBody {
  std::int64_t chain_length = 0;
  std::vector<DossierFile> files;  // documents/ and model/, by path
};
BOOST_DESCRIBE_STRUCT(IssuedBody, (), (chain_length, files))

// statements/NNNNNN.json: RFC 8785 form and a newline, so the statement's own bytes stand in it as they were committed
// to.
struct StatementFile {
  std::int64_t index = 0;
  std::int64_t number = 0;
  std::string salt;  // base64 of 16 bytes
  json::Raw statement;
};
BOOST_DESCRIBE_STRUCT(StatementFile, (), (index, number, salt, statement))

// The statement as in-toto Statement v1 has it.
struct StatementSubject {
  std::string name;
  std::map<std::string, std::string> digest;
};
BOOST_DESCRIBE_STRUCT(StatementSubject, (), (name, digest))
struct StatementPredicate {
  std::string actor;
  json::Raw body;
  std::string chain;
  std::int64_t number = 0;
  std::string previous;
  Time time;
};
BOOST_DESCRIBE_STRUCT(StatementPredicate, (), (actor, body, chain, number, previous, time))
struct StatementText {
  std::string _type;
  std::vector<StatementSubject> subject;
  std::string predicateType;
  StatementPredicate predicate;
};
BOOST_DESCRIBE_STRUCT(StatementText, (), (_type, subject, predicateType, predicate))

std::string statement_path(std::int64_t number);
std::string proof_path(std::int64_t number);
bool is_content_path(std::string_view path);  // documents/ or model/
DossierFile file_entry(std::string_view path, std::string_view content);

// All checks of a dossier. Without a policy everything but who signed the checkpoint.
VerificationReport examine(std::string_view bytes, tlog::Policy const* policy);

}  // namespace fabrica::trust
