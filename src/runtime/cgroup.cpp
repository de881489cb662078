#include "runtime/cgroup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <sstream>

#include "runtime/files.hpp"

namespace fabrica::runtime {
namespace {

constexpr std::string_view kMount = "/sys/fs/cgroup";
constexpr std::int64_t kPeriod_us = 100'000;

bool put(std::string const& path, std::int64_t value) {
  Fd const file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  auto const text = std::to_string(value);
  return file.open() && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

bool put(std::string const& path, std::string const& text) {
  Fd const file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  return file.open() && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// The group we are in, of one v1 controller, or of v2 when the name is empty: the third field of /proc/self/cgroup
// (cgroups(7)). "/" when the file does not say.
std::string own_group(std::string_view controller) {
  std::istringstream lines{read_file("/proc/self/cgroup", 65'536).value_or("")};
  for (std::string line; std::getline(lines, line);) {
    auto const first = line.find(':');
    auto const second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    std::string const names = "," + line.substr(first + 1, second - first - 1) + ",";
    if (names == fmt::format(",{},", controller) ||
        (!controller.empty() && names.find(fmt::format(",{},", controller)) != std::string::npos))
      return line.substr(second + 1);
  }
  return "/";
}

// A group of that name below ours; inside a container our own path may not be visible, then below the mount.
std::string make_below(std::string const& mount, std::string const& own, std::string_view name) {
  for (auto const& above : {own == "/" ? mount : mount + own, mount}) {
    auto folder = fmt::format("{}/{}", above, name);
    if (::mkdir(folder.c_str(), 0755) == 0 || errno == EEXIST) return folder;
  }
  return {};
}

std::int64_t number_after(std::string const& text, std::string_view key) {
  auto const at = key.empty() ? 0 : text.find(key);
  if (at == std::string::npos) return 0;
  std::int64_t value = 0;
  std::from_chars(text.data() + at + key.size(), text.data() + text.size(), value);
  return value;
}

}  // namespace

Result<ControlGroup> ControlGroup::make(std::string_view name, GroupLimits const& limits) {
  ControlGroup group;
  auto const enter = [&] {
    for (auto const& folder : group.folders_) {
      group.procs_.emplace_back(::open((folder + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
      if (!group.procs_.back().open()) return false;
    }
    return true;
  };
  if (exists(fmt::format("{}/cgroup.controllers", kMount))) {
    group.version_ = "cgroup v2";
    auto const folder = make_below(std::string{kMount}, own_group(""), name);
    if (!folder.empty()) group.folders_.push_back(folder);
    if (!folder.empty() && put(folder + "/memory.max", limits.memory_bytes) && put(folder + "/pids.max", limits.processes) &&
        put(folder + "/cpu.max", fmt::format("{} {}", limits.cpus * kPeriod_us, kPeriod_us)) && enter()) {
      put(folder + "/memory.swap.max", 0);
      return group;
    }
    return fail(Errc::unavailable, "cgroup", "The version 2 control groups cannot be written or lack controllers.");
  }
  group.version_ = "cgroup v1";
  for (std::string_view const controller : {"memory", "pids", "cpu", "cpuacct"}) {
    auto const mount = fmt::format("{}/{}", kMount, controller);
    // cpu and cpuacct are often one hierarchy under two names: then the second mkdir finds the folder of the first.
    auto const folder = make_below(mount, own_group(controller), name);
    if (folder.empty()) return fail(Errc::unavailable, "cgroup", fmt::format("{} cannot be written.", mount));
    group.folders_.push_back(folder);
  }
  if (!put(group.folders_[0] + "/memory.limit_in_bytes", limits.memory_bytes) ||
      !put(group.folders_[1] + "/pids.max", limits.processes) ||
      !put(group.folders_[2] + "/cpu.cfs_quota_us", limits.cpus * kPeriod_us) || !enter())
    return fail(Errc::unavailable, "cgroup", "The version 1 control groups do not take the limits.");
  put(group.folders_[0] + "/memory.memsw.limit_in_bytes", limits.memory_bytes);
  return group;
}

ControlGroup::~ControlGroup() {
  procs_.clear();
  for (auto const& folder : folders_) ::rmdir(folder.c_str());
}

std::vector<int> ControlGroup::joins() const {
  std::vector<int> fds;
  for (auto const& file : procs_) fds.push_back(file.get());
  return fds;
}

std::string ControlGroup::number_file(std::string_view v2, std::string_view v1_controller, std::string_view v1) const {
  if (version_ == "cgroup v2") return fmt::format("{}/{}", folders_[0], v2);
  for (auto const& folder : folders_)
    if (folder.starts_with(fmt::format("{}/{}/", kMount, v1_controller))) return fmt::format("{}/{}", folder, v1);
  return {};
}

std::int64_t ControlGroup::memory_peak_bytes() const {
  return number_after(read_file(number_file("memory.peak", "memory", "memory.max_usage_in_bytes"), 4096).value_or(""), "");
}

std::int64_t ControlGroup::cpu_us() const {
  auto const text = read_file(number_file("cpu.stat", "cpuacct", "cpuacct.usage"), 4096).value_or("");
  return version_ == "cgroup v2" ? number_after(text, "usage_usec ") : number_after(text, "") / 1000;
}

std::int64_t ControlGroup::memory_kills() const {
  auto const text = read_file(number_file("memory.events", "memory", "memory.oom_control"), 4096).value_or("");
  return number_after(text, "oom_kill ");
}

}  // namespace fabrica::runtime
