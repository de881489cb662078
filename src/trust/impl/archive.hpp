#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace fabrica::trust {

// The canonical zip: files stored (method 0) in strictly ascending order of their paths, no times, no comments, no
// extra fields, no data descriptors, no gaps. One content has one encoding, now and in any later version: deflate is
// not used because its output depends on the library. Nothing is ever inflated, so there is no bomb.
struct ArchiveFile {
  std::string_view path;
  std::string_view content;
};

inline constexpr std::size_t kArchiveFilesMax = 65'535;  // of the zip format without its 64-bit extension
inline constexpr std::size_t kArchivePathMax = 200;

// Lower-case letters, digits, '.', '_', '-' in segments between '/', none of them "." or ".." or empty.
bool is_archive_path(std::string_view path);

// Errors: invalid "dossier_path" (not a path, out of order, twice), too_large "dossier".
Result<std::string> write_archive(std::vector<ArchiveFile> const& files, std::size_t bytes_max);

// Views into `bytes`. Errors: too_large "dossier"; invalid "dossier", naming the file or the offset of the first byte
// that differs from the canonical form.
Result<std::vector<ArchiveFile>> read_archive(std::string_view bytes, std::size_t bytes_max);

std::uint32_t crc32(std::string_view content);

}  // namespace fabrica::trust
