#include "core/job.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "core/files.hpp"

namespace fabrica::recipe {

namespace {

constexpr std::size_t kParametersMax = 1U << 20;

// A signal handler reaches nothing but globals.
std::atomic<bool> stop_flag{false};
std::atomic<bool> stop_at_once{true};
static_assert(std::atomic<bool>::is_always_lock_free);

Result<std::string> variable(char const* name) {
  char const* const value = std::getenv(name);
  if (!value || !*value)
    return fail(Errc::invalid, "job_environment",
                fmt::format("{} is not set. This program runs as a job: see docs/guide/job-contract.md.", name));
  return std::string{value};
}

Result<std::filesystem::path> folder(char const* name) {
  FABRICA_TRY(auto const path, variable(name));
  if (!std::filesystem::is_directory(path))
    return fail(Errc::invalid, "job_environment", fmt::format("{}={} is no folder.", name, path));
  return std::filesystem::path{path};
}

}  // namespace

Result<Job> Job::from_environment() {
  Job job;
  FABRICA_TRY(job.id, variable("FABRICA_JOB"));
  FABRICA_TRY(job.inputs, folder("FABRICA_INPUTS"));
  FABRICA_TRY(job.outputs, folder("FABRICA_OUTPUTS"));
  FABRICA_TRY(job.checkpoints, folder("FABRICA_CHECKPOINTS"));
  FABRICA_TRY(job.metrics_, variable("FABRICA_METRICS"));
  FABRICA_TRY(auto const parameters, variable("FABRICA_PARAMETERS"));
  FABRICA_TRY(job.parameters, read_file(parameters, kParametersMax));
  FABRICA_TRY(auto const cpus, variable("FABRICA_CPUS"));
  auto const read = std::from_chars(cpus.data(), cpus.data() + cpus.size(), job.cpus);
  if (read.ec != std::errc{} || *read.ptr != '\0' || job.cpus < 1 || job.cpus > 1024)
    return fail(Errc::invalid, "job_environment", fmt::format("FABRICA_CPUS={} must be 1 to 1024.", cpus));
  struct sigaction action{};
  action.sa_handler = [](int) {
    stop_flag.store(true);
    if (stop_at_once.load()) ::_exit(kStoppedStatus);
  };
  ::sigaction(SIGTERM, &action, nullptr);
  return job;
}

Result<> Job::report(Line const& line) const {
  boost::json::object metrics;
  for (auto const& [name, value] : line.metrics)
    if (std::isfinite(value)) metrics[name] = value;
  boost::json::object root{{"step", line.step}, {"metrics", std::move(metrics)}};
  if (line.progress) root["progress"] = *line.progress;
  if (!line.text.empty()) root["text"] = line.text;
  auto const text = boost::json::serialize(root) + "\n";
  int const fd = ::open(metrics_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  // One write a line: a reader never sees half of one, and a crash leaves no half line behind.
  auto const written = fd < 0 ? -1 : ::write(fd, text.data(), text.size());
  int const error = errno;
  if (fd >= 0) ::close(fd);
  if (written == static_cast<ssize_t>(text.size())) return {};
  return fail(
      Errc::unavailable, "disk_write",
      fmt::format("Cannot append to {}: {}.", metrics_.string(), written < 0 ? std::strerror(error) : "disk full"));
}

void stop_by_request() { stop_at_once.store(false); }
std::atomic<bool> const& stop_requested() { return stop_flag; }

int report_failure(std::string_view program, Error const& error) {
  fmt::print(stderr, "{}: {}\n", program, error.what);
  if (error.faults.size() > 1)
    for (auto const& fault : error.faults) fmt::print(stderr, "  {}: {}\n", fault.pointer, fault.what);
  return exit_status(error.code);
}

}  // namespace fabrica::recipe
