#include "trust/impl/archive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fabrica::trust {
namespace {

// APPNOTE.TXT 4.3.7, 4.3.12, 4.3.16.
constexpr std::uint32_t kLocal = 0x04034b50;
constexpr std::uint32_t kCentral = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::size_t kLocalBytes = 30;
constexpr std::size_t kCentralBytes = 46;
constexpr std::size_t kEndBytes = 22;
constexpr std::uint16_t kVersion = 10;           // 1.0: stored files
constexpr std::uint16_t kMadeBy = 3 << 8 | 10;   // Unix, so that the mode below counts
constexpr std::uint16_t kDate = 1 << 5 | 1;      // 1980-01-01, the first day the format knows
constexpr std::uint32_t kMode = 0100644U << 16;  // a plain file

void put16(std::string& out, std::uint32_t value) {
  out += static_cast<char>(value & 0xff);
  out += static_cast<char>(value >> 8 & 0xff);
}
void put32(std::string& out, std::uint32_t value) {
  put16(out, value & 0xffff);
  put16(out, value >> 16);
}
std::uint32_t get16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]) | static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[at + 1]))
                                                    << 8;
}
std::uint32_t get32(std::string_view bytes, std::size_t at) { return get16(bytes, at) | get16(bytes, at + 2) << 16; }

// What local and central header have in common, from "version needed" to the length of the extra field.
void put_common(std::string& out, ArchiveFile const& file, std::uint32_t crc) {
  put16(out, kVersion);
  put16(out, 0);  // flags
  put16(out, 0);  // stored
  put16(out, 0);  // time
  put16(out, kDate);
  put32(out, crc);
  put32(out, static_cast<std::uint32_t>(file.content.size()));
  put32(out, static_cast<std::uint32_t>(file.content.size()));
  put16(out, static_cast<std::uint32_t>(file.path.size()));
  put16(out, 0);  // extra field
}

void put_local(std::string& out, ArchiveFile const& file, std::uint32_t crc) {
  put32(out, kLocal);
  put_common(out, file, crc);
  out += file.path;
}

struct Placed {
  ArchiveFile file;
  std::uint32_t crc = 0;
  std::uint32_t offset = 0;
};

std::string directory(std::vector<Placed> const& files, std::size_t start) {
  std::string out;
  for (auto const& placed : files) {
    put32(out, kCentral);
    put16(out, kMadeBy);
    put_common(out, placed.file, placed.crc);
    put16(out, 0);  // comment
    put16(out, 0);  // disk
    put16(out, 0);  // internal attributes
    put32(out, kMode);
    put32(out, placed.offset);
    out += placed.file.path;
  }
  auto const size = out.size();
  put32(out, kEnd);
  put16(out, 0);
  put16(out, 0);
  put16(out, static_cast<std::uint32_t>(files.size()));
  put16(out, static_cast<std::uint32_t>(files.size()));
  put32(out, static_cast<std::uint32_t>(size));
  put32(out, static_cast<std::uint32_t>(start));
  put16(out, 0);  // comment
  return out;
}

std::unexpected<Error> not_canonical(std::size_t at, std::string_view what) {
  return fail(Errc::invalid, "dossier", fmt::format("byte {} of the archive: {}", at, what));
}

// Where a file starts: the path and content its local header announces, all of it canonical.
Result<Placed> read_local(std::string_view bytes, std::size_t at) {
  if (bytes.size() - at < kLocalBytes) return not_canonical(at, "a file's header is cut off");
  std::size_t const path_size = get16(bytes, at + 26);
  std::size_t const size = get32(bytes, at + 18);
  if (path_size > kArchivePathMax || bytes.size() - at - kLocalBytes < path_size)
    return not_canonical(at + 26, "the path's length is wrong");
  Placed out;
  out.offset = static_cast<std::uint32_t>(at);
  out.file.path = bytes.substr(at + kLocalBytes, path_size);
  if (!is_archive_path(out.file.path)) return not_canonical(at + kLocalBytes, "this is no path a dossier may have");
  auto const start = at + kLocalBytes + path_size;
  if (bytes.size() - start < size) return not_canonical(at + 18, fmt::format("{} is cut off", out.file.path));
  out.file.content = bytes.substr(start, size);
  out.crc = crc32(out.file.content);
  std::string header;
  put_local(header, out.file, out.crc);
  auto const found = bytes.substr(at, header.size());
  if (found == header) return out;
  if (found.substr(14, 4) != std::string_view{header}.substr(14, 4))
    return not_canonical(at + 14, fmt::format("{}: its content and its CRC-32 do not fit", out.file.path));
  auto const [differs, unused] = std::ranges::mismatch(found, header);
  return not_canonical(
      at + static_cast<std::size_t>(differs - found.begin()),
      fmt::format("{}: its header is not the one a dossier has (method, times, flags, extra fields)", out.file.path));
}

