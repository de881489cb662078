#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace fabrica::cli {

// What a run has reached: names to ids, in a file that is replaced whole after every step. The key of a request is
// written before it is sent, so that a run killed in between asks the same again and gets the answer of the first.
class RunState {
 public:
  // Errors: invalid "run_state" (made by another project file: name another with --state), those of files.
  static Result<RunState> open(std::string path, std::string const& fingerprint);

  std::string get(std::string_view name) const;
  bool has(std::string_view name) const { return !get(name).empty(); }
  Result<> set(std::string_view name, std::string value);
  // The step and its key: it will be done anew.
  Result<> forget(std::string_view step);
  // The idempotency key of a step, made and stored at first asking.
  Result<std::string> key(std::string_view step);
  std::string const& path() const { return path_; }

 private:
  explicit RunState(std::string path) : path_{std::move(path)} {}
  Result<> save(std::map<std::string, std::string> next);

  std::string path_;
  std::map<std::string, std::string> values_;
};

}  // namespace fabrica::cli
