#include "dataspace/service.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/encoding.hpp"
#include "crypto/sha256.hpp"
#include "dataspace/impl/store.hpp"
#include "dataspace/rules.hpp"
#include "json/json.hpp"

namespace fabrica::dataspace {
namespace {

using identity::Actor;
using identity::Permission;

constexpr json::Limits kStoredLimits{.bytes = 64u << 20, .values = 1'000'000};

// What dataset.registered says: the draft without its lists of files and sources, which record_sha256 stands for.
struct Registered {
  PublicId dataset;
  std::string name;
  std::string licence;
  SourceKind source_kind{};
  Modality modality{};
  std::vector<std::string> languages;
  std::int64_t size_bytes = 0;
  std::int64_t file_count = 0;
  std::optional<std::int64_t> documents;
  Period period;
  PersonalData personal_data{};
  std::string tdm_check;
  std::optional<std::string> domains_digest;
  std::string tree_sha256;
  std::string record_sha256;
};
BOOST_DESCRIBE_STRUCT(Registered, (), (dataset, name, licence, source_kind, modality, languages, size_bytes, file_count,
                                       documents, period, personal_data, tdm_check, domains_digest, tree_sha256,
                                       record_sha256))

// What split.committed says.
struct Committed {
  PublicId split;
  PublicId dataset;
  std::string dataset_tree_sha256;
  std::string rule;
  SplitUnit unit{};
  std::string seed;
  std::int64_t train_ppm = 0;
  std::int64_t validation_ppm = 0;
  std::int64_t held_out_ppm = 0;
  std::string requested_by;
  std::vector<SplitFile> files;
};
BOOST_DESCRIBE_STRUCT(Committed, (), (split, dataset, dataset_tree_sha256, rule, unit, seed, train_ppm, validation_ppm,
                                      held_out_ppm, requested_by, files))

std::unexpected<Error> no_such(std::string_view noun, std::string_view id) {
  return fail(Errc::not_found, noun, fmt::format("There is no {} {}.", noun == "dataset" ? "data set" : noun, id));
}

Result<Dataset> from_stored(store::DatasetRow row) {
  FABRICA_TRY(auto languages, json::read<std::vector<std::string>>(row.languages, kStoredLimits));
  FABRICA_TRY(auto sources, json::read<std::vector<Source>>(row.sources, kStoredLimits));
  return Dataset{std::move(row.public_id), std::move(row.project), std::move(row.name), std::move(row.description),
                 std::move(row.licence), row.source_kind, row.modality, std::move(languages), row.size_bytes,
                 row.file_count, row.documents, Period{row.period_from_us, row.period_to_us}, row.personal_data,
                 std::move(row.personal_data_reason), std::move(row.tdm_check), std::move(row.domains_digest),
                 std::move(row.tree_sha256), std::move(row.record_sha256), row.created_us, row.statement,
                 std::move(sources), {}};
}

Split from_stored(store::SplitRow row) {
  Split out{std::move(row.public_id), std::move(row.project), std::move(row.dataset), row.state, row.train_ppm,
            row.validation_ppm, row.held_out_ppm, row.unit, std::move(row.rule), {}, std::move(row.failure),
            row.created_us, row.statement, {}};
  if (row.state == SplitState::committed) out.seed = std::move(row.seed);
  return out;
}

Result<std::vector<File>> files_of(db::Tx& tx, std::int64_t dataset_id) {
  FABRICA_TRY(auto files, tx.all<File>(store::kDatasetFiles, dataset_id));
  std::ranges::sort(files, {}, &File::path);  // here, so that no database's collation has a say
  return files;
}

Result<std::vector<SplitFile>> split_files_of(db::Tx& tx, std::int64_t split_id) {
  FABRICA_TRY(auto files, tx.all<SplitFile>(store::kSplitFiles, split_id));
  std::ranges::sort(files, [](SplitFile const& a, SplitFile const& b) {
    return std::tie(a.part, a.path) < std::tie(b.part, b.path);
  });
  return files;
}

// Every file must be bytes that somebody uploaded to this project, of the size that is claimed.
Result<> check_uploaded(db::Tx& tx, ProjectFiles& stored, PublicId const& project, std::vector<File> const& files) {
  std::vector<Fault> faults;
  for (std::size_t at = 0; at < files.size() && faults.size() < 100; ++at) {
    auto const size = stored.size_of(tx, project, files[at].sha256);
    if (!size && size.error().code != Errc::not_found) return std::unexpected(size.error());
    if (!size)
      faults.push_back({fmt::format("/files/{}/sha256", at),
                        fmt::format("No upload of this project has the digest of {}: upload it first.", files[at].path)});
    else if (*size != files[at].size_bytes)
      faults.push_back({fmt::format("/files/{}/size_bytes", at),
                        fmt::format("{} has {} bytes, not {}.", files[at].path, *size, files[at].size_bytes)});
  }
  if (faults.empty()) return {};
  auto const what = faults.front().what;
  return fail(Errc::invalid, "dataset", what, std::move(faults));
}

Result<> insert(db::Tx& tx, ProjectFiles& stored, Dataset const& made) {
  FABRICA_TRY(auto const row,
              tx.insert(store::kDatasetInsert, made.id, made.project, made.name, made.description, made.licence,
                        made.source_kind, made.modality, json::write(made.languages), made.size_bytes, made.file_count,
                        made.documents, made.period.from, made.period.to, made.personal_data, made.personal_data_reason,
                        made.tdm_check, made.domains_digest, json::write(made.sources), made.tree_sha256,
                        made.record_sha256, made.statement, made.created));
  for (auto const& file : made.files) {
    FABRICA_DO(stored.keep(tx, made.project, {"dataset", made.id}, file));
    FABRICA_DO(tx.run(store::kDatasetFileInsert, row, file.path, file.sha256, file.size_bytes));
  }
  return {};
}

// One new file for each part, all open at once.
struct PartFiles {
  std::array<ProjectFiles::Sink const*, 3> sinks{};
  std::array<WrittenFile, 3> written{};
};

// Runs the body with every sink open, each file inside the writing of the one before.
Result<> with_parts(ProjectFiles& files, PartFiles& parts, std::size_t at, std::function<Result<>()> const& body) {
  if (at == parts.sinks.size()) return body();
  FABRICA_TRY(parts.written[at], files.write([&](ProjectFiles::Sink const& sink) {
    parts.sinks[at] = &sink;
    return with_parts(files, parts, at + 1, body);
  }));
  return {};
}

}  // namespace

struct Dataspace::Waiting {
  store::SplitRow split;
  std::string tree_sha256;
  std::vector<File> files;
};

Result<Dataset> Dataspace::register_dataset(db::Tx& tx, Actor const& actor, PublicId const& project,
                                            DatasetDraft const& given) {
  FABRICA_DO(projects_.require(tx, actor, project, Permission::work_in_project));
  FABRICA_DO(check(given));
  FABRICA_DO(check_uploaded(tx, files_, project, given.files));
  auto draft = given;
  std::ranges::sort(draft.files, {}, &File::path);
  FABRICA_TRY(auto const record, json::canonical(json::write(draft), kStoredLimits));

  Dataset made{PublicId::make(clock_.now(), random_), project, draft.name, draft.description, draft.licence,
               draft.source_kind, draft.modality, draft.languages, 0, static_cast<std::int64_t>(draft.files.size()),
               draft.documents, draft.period, draft.personal_data, draft.personal_data_reason, draft.tdm_check,
               draft.domains_digest, tree_digest(draft.files), crypto::sha256(record).hex(), Time{clock_.now()}, 0,
               draft.sources, draft.files};
  for (auto const& file : made.files) made.size_bytes += file.size_bytes;
  Registered const said{made.id, made.name, made.licence, made.source_kind, made.modality, made.languages,
                        made.size_bytes, made.file_count, made.documents, made.period, made.personal_data, made.tdm_check,
                        made.domains_digest, made.tree_sha256, made.record_sha256};
  FABRICA_TRY(auto const recorded,
              journal_.append(tx, {project.text(), "dataset.registered", actor.person.text(),
                                   {{fmt::format("dataset:{}", made.id.text()), made.tree_sha256},
                                    {fmt::format("dataset:{}/record", made.id.text()), made.record_sha256}},
                                   json::write(said)}));
  made.statement = recorded.number;
  FABRICA_DO(insert(tx, files_, made));
  return made;
}

Result<Dataset> Dataspace::load(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto row, tx.maybe<store::DatasetRow>(store::kDatasetByPublicId, id));
  if (!row) return no_such("dataset", id.text());
  FABRICA_TRY(auto files, files_of(tx, row->id));
  FABRICA_TRY(auto out, from_stored(*std::move(row)));
  out.files = std::move(files);
  return out;
}

