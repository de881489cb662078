#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "runtime/fd.hpp"
#include "runtime/files.hpp"

namespace fabrica::compute {

// What a job may use. Whoever asks for a job states them; a driver enforces each or refuses the job.
struct JobLimits {
  std::int32_t cpus = 1;
  std::int32_t gpus = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t wall_s = 0;
  std::int64_t disk_bytes = 0;       // everything the job writes, its checkpoints included
  std::int64_t log_bytes = 1 << 20;  // of each stream; what comes after is dropped and the log says so
  std::int32_t processes = 256;      // processes and threads
  std::int32_t grace_s = 10;         // between being told to end and being killed
};
BOOST_DESCRIBE_STRUCT(JobLimits, (), (cpus, gpus, memory_bytes, wall_s, disk_bytes, log_bytes, processes, grace_s))

// A file laid before the job: `name` is its relative path there, `source` where its bytes lie on this host now.
struct StagedFile {
  std::string name{};
  std::string source{};
};
BOOST_DESCRIBE_STRUCT(StagedFile, (), (name, source))

// One attempt at a job, complete: a driver needs nothing else to run it.
struct JobOrder {
  std::string job{};      // public id
  std::string project{};  // public id
  std::int32_t attempt = 1;
  std::int64_t project_number = 0;  // tells the projects apart where each gets a user of its own
  std::string recipe{};               // a program of the operator's recipes folder, or empty
  std::vector<std::string> argv{};    // of the program; after the recipe's name when there is one
  std::vector<StagedFile> files{};    // the program's own files, read-only
  std::vector<StagedFile> inputs{};   // read-only
  std::string parameters = "{}";    // a JSON object
  std::map<std::string, std::string> environment{};
  JobLimits limits{};
};
BOOST_DESCRIBE_STRUCT(JobOrder, (), (job, project, attempt, project_number, recipe, argv, files, inputs, parameters,
                                     environment, limits))

enum class Phase : std::uint8_t {
  absent,    // nobody was asked to start this job, or it was forgotten
  starting,
  running,
  ended,
};
BOOST_DESCRIBE_ENUM(Phase, absent, starting, running, ended)

// Why an attempt ended.
enum class EndReason : std::uint8_t {
  completed,     // exit status 0
  failed,        // another exit status
  signalled,     // a signal nobody here sent
  time_limit,
  memory_limit,
  output_limit,  // wrote more bytes or files than allowed
  cancelled,
  lost,          // whoever watched it is gone (a reboot): nobody knows how far it came
  refused,       // was never started
};
BOOST_DESCRIBE_ENUM(EndReason, completed, failed, signalled, time_limit, memory_limit, output_limit, cancelled, lost, refused)

// What was measured of one attempt.
struct RunUsage {
  std::int64_t wall_us = 0;
  std::int64_t cpu_user_us = 0;
  std::int64_t cpu_system_us = 0;
  std::int64_t memory_peak_bytes = 0;
};
BOOST_DESCRIBE_STRUCT(RunUsage, (), (wall_us, cpu_user_us, cpu_system_us, memory_peak_bytes))

struct Observation {
  Phase phase{};
  std::int32_t attempt = 0;
  Time started{};
  Time ended{};
  std::optional<EndReason> reason{};  // set exactly when ended
  std::int32_t exit_status = 0;
  std::int32_t signal = 0;
  RunUsage usage{};
  std::string sandbox{};     // how it was kept apart: "bubblewrap, own user 200003"
  std::string limited_by{};  // how limits were enforced: "cgroup v1"
  std::string detail{};      // for people, mostly why it was refused or ended
};
BOOST_DESCRIBE_STRUCT(Observation, (), (phase, attempt, started, ended, reason, exit_status, signal, usage, sandbox,
                                        limited_by, detail))

enum class LogStream : std::uint8_t { out, err };
BOOST_DESCRIBE_ENUM(LogStream, out, err)

// Port: where jobs run. One implementation runs them as processes of this machine; a batch system is another.
//
// Contract. Every call may be repeated with the same arguments, also by a process that knows nothing of an earlier call
// whose answer was lost, and then changes nothing more:
// - prepare() lays the files out; start() begins the attempt of the order at most once ever, whatever crashes in between.
//   An attempt that may or may not have begun is reported as ended, reason lost, never begun again under the same number.
// - An attempt is begun only when every earlier one has ended. Checkpoints of earlier attempts are kept, what else they
//   left in the job's folder is removed.
// - A begun attempt does not depend on the life of this process.
// - Once observe() has answered ended for an attempt, it answers the same until the next attempt begins, and all that
//   the job wrote stays readable until forget().
// Drivers authorise nobody and keep no database.
class Driver {
 public:
  virtual ~Driver() = default;

  // Errors: invalid "job_file" (a name that is not a plain relative path), not_found "file", those of files.
  virtual Result<> prepare(JobOrder const& order) = 0;
  // Errors: conflict "not_prepared", conflict "attempt_running" (an earlier one), unavailable ... (try again later).
  // What this driver can never run is not an error here: the attempt ends, reason refused.
  virtual Result<> start(JobOrder const& order) = 0;
  virtual Result<Observation> observe(std::string_view job) = 0;
  // Asks the running attempt to end; observe() tells when it has. Errors: not_found "job".
  virtual Result<> cancel(std::string_view job) = 0;
  // Removes all that was kept for the job. Errors: conflict "attempt_running".
  virtual Result<> forget(std::string_view job) = 0;

  // What the job wrote so far. Errors: not_found "file" before it wrote anything.
  virtual Result<runtime::Piece> log(std::string_view job, LogStream stream, std::uint64_t offset, std::size_t bytes_max) = 0;
  virtual Result<runtime::Piece> metrics(std::string_view job, std::uint64_t offset, std::size_t bytes_max) = 0;
  // The plain files of the outputs folder. Errors besides: too_large "files".
  virtual Result<std::vector<runtime::TreeFile>> outputs(std::string_view job) = 0;
  virtual Result<runtime::Fd> open_output(std::string_view job, std::string const& path) = 0;
};

}  // namespace fabrica::compute
