#pragma once

#include <array>
#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/id.hpp"
#include "base/time.hpp"
#include "json/describe.hpp"

namespace fabrica::dataspace {

// Where data come from: the kinds of section 2 of the public training-content summary (AI Act, Art 53(1)(d)).
enum class SourceKind : std::uint8_t {
  public_dataset, commercially_licensed, other_private, crawled, user_data, synthetic, other,
};
BOOST_DESCRIBE_ENUM(SourceKind, public_dataset, commercially_licensed, other_private, crawled, user_data, synthetic, other)

enum class Modality : std::uint8_t { text, image, audio, video, tabular, other };
BOOST_DESCRIBE_ENUM(Modality, text, image, audio, video, tabular, other)

// unknown is an answer of its own and never counts as no.
enum class PersonalData : std::uint8_t { yes, no, unknown };
BOOST_DESCRIBE_ENUM(PersonalData, yes, no, unknown)

// A file by its digest; the path is relative, with "/" between its parts.
struct File {
  std::string path;
  std::string sha256;
  std::int64_t size_bytes = 0;

  static constexpr auto limits() {
    return std::tuple{json::length(&File::path, 1, 300), json::length(&File::sha256, 64, 64),
                      json::range(&File::size_bytes, 0, std::int64_t{1} << 50)};
  }
  friend bool operator==(File const&, File const&) = default;
};
BOOST_DESCRIBE_STRUCT(File, (), (path, sha256, size_bytes))

// A package or archive the data were taken from.
struct Source {
  std::string name;
  std::string version;
  std::string sha256;
  std::optional<std::string> address = {};

  static constexpr auto limits() {
    return std::tuple{json::length(&Source::name, 1, 300), json::length(&Source::version, 0, 200),
                      json::length(&Source::sha256, 64, 64), json::length(&Source::address, 1, 2000)};
  }
};
BOOST_DESCRIBE_STRUCT(Source, (), (name, version, sha256, address))

// When the data were made or collected; an absent end is not known.
struct Period {
  std::optional<Time> from = {};
  std::optional<Time> to = {};
};
BOOST_DESCRIBE_STRUCT(Period, (), (from, to))

// What is said of a data set when it is registered. The fields the training-content summary is made of are required.
struct DatasetDraft {
  std::string name;
  std::string description;
  std::string licence;  // an SPDX expression, or what the licence says in words
  SourceKind source_kind{};
  Modality modality{};
  std::vector<std::string> languages = {};  // BCP 47; empty when language means nothing here
  std::optional<std::int64_t> documents = {};
  Period period = {};
  PersonalData personal_data{};
  std::string personal_data_reason;
  std::string tdm_check;  // how reservations of text and data mining (Directive 2019/790, Art 4(3)) were looked for
  std::optional<std::string> domains_digest = {};  // SHA-256 of the list of crawled domains
  std::vector<Source> sources = {};
  std::vector<File> files = {};