Result<Dataset> Dataspace::dataset(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_TRY(auto out, load(tx, id));
  FABRICA_DO(projects_.require(tx, actor, out.project, Permission::view_project));
  return out;
}

Result<std::vector<Dataset>> Dataspace::datasets(db::Tx& tx, Actor const& actor, PublicId const& project,
                                                 PublicId const& after, std::int64_t limit) {
  FABRICA_DO(projects_.require(tx, actor, project, Permission::view_project));
  FABRICA_TRY(auto rows, tx.all<store::DatasetRow>(store::kDatasets, project, after, limit));
  std::vector<Dataset> out;
  for (auto& row : rows) {
    FABRICA_TRY(auto one, from_stored(std::move(row)));
    one.sources.clear();
    out.push_back(std::move(one));
  }
  return out;
}

Result<Split> Dataspace::create_split(db::Tx& tx, Actor const& actor, PublicId const& id, SplitDraft const& draft) {
  FABRICA_TRY(auto const row, tx.maybe<store::DatasetRow>(store::kDatasetByPublicId, id));
  if (!row) return no_such("dataset", id.text());
  FABRICA_DO(projects_.require(tx, actor, row->project, Permission::work_in_project));
  FABRICA_DO(check(draft));
  FABRICA_TRY(auto const files, files_of(tx, row->id));
  FABRICA_DO(check_splittable(files));

  Seed seed{};
  random_.fill(seed);
  Split const made{PublicId::make(clock_.now(), random_), row->project, id, SplitState::splitting, draft.train_ppm,
                   draft.validation_ppm, draft.held_out_ppm, draft.unit, std::string{kSplitRule}, {}, {},
                   Time{clock_.now()}, {}, {}};
  FABRICA_DO(tx.run(store::kSplitInsert, made.id, made.project, row->id, made.train_ppm, made.validation_ppm,
                    made.held_out_ppm, made.unit, made.rule, crypto::hex_encode(seed), actor.person, made.created));
  if (wake_) tx.after_commit(wake_);
  return made;
}

