#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "models/ports.hpp"
#include "models/types.hpp"

namespace fabrica::models {

inline constexpr std::size_t kMetricNameBytesMax = 100;
inline constexpr std::int64_t kSeriesPerJobMax = 200;
inline constexpr std::int64_t kPointsPerSeriesMax = 2'000'000;

// A metric's name: letters, digits and "_-./:", 1 to 100 of them; its value finite, its step not negative.
bool acceptable(MetricPoint const& point);

// Thins a series of known length to at most `limit` points (at least 4): cuts it into stretches of equal numbers of points
// and keeps, in order, the least and the greatest value of each; the first and the last point always stay.
class Thinner {
 public:
  Thinner(std::int64_t count, std::int64_t limit);
  void push(SeriesPoint const& point);
  std::vector<SeriesPoint> finish();

 private:
  void close_stretch();

  std::int64_t count_;
  std::int64_t stretches_;
  bool whole_;
  std::int64_t seen_ = 0;
  std::int64_t stretch_ = 0;
  std::optional<SeriesPoint> least_ = {};
  std::optional<SeriesPoint> greatest_ = {};
  std::vector<SeriesPoint> out_ = {};
};

// The job's files that make the model, sorted by path and relative to the folder. Errors: invalid "model_folder" (nothing
// there, or not a plain relative path), conflict "no_artefacts".
Result<std::vector<ModelFile>> choose_files(std::vector<ModelFile> artefacts, std::optional<std::string> const& folder);
// Errors: invalid "model" with faults: what limits() cannot say.
Result<> check(ModelDraft const& draft);

// SHA-256 of the canonical JSON of [{"path","sha256","size_bytes"}, ...] sorted by the bytes of the path: the same rule as
// for data sets.
std::string tree_digest(std::vector<ModelFile> files);

// One entry for each reference among the staged files, in the order they first appear.
std::vector<LineageInput> lineage_inputs(std::vector<JobInput> const& inputs);

enum class ReleaseAct : std::uint8_t { release, withdraw };
BOOST_DESCRIBE_ENUM(ReleaseAct, release, withdraw)
// The state after the act, or nothing where it cannot be done.
constexpr std::optional<ModelState> next(ModelState from, ReleaseAct act) {
  switch (act) {
    case ReleaseAct::release: return from == ModelState::registered ? std::optional{ModelState::released} : std::nullopt;
    case ReleaseAct::withdraw: return from == ModelState::withdrawn ? std::nullopt : std::optional{ModelState::withdrawn};
  }
  return std::nullopt;
}
static_assert(!next(ModelState::withdrawn, ReleaseAct::release), "a withdrawn model stays withdrawn");

}  // namespace fabrica::models
