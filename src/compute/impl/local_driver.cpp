#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/check.hpp"
#include "compute/impl/job_folder.hpp"
#include "compute/local.hpp"
#include "runtime/files.hpp"
#include "runtime/process.hpp"

namespace fabrica::compute {
namespace {

JobFolder folder_of(LocalSettings const& settings, std::string_view job) {
  // A public id is letters, digits and dashes; anything else is a caller's bug that would name another folder.
  FABRICA_CHECK(!job.empty() && job.find_first_not_of("0123456789abcdef-") == std::string_view::npos);
  return {fmt::format("{}/{}", settings.folder, job)};
}

// A relative path of plain parts, as a job may name its files.
bool is_plain(std::string_view name) {
  if (name.empty() || name.size() > 1024 || name.find('\0') != std::string_view::npos) return false;
  while (true) {
    auto const part = name.substr(0, name.find('/'));
    if (part.empty() || part == "." || part == ".." || part.size() > 255) return false;
    if (part.size() == name.size()) return true;
    name.remove_prefix(part.size() + 1);
  }
}

bool others_may_read(std::string const& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && (info.st_mode & S_IROTH) != 0;
}

// A second name for the same bytes where everybody may read them anyway (the job sees it read-only), else a copy.
Result<> lay(StagedFile const& file, std::string const& to) {
  if (others_may_read(file.source)) {
    if (::link(file.source.c_str(), to.c_str()) == 0) return {};
    if (errno != EXDEV && errno != EPERM && errno != EMLINK)
      return std::unexpected(runtime::file_error("lay out", file.source, errno));
  }
  return runtime::copy_file(file.source, to, 0444);
}

Result<> lay_all(std::string const& folder, std::vector<StagedFile> const& files) {
  FABRICA_DO(runtime::make_folder(folder, 0755));
  for (auto const& file : files) {
    if (!is_plain(file.name))
      return fail(Errc::invalid, "job_file", fmt::format("\"{}\" is not a plain relative path.", file.name));
    auto const to = folder + "/" + file.name;
    FABRICA_DO(runtime::make_folder(to.substr(0, to.rfind('/')), 0755));
    auto const laid = lay(file, to);
    if (!laid && laid.error().code == Errc::conflict)
      return fail(Errc::invalid, "job_file", fmt::format("Two files are named \"{}\".", file.name));
    FABRICA_DO(laid);
  }
  return {};
}

Result<runtime::Fd> open_log(std::string const& path) {
  runtime::Fd file{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
  if (!file.open()) return std::unexpected(runtime::file_error("read", path, errno));
  return file;
}

// Starts the supervisor of an attempt whose intent is on record.
Result<> start_supervisor(LocalSettings const& settings, JobFolder const& folder, int lock_fd) {
  runtime::Fd const out{
      ::open((folder.path + "/supervisor.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!out.open()) return std::unexpected(runtime::file_error("write", folder.path + "/supervisor.log", errno));
  runtime::Program program;
  program.argv = settings.supervisor;
  program.argv.push_back(folder.path);
  program.environment = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8"};
  program.in = lock_fd;
  program.out = program.err = out.get();
  program.gains_no_privileges = false;  // a site's bubblewrap may be set-uid
  FABRICA_DO(runtime::start_detached(program));
  return {};
}

}  // namespace

Result<LocalDriver> LocalDriver::open(LocalSettings settings) {
  FABRICA_DO(runtime::make_folder(settings.folder));
  return LocalDriver{std::move(settings)};
}

Result<> LocalDriver::prepare(JobOrder const& order) {
  auto const folder = folder_of(settings_, order.job);
  FABRICA_DO(runtime::make_folder(folder.path));
  if (!runtime::exists(folder.given())) {
    // Laid out beside and renamed, so that a half-filled folder is never taken for a whole one.
    auto const part = folder.part("given.new");
    FABRICA_DO(runtime::remove_tree(part));
    FABRICA_DO(runtime::make_folder(part, 0755));
    FABRICA_DO(lay_all(part + "/inputs", order.inputs));
    FABRICA_DO(lay_all(part + "/program", order.files));
    FABRICA_DO(runtime::write_file(part + "/parameters.json", order.parameters, 0444));
    if (::rename(part.c_str(), folder.given().c_str()) != 0)
      return std::unexpected(runtime::file_error("lay out", folder.given(), errno));
    FABRICA_DO(runtime::sync_folder(folder.path));
  }
  return {};
}

Result<> LocalDriver::start(JobOrder const& order) {
  auto const folder = folder_of(settings_, order.job);
  if (!runtime::exists(folder.given())) return fail(Errc::conflict, "not_prepared", "The job's files are not laid out.");
  FABRICA_TRY(auto const lock, take_lock(folder));
  FABRICA_TRY(auto status, read_status(folder));
  if (!lock) {
    if (status.attempt >= order.attempt) return {};
    return fail(Errc::conflict, "attempt_running", "An earlier attempt of this job is still running.");
  }
  if (status.phase != Phase::absent && status.attempt >= order.attempt) return {};

  for (std::string_view const name : {"work", "outputs"}) FABRICA_DO(runtime::remove_tree(folder.part(name)));
  for (auto const name : kWritable) FABRICA_DO(runtime::make_folder(folder.part(name)));
  FABRICA_DO(write_order(folder, {order, settings_}));
  // From here on this attempt may have begun: whoever finds `starting` and no lock knows that it is lost.
  FABRICA_DO(write_status(folder, {.phase = Phase::starting, .attempt = order.attempt}));
  auto const started = start_supervisor(settings_, folder, lock->get());
  if (started) return {};
  // Nothing runs, so the intent is taken back: the caller may try this attempt again.
  FABRICA_DO(status.phase == Phase::absent ? runtime::remove_tree(folder.status()) : write_status(folder, status));
  return started;
}

Result<Observation> LocalDriver::observe(std::string_view job) {
  auto const folder = folder_of(settings_, job);
  FABRICA_TRY(auto status, read_status(folder));
  if (status.phase == Phase::absent) return status;
  if (is_locked(folder)) {
    // The end is told once the supervisor is gone, so that who hears of it may begin the next attempt or remove the folder.
    if (status.phase == Phase::ended) status.phase = Phase::running, status.reason.reset();
    return status;
  }
  // The supervisor may have written the end and gone between the two looks.
  FABRICA_TRY(status, read_status(folder));
  if (status.phase == Phase::ended) return status;
  status.phase = Phase::ended;
  status.reason = EndReason::lost;
  status.detail = "Whoever watched this attempt is gone without a word (a reboot, or it was killed).";
  if (is_locked(folder)) return status;
  FABRICA_TRY(auto const lock, take_lock(folder));
  // Written down, so that every later look says the same; when somebody just took the lock, a new attempt is on its way.
  if (lock) FABRICA_DO(write_status(folder, status));
  return status;
}

Result<> LocalDriver::cancel(std::string_view job) {
  auto const folder = folder_of(settings_, job);
  if (!runtime::exists(folder.path)) return fail(Errc::not_found, "job", "This job was not handed to a machine yet.");
  return runtime::write_file(folder.cancel(), "");
}

Result<> LocalDriver::forget(std::string_view job) {
  auto const folder = folder_of(settings_, job);
  if (!runtime::exists(folder.path)) return {};
  FABRICA_TRY(auto const lock, take_lock(folder));
  if (!lock) return fail(Errc::conflict, "attempt_running", "The job is still running: cancel it first.");
  return runtime::remove_tree(folder.path);
}

Result<runtime::Piece> LocalDriver::log(std::string_view job, LogStream stream, std::uint64_t offset, std::size_t bytes_max) {
  FABRICA_TRY(auto const file, open_log(folder_of(settings_, job).log(stream)));
  return runtime::read_piece(file.get(), offset, bytes_max);
}

Result<runtime::Piece> LocalDriver::metrics(std::string_view job, std::uint64_t offset, std::size_t bytes_max) {
  FABRICA_TRY(auto const file, runtime::open_beneath(folder_of(settings_, job).part("report"), std::string{kMetricsFile}));
  return runtime::read_piece(file.get(), offset, bytes_max);
}

Result<std::vector<runtime::TreeFile>> LocalDriver::outputs(std::string_view job) {
  return runtime::list_tree(folder_of(settings_, job).part("outputs"));
}

Result<runtime::Fd> LocalDriver::open_output(std::string_view job, std::string const& path) {
  return runtime::open_beneath(folder_of(settings_, job).part("outputs"), path);
}

}  // namespace fabrica::compute