Result<Split> Dataspace::load_split(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto row, tx.maybe<store::SplitRow>(store::kSplitByPublicId, id));
  if (!row) return no_such("split", id.text());
  FABRICA_TRY(auto files, split_files_of(tx, row->id));
  auto out = from_stored(*std::move(row));
  out.files = std::move(files);
  return out;
}

Result<Split> Dataspace::split(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_TRY(auto out, load_split(tx, id));
  FABRICA_DO(projects_.require(tx, actor, out.project, Permission::view_project));
  return out;
}

Result<std::vector<Split>> Dataspace::splits(db::Tx& tx, Actor const& actor, PublicId const& project,
                                             PublicId const& after, std::int64_t limit) {
  FABRICA_DO(projects_.require(tx, actor, project, Permission::view_project));
  FABRICA_TRY(auto rows, tx.all<store::SplitRow>(store::kSplits, project, after, limit));
  std::vector<Split> out;
  for (auto& row : rows) {
    FABRICA_TRY(auto files, split_files_of(tx, row.id));
    out.push_back(from_stored(std::move(row)));
    out.back().files = std::move(files);
  }
  return out;
}

Result<Input> Dataspace::resolve_input(db::Tx& tx, PublicId const& project, std::string_view reference) {
  FABRICA_TRY(auto const named, parse_reference(reference));
  Input out{std::string{reference}, {}, {}};
  if (!named.split) {
    FABRICA_TRY(auto found, load(tx, named.id));
    if (found.project != project) return no_such("dataset", named.id.text());
    out.tree_sha256 = std::move(found.tree_sha256);
    out.files = std::move(found.files);
    return out;
  }
  FABRICA_TRY(auto found, load_split(tx, named.id));
  if (found.project != project) return no_such("split", named.id.text());
  if (found.state != SplitState::committed)
    return fail(Errc::conflict, "split_not_committed",
                fmt::format("The split {} is {}: a job may read it once it is committed.", named.id.text(),
                            found.state == SplitState::failed ? "failed" : "still being made"));
  for (auto const part : named.parts) {
    auto const before = out.files.size();
    for (auto& file : found.files)
      if (file.part == part) out.files.push_back({std::move(file.path), std::move(file.sha256), file.size_bytes});
    if (out.files.size() == before)
      return fail(Errc::invalid, "input_reference",
                  fmt::format("The split {} has no part {}.", named.id.text(), json::enum_name(part)));
  }
  out.tree_sha256 = tree_digest(out.files);
  return out;
}