  static constexpr std::array<std::string_view, 2> kMayBeAbsent{"languages", "sources"};
  static constexpr auto limits() {
    return std::tuple{json::length(&DatasetDraft::name, 1, 200),
                      json::length(&DatasetDraft::description, 1, 8000),
                      json::length(&DatasetDraft::licence, 1, 2000),
                      json::length(&DatasetDraft::languages, 2, 35),
                      json::items(&DatasetDraft::languages, 0, 500),
                      json::range(&DatasetDraft::documents, 0, std::int64_t{1} << 50),
                      json::length(&DatasetDraft::personal_data_reason, 1, 4000),
                      json::length(&DatasetDraft::tdm_check, 1, 4000),
                      json::length(&DatasetDraft::domains_digest, 64, 64),
                      json::items(&DatasetDraft::sources, 0, 1000),
                      json::items(&DatasetDraft::files, 1, 10'000),
                      json::note(&DatasetDraft::files, "Each one's bytes have been uploaded to this project before.")};
  }
};
BOOST_DESCRIBE_STRUCT(DatasetDraft, (), (name, description, licence, source_kind, modality, languages, documents, period,
                                         personal_data, personal_data_reason, tdm_check, domains_digest, sources, files))

// A registered data set; it never changes. tree_sha256 is the digest of the canonical JSON (RFC 8785) of its files, sorted
// by path; record_sha256 that of the draft with its files sorted. Lists leave the files and sources out.
struct Dataset {
  PublicId id;
  PublicId project;
  std::string name;
  std::string description;
  std::string licence;
  SourceKind source_kind{};
  Modality modality{};
  std::vector<std::string> languages;
  std::int64_t size_bytes = 0;
  std::int64_t file_count = 0;
  std::optional<std::int64_t> documents;
  Period period;
  PersonalData personal_data{};
  std::string personal_data_reason;
  std::string tdm_check;
  std::optional<std::string> domains_digest;
  std::string tree_sha256;
  std::string record_sha256;
  Time created;
  std::int64_t statement = 0;  // number of dataset.registered in the project's chain
  std::vector<Source> sources;
  std::vector<File> files;
};
BOOST_DESCRIBE_STRUCT(Dataset, (), (id, project, name, description, licence, source_kind, modality, languages, size_bytes,
                                    file_count, documents, period, personal_data, personal_data_reason, tdm_check,
                                    domains_digest, tree_sha256, record_sha256, created, statement, sources, files))

// What keeps together: all lines of one document id, in every language, fall on one side.
enum class SplitUnit : std::uint8_t { document_id };
BOOST_DESCRIBE_ENUM(SplitUnit, document_id)

enum class Part : std::uint8_t { train, validation, held_out };
BOOST_DESCRIBE_ENUM(Part, train, validation, held_out)

// Shares in parts per million; together 1,000,000. Nobody chooses the seed: the program draws it.
struct SplitDraft {
  std::int64_t train_ppm = 0;
  std::int64_t validation_ppm = 0;
  std::int64_t held_out_ppm = 0;
  SplitUnit unit = SplitUnit::document_id;

  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"unit"};
  static constexpr auto limits() {
    return std::tuple{json::range(&SplitDraft::train_ppm, 1, 999'999), json::range(&SplitDraft::validation_ppm, 0, 999'998),
                      json::range(&SplitDraft::held_out_ppm, 1, 999'999)};
  }
};
BOOST_DESCRIBE_STRUCT(SplitDraft, (), (train_ppm, validation_ppm, held_out_ppm, unit))

// splitting -> committed (files written, statement recorded) | failed (the data cannot be split; `failure` says why).
enum class SplitState : std::uint8_t { splitting, committed, failed };
BOOST_DESCRIBE_ENUM(SplitState, splitting, committed, failed)

struct SplitFile {
  Part part{};
  std::string path;  // "train/cs.jsonl"
  std::string sha256;
  std::int64_t size_bytes = 0;
  std::int64_t lines = 0;
};
BOOST_DESCRIBE_STRUCT(SplitFile, (), (part, path, sha256, size_bytes, lines))

struct Split {
  PublicId id;
  PublicId project;
  PublicId dataset;
  SplitState state{};
  std::int64_t train_ppm = 0;
  std::int64_t validation_ppm = 0;
  std::int64_t held_out_ppm = 0;
  SplitUnit unit{};
  std::string rule;                     // kSplitRule: README.md says what it means
  std::optional<std::string> seed;      // 64 hex digits, once committed
  std::optional<std::string> failure;
  Time created;
  std::optional<std::int64_t> statement;  // number of split.committed in the project's chain
  std::vector<SplitFile> files;
};
BOOST_DESCRIBE_STRUCT(Split, (), (id, project, dataset, state, train_ppm, validation_ppm, held_out_ppm, unit, rule, seed,
                                  failure, created, statement, files))

// The files a job's input reference stands for, with paths as the job sees them, and their tree digest.
struct Input {
  std::string reference;
  std::string tree_sha256;
  std::vector<File> files;
};
BOOST_DESCRIBE_STRUCT(Input, (), (reference, tree_sha256, files))

}  // namespace fabrica::dataspace
