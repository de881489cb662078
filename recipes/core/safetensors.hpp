#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace fabrica::recipe {

enum class Dtype : std::uint8_t { f32, bf16, f16 };

struct SafeTensor {
  std::string name;
  Dtype dtype = Dtype::f32;
  std::vector<std::size_t> shape;
  std::size_t begin = 0;  // in the data that follows the header
  std::size_t end = 0;

  std::size_t values() const;
};

struct SafeHeader {
  std::map<std::string, std::string> metadata;
  std::vector<SafeTensor> tensors;  // in the order of their data
};

// The header of a safetensors file, from the text between the length and the data. The file is a stranger's: every
// tensor lies inside the data, none overlaps another, no byte of the data belongs to none, sizes match shape and type.
// Errors: invalid "safetensors".
Result<SafeHeader> parse_safetensors_header(std::string_view header, std::size_t data_bytes);

struct NamedValues {
  std::string name;
  std::vector<std::size_t> shape;
  float const* values = nullptr;
};

// Writes F32, atomically; the header is padded with spaces so that the data begins at a multiple of 8.
Result<> write_safetensors(std::filesystem::path const& path, std::vector<NamedValues> const& tensors,
                           std::map<std::string, std::string> const& metadata);

struct SafeFile {
  SafeHeader header;
  std::map<std::string, std::vector<float>> values;  // bf16 and f16 widened
};

enum class Finite : std::uint8_t { required, unchecked };

// Reads all tensors; with Finite::required a NaN or an infinity is refused with its place.
// Errors: those of the header; not_found "missing_file"; unavailable "disk_read".
Result<SafeFile> read_safetensors(std::filesystem::path const& path, Finite finite);

}  // namespace fabrica::recipe
