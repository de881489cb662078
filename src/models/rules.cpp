#include "models/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "crypto/sha256.hpp"
#include "json/json.hpp"

namespace fabrica::models {
namespace {

constexpr std::size_t kFilesMax = 10'000;
constexpr std::size_t kPathBytesMax = 300;

bool word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

// Relative, without "." and "..", empty parts, control characters and backslashes.
bool plain_path(std::string_view path) {
  if (path.empty() || path.size() > kPathBytesMax) return false;
  for (unsigned char const c : path)
    if (c < 0x20 || c == 0x7f || c == '\\') return false;
  for (std::size_t begin = 0; begin <= path.size();) {
    auto const end = std::min(path.find('/', begin), path.size());
    auto const part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    begin = end + 1;
  }
  return true;
}

}  // namespace

bool acceptable(MetricPoint const& point) {
  return !point.name.empty() && point.name.size() <= kMetricNameBytesMax && point.step >= 0 &&
         std::isfinite(point.value) &&
         std::ranges::all_of(point.name, [](char c) { return word_character(c) || c == '/' || c == ':'; });
}

Thinner::Thinner(std::int64_t count, std::int64_t limit)
    : count_{count}, stretches_{std::max<std::int64_t>(1, (std::max<std::int64_t>(limit, 4) - 2) / 2)},
      whole_{count <= std::max<std::int64_t>(limit, 4)} {}

void Thinner::push(SeriesPoint const& point) {
  auto const place = seen_++;
  if (whole_ || place == 0 || place == count_ - 1) {
    close_stretch();
    out_.push_back(point);
    return;
  }
  // The points between the first and the last, in stretches of equal length.
  auto const stretch = (place - 1) * stretches_ / (count_ - 2);
  if (stretch != stretch_) {
    close_stretch();
    stretch_ = stretch;
  }
  if (!least_ || point.value < least_->value) least_ = point;
  if (!greatest_ || point.value > greatest_->value) greatest_ = point;
}

void Thinner::close_stretch() {
  if (!least_) return;
  bool const falls = greatest_->step < least_->step;
  out_.push_back(falls ? *greatest_ : *least_);
  if (least_->step != greatest_->step) out_.push_back(falls ? *least_ : *greatest_);
  least_.reset();
  greatest_.reset();
}

std::vector<SeriesPoint> Thinner::finish() {
  close_stretch();
  return std::move(out_);
}

Result<std::vector<ModelFile>> choose_files(std::vector<ModelFile> artefacts, std::optional<std::string> const& folder) {
  auto const bad_folder = [](std::string what) {
    return fail(Errc::invalid, "model_folder", what, {{"/folder", what}});
  };
  if (folder && !plain_path(*folder)) return bad_folder("The folder is a plain relative path such as \"model\".");
  if (artefacts.empty())
    return fail(Errc::conflict, "no_artefacts", "The job left no files behind: there is nothing to register.");
  std::vector<ModelFile> out;
  auto const below = folder ? *folder + "/" : std::string{};
  for (auto& file : artefacts) {
    if (!file.path.starts_with(below)) continue;
    file.path.erase(0, below.size());
    if (!plain_path(file.path))
      return fail(Errc::conflict, "artefact_path",
                  "The job wrote a file whose name no other system could take: name it plainly.");
    out.push_back(std::move(file));
  }
  if (out.empty()) return bad_folder(fmt::format("The job left no files below {}.", *folder));
  if (out.size() > kFilesMax)
    return fail(Errc::too_large, "model_files",
                fmt::format("A model has at most {} files, here are {}: name the folder that holds it.", kFilesMax, out.size()));
  std::ranges::sort(out, {}, &ModelFile::path);
  return out;
}

Result<> check(ModelDraft const& draft) {
  std::vector<Fault> faults;
  auto const word = [&](std::string_view pointer, std::string_view text) {
    if (text.empty() || text.front() == '.' || !std::ranges::all_of(text, word_character))
      faults.push_back({std::string{pointer}, "Use letters, digits, '.', '_' and '-', and do not begin with '.'."});
  };
  word("/name", draft.name);
  word("/version", draft.version);
  if (blank(draft.licence)) faults.push_back({"/licence", "Say under which licence the model is, or that it has none."});
  if (blank(draft.description)) faults.push_back({"/description", "Say what the model is."});
  if (faults.empty()) return {};
  auto const what = fmt::format("{}: {}", faults.front().pointer, faults.front().what);
  return fail(Errc::invalid, "model", what, std::move(faults));
}

std::string tree_digest(std::vector<ModelFile> files) {
  std::ranges::sort(files, {}, &ModelFile::path);
  auto const canonical = json::canonical(json::write(files), {.bytes = 64u << 20, .values = 1'000'000});
  FABRICA_CHECK(canonical.has_value());  // paths were checked, digests and sizes are our own
  return crypto::sha256(*canonical).hex();
}

std::vector<LineageInput> lineage_inputs(std::vector<JobInput> const& inputs) {
  std::vector<LineageInput> out;
  std::vector<std::vector<ModelFile>> files;
  for (auto const& input : inputs) {
    auto const known = std::ranges::find(out, input.reference, &LineageInput::reference);
    auto const at = static_cast<std::size_t>(known - out.begin());
    if (known == out.end()) {
      out.push_back({input.reference, {}});
      files.emplace_back();
    }
    files[at].push_back(input.file);
  }
  for (std::size_t at = 0; at < out.size(); ++at) out[at].tree_sha256 = tree_digest(std::move(files[at]));
  return out;
}

}  // namespace fabrica::models
