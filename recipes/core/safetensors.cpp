#include "core/safetensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <boost/json.hpp>
#include <cmath>
#include <cstring>
#include <fstream>

#include "core/files.hpp"

namespace fabrica::recipe {

namespace {

namespace json = boost::json;

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr std::size_t kHeaderBytesMax = 100'000'000;  // the limit of the reference implementation
constexpr std::size_t kTensorsMax = 100'000;

std::unexpected<Error> refuse(std::string what) { return fail(Errc::invalid, "safetensors", std::move(what)); }

std::size_t width(Dtype dtype) { return dtype == Dtype::f32 ? 4 : 2; }

Result<Dtype> dtype_of(std::string_view tensor, std::string_view name) {
  if (name == "F32") return Dtype::f32;
  if (name == "BF16") return Dtype::bf16;
  if (name == "F16") return Dtype::f16;
  return refuse(fmt::format("Tensor {}: type {} is not read here; F32, BF16 and F16 are.", tensor, name));
}

Result<std::size_t> size_of(json::value const& value, std::string_view tensor, char const* what) {
  std::int64_t number = -1;
  if (auto const* const i = value.if_int64()) number = *i;
  if (number < 0 || number > (std::int64_t{1} << 46))
    return refuse(fmt::format("Tensor {}: {} must be whole numbers from 0 to 2^46.", tensor, what));
  return static_cast<std::size_t>(number);
}

Result<SafeTensor> tensor_of(std::string_view name, json::value const& value) {
  auto const* const object = value.if_object();
  auto const* const dtype = object ? object->if_contains("dtype") : nullptr;
  auto const* const shape = object ? object->if_contains("shape") : nullptr;
  auto const* const offsets = object ? object->if_contains("data_offsets") : nullptr;
  if (!dtype || !dtype->is_string() || !shape || !shape->is_array() || !offsets || !offsets->is_array() ||
      offsets->get_array().size() != 2 || object->size() != 3 || shape->get_array().size() > 8)
    return refuse(fmt::format("Tensor {}: needs exactly dtype, shape (at most 8 numbers) and data_offsets (2).", name));
  SafeTensor tensor;
  tensor.name = name;
  FABRICA_TRY(tensor.dtype, dtype_of(name, dtype->get_string()));
  std::size_t bytes = width(tensor.dtype);
  for (auto const& number : shape->get_array()) {
    FABRICA_TRY(auto const n, size_of(number, name, "the shape"));
    tensor.shape.push_back(n);
    if (__builtin_mul_overflow(bytes, n, &bytes)) return refuse(fmt::format("Tensor {}: its shape overflows.", name));
  }
  FABRICA_TRY(tensor.begin, size_of(offsets->get_array()[0], name, "data_offsets"));
  FABRICA_TRY(tensor.end, size_of(offsets->get_array()[1], name, "data_offsets"));
  if (tensor.end < tensor.begin || tensor.end - tensor.begin != bytes)
    return refuse(fmt::format("Tensor {}: {} to {} does not hold the {} bytes of its shape.", name, tensor.begin,
                              tensor.end, bytes));
  return tensor;
}

Result<std::map<std::string, std::string>> metadata_of(json::value const& value) {
  std::map<std::string, std::string> metadata;
  if (!value.is_object()) return refuse("__metadata__ must be an object of strings.");
  for (auto const& [key, text] : value.get_object()) {
    if (!text.is_string()) return refuse("__metadata__ must be an object of strings.");
    metadata.emplace(key, text.get_string());
  }
  return metadata;
}

float from_half(std::uint16_t half) {
  int const exponent = half >> 10 & 0x1F;
  int const mantissa = half & 0x3FF;
  float const sign = half >> 15 ? -1.0f : 1.0f;
  if (exponent == 31) return mantissa ? std::nanf("") : sign * HUGE_VALF;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(mantissa), -24);
  return sign * std::ldexp(static_cast<float>(mantissa | 0x400), exponent - 25);
}

std::vector<float> widened(char const* data, SafeTensor const& tensor) {
  std::vector<float> values(tensor.values());
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, data + 2 * i, 2);
    values[i] = tensor.dtype == Dtype::f16 ? from_half(bits) : std::bit_cast<float>(std::uint32_t{bits} << 16);
  }
  return values;
}

}  // namespace

std::size_t SafeTensor::values() const {
  std::size_t n = 1;
  for (auto const side : shape) n *= side;
  return n;
}

