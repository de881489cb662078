#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "dataspace/types.hpp"

namespace fabrica::dataspace {

// The name of the rule below, recorded with every split.
inline constexpr std::string_view kSplitRule = "sha256-fraction/v1";
inline constexpr std::int64_t kPartsPerMillion = 1'000'000;
inline constexpr std::size_t kLineBytesMax = 8u << 20;
inline constexpr std::size_t kDocumentIdBytesMax = 1024;

// Relative, "/"-separated, no empty part, no "." or "..", no control character, no backslash, at most 300 bytes.
// Errors: invalid "path".
Result<> check_path(std::string_view path);

// What limits() cannot say: digests are lower-case hex, paths are plain and all different, the period runs forward.
// Errors: invalid "dataset" with every fault.
Result<> check(DatasetDraft const& draft);
// Errors: invalid "split_shares".
Result<> check(SplitDraft const& draft);

// SHA-256 of the canonical JSON of [{"path","sha256","size_bytes"}, ...] sorted by the bytes of the path.
std::string tree_digest(std::vector<File> files);

using Seed = std::array<std::uint8_t, 32>;

// Where documents go. The first 8 bytes of SHA-256(seed || 0x00 || id), read as a big-endian fraction of 1 and cut to
// parts per million, lie in [0, train) -> train, [train, train + validation) -> validation, else held out.
struct SplitRule {
  Seed seed{};
  std::int64_t train_ppm = 0;
  std::int64_t validation_ppm = 0;
};
std::int64_t fraction_ppm(Seed const& seed, std::string_view id);
Part part_of(SplitRule const& rule, std::string_view id);

// Splits one JSON-lines file that comes in pieces: each line is an object with a string "id" and a string "text" and goes,
// unchanged, to its part. Errors: invalid "split_line" naming file and line.
class JsonlSplitter {
 public:
  using Take = std::function<Result<>(Part part, std::string_view line_with_newline)>;
  JsonlSplitter(SplitRule rule, std::string file, Take take)
      : rule_{rule}, file_{std::move(file)}, take_{std::move(take)} {}

  Result<> write(std::string_view piece);
  // The last line may lack its newline. Errors besides: a file without lines.
  Result<> finish();
  std::int64_t lines(Part part) const { return lines_[static_cast<std::size_t>(part)]; }

 private:
  Result<> line(std::string_view text);
  std::unexpected<Error> bad(std::string_view what) const;

  SplitRule rule_;
  std::string file_;
  Take take_;
  std::string begun_;
  std::int64_t line_ = 0;
  std::array<std::int64_t, 3> lines_{};
};

// A part's path for a language: part_path(Part::held_out, "cs") is "held_out/cs.jsonl".
std::string part_path(Part part, std::string_view language);
// The language a file's lines are in, from its name: "text/cs.jsonl" -> "cs". Empty when it is not a JSON-lines file.
std::string_view language_of(std::string_view path);
// Errors: conflict "split_files": no JSON-lines file, or two for one language.
Result<> check_splittable(std::vector<File> const& files);

// "dataset:<id>" or "split:<id>/<part>[,<part>...]". Errors: invalid "input_reference".
struct Reference {
  bool split = false;
  PublicId id;
  std::vector<Part> parts = {};  // in the order train, validation, held_out
};
Result<Reference> parse_reference(std::string_view text);

}  // namespace fabrica::dataspace
