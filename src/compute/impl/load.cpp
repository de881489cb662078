#include "compute/impl/load.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "json/json.hpp"

namespace fabrica::compute {
namespace {

// What we wrote ourselves: if it does not read, the database is not ours.
template <class T>
T own_json(std::string_view text) {
  auto value = json::read<T>(text, {.bytes = 16U << 20U, .values = 1'000'000});
  if (!value) die("a job's row holds what nobody here wrote: " + value.error().what);
  return *std::move(value);
}

// Bytes of the UTF-8 character at the start of the text; 0 when there is none (RFC 3629).
std::size_t character_bytes(std::string_view text) {
  auto const first = static_cast<unsigned char>(text[0]);
  std::size_t const length = first < 0x80                    ? 1
                             : first >= 0xc2 && first < 0xe0 ? 2
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xf0 && first < 0xf5 ? 4
                                                             : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t at = 1; at < length; ++at)
    if ((static_cast<unsigned char>(text[at]) & 0xc0U) != 0x80U) return 0;
  auto const second = length > 1 ? static_cast<unsigned char>(text[1]) : 0;
  bool const bad = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
                   (first == 0xf4 && second > 0x8f);
  return bad ? 0 : length;
}

}  // namespace

std::size_t whole_characters(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(text.size(), 4); ++back) {
    auto const byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xc0U) == 0x80U) continue;
    std::size_t const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? text.size() - back : text.size();
  }
  return text.size();
}

std::string readable_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    auto const length = character_bytes(text);
    if (length == 0 || text[0] == '\0') out += '?';
    else out += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string readable_tail(std::string_view text, std::size_t bytes_max) {
  std::string all;
  while (!text.empty()) {
    auto const length = character_bytes(text);
    bool const control = length == 1 && (text[0] == 0x7f || static_cast<unsigned char>(text[0]) < 0x20);
    if (control) all += text[0] == '\n' ? '\n' : ' ';
    else if (length == 0) all += '?';
    else all += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  auto const last = all.find_last_not_of(" \n");
  all.resize(last == std::string::npos ? 0 : last + 1);
  if (all.size() <= bytes_max) return all;
  auto cut = all.size() - bytes_max;
  while (cut < all.size() && (static_cast<unsigned char>(all[cut]) & 0xc0U) == 0x80U) ++cut;
  return all.substr(cut);
}

Partition partition_from(store::PartitionRow row) {
  return {.id = std::move(row.public_id),
          .system = std::move(row.system),
          .name = std::move(row.name),
          .title = std::move(row.title),
          .driver = row.driver,
          .unit = row.unit,
          .billing = row.billing,
          .cpus = row.cpus,
          .gpus = row.gpus,
          .memory_bytes = row.memory_bytes,
          .wall_s_max = row.wall_s_max,
          .cores_per_share = row.cores_per_share,
          .memory_bytes_per_share = row.memory_bytes_per_share,
          .energy = row.energy ? std::optional{own_json<EnergyCoefficients>(*row.energy)} : std::nullopt,
          .state = row.state,
          .demo = row.demo};
}

Result<store::JobRow> job_row(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto row, tx.maybe<store::JobRow>(store::kJobByPublicId, id));
  if (!row) return fail(Errc::not_found, "job", "There is no such job.");
  return *std::move(row);
}

Result<Job> load_job(db::Tx& tx, store::JobRow row) {
  FABRICA_TRY(auto const partition, tx.one<store::PartitionRow>(store::kPartitionById, row.partition_id));
  FABRICA_TRY(auto files, tx.all<store::FileRow>(store::kFiles, row.id));
  FABRICA_TRY(auto inputs, tx.all<store::InputRow>(store::kInputs, row.id));
  FABRICA_TRY(auto usage, tx.maybe<store::UsageRow>(store::kUsage, row.id));
  FABRICA_TRY(auto statements, tx.all<JobStatement>(store::kStatements, row.id));
  Job job{.id = row.public_id,
          .project = row.project,
          .partition = partition.name,
          .name = std::move(row.name),
          .purpose = row.purpose,
          .state = row.state,
          .cancel_requested = row.cancel_requested,
          .reason = row.reason,
          .exit_status = row.exit_status,
          .signal = row.signal,
          .detail = std::move(row.detail),
          .trouble = std::move(row.trouble),
          .attempt = row.attempt,
          .recipe = std::move(row.recipe),
          .argv = own_json<std::vector<std::string>>(row.argv),
          .environment = own_json<std::map<std::string, std::string>>(row.environment),
          .parameters = {std::move(row.parameters)},
          .limits = own_json<JobLimits>(row.limits),
          .code_sha256 = std::move(row.code_sha256),
          .files = {},
          .inputs = {},
          .artefacts = {},
          .progress = row.progress,
          .message = std::move(row.message),
          .sandbox = std::move(row.sandbox),
          .limited_by = std::move(row.limited_by),
          .award = std::move(row.award),
          .unit = partition.unit,
          .held_micro = row.held_micro,
          .usage = usage ? std::optional<UsageRecord>{*usage} : std::nullopt,
          .energy = usage && usage->energy ? std::optional{own_json<Energy>(*usage->energy)} : std::nullopt,
          .submitted = row.submitted_us,
          .started = row.started_us,
          .ended = row.ended_us,
          .statements = std::move(statements)};
  for (auto& input : inputs)
    job.inputs.push_back({std::move(input.name), std::move(input.reference), std::move(input.tree_sha256), {}});
  for (auto& file : files) {
    if (file.role == store::FileRole::program) job.files.push_back(std::move(file));
    if (file.role == store::FileRole::artefact) job.artefacts.push_back(std::move(file));
    if (file.role != store::FileRole::input) continue;
    for (auto& input : job.inputs)
      if (input.name == file.input_name) input.files.push_back(file);
  }
  return job;
}

}  // namespace fabrica::compute