Result<SafeHeader> parse_safetensors_header(std::string_view text, std::size_t data_bytes) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 8;
  auto const root = json::parse(text, error, {}, options);
  if (error || !root.is_object())
    return refuse(fmt::format("The header is no JSON object{}{}.", error ? ": " : "", error ? error.message() : ""));
  if (root.get_object().size() > kTensorsMax) return refuse(fmt::format("More than {} tensors.", kTensorsMax));
  SafeHeader header;
  for (auto const& [name, value] : root.get_object()) {
    if (name == "__metadata__") {
      FABRICA_TRY(header.metadata, metadata_of(value));
      continue;
    }
    FABRICA_TRY(auto tensor, tensor_of(name, value));
    header.tensors.push_back(std::move(tensor));
  }
  std::ranges::sort(header.tensors,
                    [](auto const& a, auto const& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
  std::size_t reached = 0;
  for (auto const& tensor : header.tensors) {
    if (tensor.begin < reached) return refuse(fmt::format("Tensor {} overlaps another.", tensor.name));
    if (tensor.begin > reached)
      return refuse(fmt::format("{} bytes before tensor {} belong to none.", tensor.begin - reached, tensor.name));
    reached = tensor.end;
  }
  if (reached != data_bytes)
    return refuse(fmt::format("The tensors take {} bytes, the file holds {}: it is cut short or something was added.",
                              reached, data_bytes));
  return header;
}

Result<> write_safetensors(std::filesystem::path const& path, std::vector<NamedValues> const& tensors,
                           std::map<std::string, std::string> const& metadata) {
  json::object root;
  json::object facts;
  for (auto const& [key, text] : metadata) facts[key] = text;
  root["__metadata__"] = std::move(facts);
  std::size_t offset = 0;
  for (auto const& tensor : tensors) {
    SafeTensor const shape{tensor.name, Dtype::f32, tensor.shape, 0, 0};
    auto const end = offset + 4 * shape.values();
    json::array sides;
    for (auto const side : tensor.shape) sides.push_back(side);
    root[tensor.name] = {{"dtype", "F32"}, {"shape", std::move(sides)}, {"data_offsets", json::array{offset, end}}};
    offset = end;
  }
  auto header = json::serialize(root);
  header.append((8 - header.size() % 8) % 8, ' ');
  AtomicFile file{path};
  std::uint64_t const length = header.size();
  file.write(&length, sizeof length);
  file.write(header);
  for (auto const& tensor : tensors) {
    SafeTensor const shape{tensor.name, Dtype::f32, tensor.shape, 0, 0};
    file.write(tensor.values, 4 * shape.values());
  }
  return file.commit();
}

Result<SafeFile> read_safetensors(std::filesystem::path const& path, Finite finite) {
  std::error_code missing;
  auto const size = std::filesystem::file_size(path, missing);
  std::ifstream in{path, std::ios::binary};
  if (missing || !in) return fail(Errc::not_found, "missing_file", fmt::format("Cannot open {}.", path.string()));
  auto const name = path.filename().string();
  std::uint64_t length = 0;
  if (size < 8 || !in.read(reinterpret_cast<char*>(&length), 8))
    return refuse(fmt::format("{}: shorter than the 8 bytes of a header's length.", name));
  if (length > kHeaderBytesMax || length > size - 8)
    return refuse(
        fmt::format("{}: a header of {} bytes does not fit (file {}, limit {}).", name, length, size, kHeaderBytesMax));
  std::string text(length, '\0');
  if (!in.read(text.data(), static_cast<std::streamsize>(length)))
    return fail(Errc::unavailable, "disk_read", fmt::format("Cannot read {}.", path.string()));
  SafeFile file;
  auto header = parse_safetensors_header(text, size - 8 - length);
  if (!header) return refuse(fmt::format("{}: {}", name, header.error().what));
  file.header = *std::move(header);
  std::string raw;
  for (auto const& tensor : file.header.tensors) {
    auto& values = file.values[tensor.name];
    auto const bytes = tensor.end - tensor.begin;
    bool const plain = tensor.dtype == Dtype::f32;
    if (plain) values.resize(tensor.values());
    if (!plain) raw.resize(bytes);
    if (!in.read(plain ? reinterpret_cast<char*>(values.data()) : raw.data(), static_cast<std::streamsize>(bytes)))
      return fail(Errc::unavailable, "disk_read",
                  fmt::format("Cannot read tensor {} of {}.", tensor.name, path.string()));
    if (!plain) values = widened(raw.data(), tensor);
    if (finite == Finite::unchecked) continue;
    auto const bad = std::ranges::find_if(values, [](float v) { return !std::isfinite(v); });
    if (bad != values.end())
      return refuse(fmt::format("{}: tensor {} holds {} at place {}: not a model to compute with.", name, tensor.name,
                                *bad, bad - values.begin()));
  }
  return file;
}

}  // namespace fabrica::recipe
