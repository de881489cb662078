#pragma once

#include <string>

#include "base/result.hpp"

namespace fabrica::db {

// The data folder belongs to one server at a time. Held through a lock of the kernel on the file "lock" in the folder,
// so a killed server leaves nothing behind.
class FolderLock {
 public:
  // Errors: unavailable "folder" (not there, not writable), conflict "folder_locked" (another process has it).
  static Result<FolderLock> take(std::string const& folder);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  ~FolderLock();

 private:
  explicit FolderLock(int file) : file_{file} {}
  int file_;
};

}  // namespace fabrica::db