Result<bool> Dataspace::materialise_next(db::Database& database) {
  FABRICA_TRY(auto const waiting, database.read([](db::Tx& tx) -> Result<std::vector<Waiting>> {
    FABRICA_TRY(auto rows, tx.all<store::SplitRow>(store::kSplitsWaiting));
    std::vector<Waiting> out;
    for (auto& row : rows) {
      FABRICA_TRY(auto const dataset, tx.one<store::DatasetRow>(store::kDatasetById, row.dataset_id));
      FABRICA_TRY(auto files, files_of(tx, row.dataset_id));
      out.push_back({std::move(row), dataset.tree_sha256, std::move(files)});
    }
    return out;
  }));
  // One that cannot be worked on now (its bytes have vanished) holds up no other.
  Result<bool> outcome = false;
  for (auto const& one : waiting) {
    auto const files = write_parts(one);
    if (!files && files.error().code != Errc::invalid) {
      log_.warning("split.waits", {{"split", one.split.public_id.text()}, {"why", files.error().what}});
      outcome = std::unexpected(files.error());
      continue;
    }
    FABRICA_DO(database.write([&](db::Tx& tx) -> Result<> {
      if (files) return commit(tx, one, *files);
      FABRICA_DO(tx.run(store::kSplitFail, one.split.id, files.error().what, clock_.now()));
      return {};
    }));
    log_.info("split.ended", {{"split", one.split.public_id.text()}, {"committed", files.has_value()}});
    return true;
  }
  return outcome;
}

Result<std::vector<SplitFile>> Dataspace::write_parts(Waiting const& waiting) {
  FABRICA_TRY(auto const bytes, crypto::hex_decode(waiting.split.seed));
  SplitRule rule{{}, waiting.split.train_ppm, waiting.split.validation_ppm};
  std::ranges::copy(bytes, rule.seed.begin());
  constexpr std::array kParts{Part::train, Part::validation, Part::held_out};
  std::vector<SplitFile> out;
  std::array<std::int64_t, 3> lines{};
  for (auto const& file : waiting.files) {
    auto const language = language_of(file.path);
    if (language.empty()) continue;
    PartFiles parts;
    JsonlSplitter splitter{rule, file.path, [&](Part part, std::string_view line) {
                             return (*parts.sinks[static_cast<std::size_t>(part)])(line);
                           }};
    FABRICA_DO(with_parts(files_, parts, 0, [&]() -> Result<> {
      FABRICA_DO(files_.read(file.sha256, [&](std::string_view piece) { return splitter.write(piece); }));
      return splitter.finish();
    }));
    for (auto const part : kParts) {
      auto const at = static_cast<std::size_t>(part);
      if (splitter.lines(part) == 0) continue;  // an empty file of it lies in the store, kept by nobody, and is swept
      auto const& written = parts.written[at];
      out.push_back({part, part_path(part, language), written.sha256, written.size_bytes, splitter.lines(part)});
      lines[at] += splitter.lines(part);
    }
  }
  std::array const shares{waiting.split.train_ppm, waiting.split.validation_ppm, waiting.split.held_out_ppm};
  for (auto const part : kParts) {
    auto const at = static_cast<std::size_t>(part);
    if (shares[at] > 0 && lines[at] == 0)
      return fail(Errc::invalid, "split_empty",
                  fmt::format("No document fell into {}: the data set is too small for these shares.", json::enum_name(part)));
  }
  return out;
}

Result<> Dataspace::commit(db::Tx& tx, Waiting const& waiting, std::vector<SplitFile> const& files) {
  FABRICA_TRY(auto const now, tx.one<store::SplitRow>(store::kSplitByPublicId, waiting.split.public_id));
  if (now.state != SplitState::splitting) return {};  // another process was quicker, with the same bytes
  auto const& split = waiting.split;
  journal::Statement statement{split.project.text(), "split.committed", std::string{journal::kProgram}, {},
                               json::write(Committed{split.public_id, split.dataset, waiting.tree_sha256, split.rule,
                                                     split.unit, split.seed, split.train_ppm, split.validation_ppm,
                                                     split.held_out_ppm, split.requested_by, files})};
  for (auto const& file : files) {
    FABRICA_DO(files_.keep(tx, split.project, {"split", split.public_id}, {file.path, file.sha256, file.size_bytes}));
    FABRICA_DO(tx.run(store::kSplitFileInsert, split.id, file.part, file.path, file.sha256, file.size_bytes, file.lines));
    statement.subjects.push_back({fmt::format("split:{}/{}", split.public_id.text(), file.path), file.sha256});
  }
  FABRICA_TRY(auto const recorded, journal_.append(tx, statement));
  FABRICA_TRY(auto const changed, tx.run(store::kSplitCommit, split.id, recorded.number, clock_.now()));
  if (changed != 1) return fail(Errc::conflict, "split_state", "The split was ended by somebody else.");
  return {};
}

}  // namespace fabrica::dataspace
