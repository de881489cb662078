#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "runtime/fd.hpp"

namespace fabrica::runtime {

struct GroupLimits {
  std::int64_t memory_bytes = 0;
  int cpus = 0;
  std::int64_t processes = 0;
};

// A control group for one set of processes: version 2 where its controllers can be used, else version 1, where every
// controller has a folder of its own. remove() or the destructor takes the folders away; they must be empty by then.
class ControlGroup {
 public:
  ControlGroup(ControlGroup&&) noexcept = default;
  ControlGroup& operator=(ControlGroup&&) = delete;
  ~ControlGroup();

  // Tries version 2, then version 1, below the group we are in; `name` is unique on the machine, and a left-over group
  // of that name is used again. Errors: unavailable "cgroup" when neither can be written: the caller limits otherwise.
  static Result<ControlGroup> make(std::string_view name, GroupLimits const& limits);

  std::string_view version() const { return version_; }  // "cgroup v2", "cgroup v1"
  // Open cgroup.procs files, for Program::joins.
  std::vector<int> joins() const;
  std::int64_t memory_peak_bytes() const;  // 0 when unknown
  std::int64_t cpu_us() const;             // user and system together, of all that ever ran in it; 0 when unknown
  std::int64_t memory_kills() const;       // how often the kernel killed for memory

 private:
  ControlGroup() = default;
  std::string number_file(std::string_view v2, std::string_view v1_controller, std::string_view v1) const;

  std::string_view version_;
  std::vector<std::string> folders_;
  std::vector<Fd> procs_;
};

}  // namespace fabrica::runtime
