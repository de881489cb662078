#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_map>

#include "runtime/files.hpp"
#include "runtime/process.hpp"

namespace fabrica::runtime {
namespace {

// The numbered fields of /proc/PID/stat (proc(5)) that are used here.
struct Stat {
  pid_t pid = 0;
  pid_t parent = 0;
  std::uint64_t ticks = 0;  // user and system time together
  std::uint64_t start = 0;
  std::int64_t threads = 0;
  std::int64_t rss_pages = 0;
  char state = 0;
};

std::optional<Stat> read_stat(pid_t pid) {
  auto const text = read_file(fmt::format("/proc/{}/stat", pid), 4096);
  if (!text) return std::nullopt;
  // The name stands in parentheses and may hold anything, so the fields are counted from its end.
  auto at = text->rfind(") ");
  if (at == std::string::npos) return std::nullopt;
  at += 2;
  Stat stat{.pid = pid, .state = (*text)[at]};
  std::string_view rest{*text};
  rest.remove_prefix(at);
  for (int field = 3; !rest.empty(); ++field) {
    auto const word = rest.substr(0, rest.find(' '));
    std::int64_t number = 0;
    std::from_chars(word.data(), word.data() + word.size(), number);
    if (field == 4) stat.parent = static_cast<pid_t>(number);
    if (field == 14 || field == 15) stat.ticks += static_cast<std::uint64_t>(number);
    if (field == 20) stat.threads = number;
    if (field == 22) stat.start = static_cast<std::uint64_t>(number);
    if (field == 24) stat.rss_pages = number;
    if (word.size() == rest.size()) break;
    rest.remove_prefix(word.size() + 1);
  }
  return stat;
}

template <class Visit>
void each_process(Visit visit) {
  DIR* const dir = ::opendir("/proc");
  if (dir == nullptr) return;
  while (dirent const* entry = ::readdir(dir)) {
    pid_t pid = 0;
    std::string_view const name = entry->d_name;
    auto const parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ec == std::errc{} && parsed.ptr == name.data() + name.size()) visit(pid);
  }
  ::closedir(dir);
}

}  // namespace

std::vector<ProcessInfo> processes_below(pid_t root) {
  std::unordered_multimap<pid_t, Stat> by_parent;
  each_process([&](pid_t pid) {
    // A process whose first thread has ended shows as Z while its other threads go on.
    if (auto const stat = read_stat(pid); stat && (stat->state != 'Z' || stat->threads > 1))
      by_parent.emplace(stat->parent, *stat);
  });
  std::int64_t const page_bytes = ::sysconf(_SC_PAGESIZE);
  std::int64_t const tick_us = kSecond / ::sysconf(_SC_CLK_TCK);
  std::vector<ProcessInfo> found{{.pid = root}};
  for (std::size_t at = 0; at < found.size(); ++at) {
    auto const [first, last] = by_parent.equal_range(found[at].pid);
    int const depth = found[at].depth + 1;
    for (auto it = first; it != last; ++it) {
      found.push_back({.pid = it->second.pid,
                       .depth = depth,
                       .rss_bytes = it->second.rss_pages * page_bytes,
                       .cpu_us = static_cast<std::int64_t>(it->second.ticks) * tick_us});
    }
  }
  found.erase(found.begin());
  return found;
}

std::optional<std::int64_t> proportional_bytes(pid_t pid) {
  auto const text = read_file(fmt::format("/proc/{}/smaps_rollup", pid), 65'536);
  auto const at = text ? text->find("\nPss:") : std::string::npos;
  if (at == std::string::npos) {
    auto const stat = read_stat(pid);
    bool const gone = !stat || stat->rss_pages == 0;  // or ending: its memory was given back before its number
    return gone ? std::optional<std::int64_t>{0} : std::nullopt;
  }
  auto const digits = text->find_first_of("0123456789", at);
  std::int64_t kib = 0;
  if (digits == std::string::npos || std::from_chars(text->data() + digits, text->data() + text->size(), kib).ec != std::errc{})
    return std::nullopt;
  return kib * 1024;
}

std::int64_t tasks_of_user(uid_t uid) {
  std::int64_t tasks = 0;
  each_process([&](pid_t pid) {
    struct stat info {};
    if (::stat(fmt::format("/proc/{}", pid).c_str(), &info) != 0 || info.st_uid != uid) return;
    if (auto const stat = read_stat(pid)) tasks += stat->threads;
  });
  return tasks;
}

std::uint64_t start_ticks(pid_t pid) {
  auto const stat = read_stat(pid);
  return stat ? stat->start : 0;
}

}  // namespace fabrica::runtime