constexpr auto kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1 ? 0xedb88320U : 0U) ^ value >> 1;
    table[i] = value;
  }
  return table;
}();

}  // namespace

std::uint32_t crc32(std::string_view content) {
  std::uint32_t value = 0xffffffffU;
  for (char const c : content) value = kCrcTable[(value ^ static_cast<std::uint8_t>(c)) & 0xff] ^ value >> 8;
  return value ^ 0xffffffffU;
}

bool is_archive_path(std::string_view path) {
  if (path.empty() || path.size() > kArchivePathMax) return false;
  for (std::size_t at = 0; at <= path.size();) {
    auto const end = std::min(path.find('/', at), path.size());
    auto const segment = path.substr(at, end - at);
    auto const fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    };
    if (segment.empty() || segment == "." || segment == ".." || !std::ranges::all_of(segment, fits)) return false;
    at = end + 1;
  }
  return true;
}

Result<std::string> write_archive(std::vector<ArchiveFile> const& files, std::size_t bytes_max) {
  if (files.size() > kArchiveFilesMax) return fail(Errc::too_large, "dossier", "A dossier holds at most 65,535 files.");
  std::size_t total = kEndBytes;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!is_archive_path(files[i].path))
      return fail(Errc::invalid, "dossier_path", fmt::format("'{}' is no path a dossier may have.", files[i].path));
    if (i > 0 && files[i - 1].path >= files[i].path)
      return fail(Errc::invalid, "dossier_path", fmt::format("'{}' is there twice or out of order.", files[i].path));
    total += kLocalBytes + kCentralBytes + 2 * files[i].path.size() + files[i].content.size();
    if (total > bytes_max)
      return fail(Errc::too_large, "dossier", fmt::format("The dossier is over {} bytes.", bytes_max));
  }
  std::string out;
  out.reserve(total);
  std::vector<Placed> placed;
  for (auto const& file : files) {
    placed.push_back({file, crc32(file.content), static_cast<std::uint32_t>(out.size())});
    put_local(out, file, placed.back().crc);
    out += file.content;
  }
  out += directory(placed, out.size());
  return out;
}

Result<std::vector<ArchiveFile>> read_archive(std::string_view bytes, std::size_t bytes_max) {
  if (bytes.size() > bytes_max)
    return fail(Errc::too_large, "dossier", fmt::format("The file is over {} bytes.", bytes_max));
  std::vector<Placed> placed;
  std::size_t at = 0;
  while (bytes.size() - at >= 4 && get32(bytes, at) == kLocal) {
    if (placed.size() == kArchiveFilesMax) return fail(Errc::too_large, "dossier", "More than 65,535 files.");
    FABRICA_TRY(auto next, read_local(bytes, at));
    if (!placed.empty() && placed.back().file.path >= next.file.path)
      return not_canonical(at, fmt::format("{} is there twice or out of order", next.file.path));
    at += kLocalBytes + next.file.path.size() + next.file.content.size();
    placed.push_back(next);
  }
  auto const expected = directory(placed, at);
  auto const rest = bytes.substr(at);
  if (rest != expected) {
    auto const [differs, unused] = std::ranges::mismatch(rest, expected);
    return not_canonical(
        at + static_cast<std::size_t>(differs - rest.begin()),
        placed.empty() ? "this is no dossier" : "the directory at the end is not that of the files before it");
  }
  std::vector<ArchiveFile> out;
  out.reserve(placed.size());
  for (auto const& each : placed) out.push_back(each.file);
  return out;
}

}  // namespace fabrica::trust
