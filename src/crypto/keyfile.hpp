#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/secret.hpp"

namespace fabrica::crypto {

inline constexpr std::size_t kKeyFileBytesMax = 64 * 1024;

// Writes a new private key file: mode 0600, complete and durable or not there. Never replaces one.
// Errors: conflict "key_exists", unavailable "file_write".
Result<> write_key_file(std::filesystem::path const& path, std::string_view text);

// Reads one, without its last newline. Errors: not_found "key_missing"; forbidden "key_readable" where group or others
// may read or write it, or it belongs to another user; too_large "key_file"; unavailable "file_read".
Result<SecretText> read_key_file(std::filesystem::path const& path);

// Replaces a file so that a reader, or a machine that loses power, sees the old content or the new, never a mixture:
// temporary file beside it, fsync, rename, fsync of the folder. Errors: unavailable "file_write".
Result<> replace_file(std::filesystem::path const& path, ByteView content, mode_t mode = 0644);

// The same without the last step: for many files at once, each folder of which is then synced once by sync_folder().
Result<> place_file(std::filesystem::path const& path, ByteView content, mode_t mode = 0644);

// All of a file. Errors: not_found "file_missing", too_large "file_read" over `bytes_max`, unavailable "file_read".
Result<Bytes> read_file(std::filesystem::path const& path, std::size_t bytes_max);

// Makes names added to a folder durable. Errors: unavailable "file_write".
Result<> sync_folder(std::filesystem::path const& folder);

}  // namespace fabrica::crypto
