#pragma once

#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace fabrica::blobs {

class File {
 public:
  File() = default;
  explicit File(int number) : number_{number} {}
  File(File&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  File& operator=(File&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~File();
  int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

// What errno means after `act` failed on `path`.
std::unexpected<Error> file_error(std::string_view act, std::string const& path, int number);

Result<> write_all(int file, std::string const& path, std::int64_t offset, ByteView bytes);
Result<> sync(int file, std::string const& path);
Result<> sync_folder(std::string const& path);
// Makes it with its entry synced; one that is there is fine.
Result<> make_folder(std::string const& path);
Result<Micros> changed(std::string const& path);
Result<> set_changed(int file, std::string const& path, Micros time);
// True when it was there.
Result<bool> remove_file(std::string const& path);

// Held while a blob gets its name (shared) or loses it (alone), by threads and processes alike: what is stored again at
// the moment of a sweep is either swept before, and then written anew, or seen as new.
Result<File> lock_folder(std::string const& folder, bool alone);

}  // namespace fabrica::blobs
