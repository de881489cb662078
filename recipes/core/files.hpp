#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace fabrica::recipe {

// A file being written under a temporary name beside its own. Nothing exists under its name until commit(), and then
// the whole of it does, on disk. An error of any call is kept and returned by commit (full disk: unavailable
// "disk_write", with the path).
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();  // removes what was not committed
  AtomicFile(AtomicFile const&) = delete;
  AtomicFile& operator=(AtomicFile const&) = delete;

  void write(void const* data, std::size_t size);
  void write(std::string_view text) { write(text.data(), text.size()); }
  Result<> commit();

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int fd_ = -1;
  int error_ = 0;
};

Result<> write_file(std::filesystem::path const& path, std::string_view text);

// Errors: not_found "missing_file"; too_large "file_too_large"; unavailable "disk_read".
Result<std::string> read_file(std::filesystem::path const& path, std::size_t max_bytes);

}  // namespace fabrica::recipe
