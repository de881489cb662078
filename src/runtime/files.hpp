#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "runtime/fd.hpp"

namespace fabrica::runtime {

// Errors of every function here: not_found "file", forbidden "file", unavailable "disk_full", unavailable "file" (the
// text names the path and what the system said).

// The whole content, or the old one: written beside the file, synced, renamed, and the folder synced. A crash at any
// moment leaves the file as it was or as it shall be.
Result<> write_file(std::string const& path, std::string_view content, int mode = 0600);

// Errors besides: too_large "file" when it holds more than bytes_max.
Result<std::string> read_file(std::string const& path, std::size_t bytes_max);

// Bytes of a file that may still be growing, for following it: what lies at offset now, at most bytes_max.
struct Piece {
  std::string bytes{};
  std::uint64_t offset = 0;     // of the first byte
  std::uint64_t file_bytes = 0; // size when it was read
};
Result<Piece> read_piece(int fd, std::uint64_t offset, std::size_t bytes_max);

// Opens a regular file for reading below a folder that somebody else wrote: no symbolic link, no "..", no device and no
// pipe is followed. Errors besides: forbidden "path" when the path leaves the folder or meets one of these.
Result<Fd> open_beneath(std::string const& folder, std::string const& relative);

// Every regular file below a folder that somebody else wrote, sorted by path. Links, devices and pipes are not followed
// and not listed. Errors besides: too_large "files" past the limits.
struct TreeFile {
  std::string path{};  // relative to the folder, "/" between the parts
  std::uint64_t bytes = 0;
  std::uint64_t allocated_bytes = 0;  // on disk: less for a sparse file, more for one with space reserved
};
struct TreeLimits {
  std::size_t files_max = 100'000;
  int depth_max = 32;
};
Result<std::vector<TreeFile>> list_tree(std::string const& folder, TreeLimits limits = {});

// Creates the folder and what is missing above it; an existing one is fine.
Result<> make_folder(std::string const& path, int mode = 0700);
// Makes new or renamed entries of a folder survive a power cut.
Result<> sync_folder(std::string const& path);
Result<> remove_tree(std::string const& path);
bool exists(std::string const& path);

// Copies a regular file under a new name: by reference where the file system can, byte by byte otherwise. The copy is
// synced. Errors besides: conflict "exists".
Result<> copy_file(std::string const& from, std::string const& to, int mode);

// What the last failed system call on a path means as an error.
Error file_error(std::string_view act, std::string_view path, int number);

}  // namespace fabrica::runtime
