#include "compute/impl/sandbox.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include "runtime/files.hpp"

namespace fabrica::compute {
namespace {

constexpr std::string_view kInside = "/job";
constexpr std::string_view kRecipesInside = "/opt/fabrica/recipes";
// Where root shows the job's parts to a user who may not enter the data folder, in a mount namespace of our own: the first
// of these that is there and does not hold the job's folder itself, which would be hidden.
constexpr std::string_view kPrivate[]{"/mnt", "/media", "/srv", "/tmp"};

// One part of the job's folder: where it lies, and what the job calls it.
struct Part {
  std::string host{};
  std::string inside{};
  bool writable = false;
  bool folder = true;
};

std::vector<Part> parts_of(JobFolder const& folder, LocalSettings const& settings) {
  std::vector<Part> parts;
  for (auto const name : kWritable) parts.push_back({folder.part(name), fmt::format("{}/{}", kInside, name), true});
  parts.push_back({folder.given() + "/inputs", fmt::format("{}/inputs", kInside)});
  parts.push_back({folder.given() + "/program", fmt::format("{}/program", kInside)});
  parts.push_back({folder.given() + "/parameters.json", fmt::format("{}/parameters.json", kInside), false, false});
  if (!settings.recipes_folder.empty()) parts.push_back({settings.recipes_folder, std::string{kRecipesInside}});
  return parts;
}

Result<> give(std::string const& path, runtime::User user) {
  runtime::Fd const folder{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!folder.open() || ::fchown(folder.get(), user.uid, user.gid) != 0)
    return std::unexpected(runtime::file_error("hand over", path, errno));
  return {};
}

// The project's user may not walk through the data folder, and must not; so each part is opened here and shown at a path
// everybody can reach, in a namespace nobody else sees.
Result<std::string> show_parts(JobFolder const& folder, std::vector<Part>& parts, runtime::User user) {
  auto const at = std::ranges::find_if(kPrivate, [&](std::string_view path) {
    return runtime::exists(std::string{path}) && !folder.path.starts_with(fmt::format("{}/", path));
  });
  if (at == std::end(kPrivate))
    return fail(Errc::forbidden, "no_sandbox", "This machine has none of /mnt, /media, /srv and /tmp.");
  std::string const shown{*at};
  FABRICA_DO(runtime::enter_private_mounts());
  std::vector<runtime::Fd> open;
  for (auto const& part : parts) {
    if (part.writable) FABRICA_DO(give(part.host, user));
    open.emplace_back(::open(part.host.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!open.back().open()) return std::unexpected(runtime::file_error("open", part.host, errno));
  }
  FABRICA_DO(runtime::cover(shown));
  for (std::size_t place = 0; place < parts.size(); ++place) {
    auto& part = parts[place];
    part.host = shown + part.inside;
    FABRICA_DO(runtime::show_at(open[place].get(), part.host, part.folder));
  }
  return shown;
}

runtime::User user_of(JobOrder const& order, LocalSettings const& settings) {
  auto const id = static_cast<uid_t>(settings.uid_first + order.project_number % settings.uid_count);
  return {id, id};
}

void append_mounts(std::vector<std::string>& argv, std::vector<Part> const& parts, JobLimits const& limits) {
  auto const add = [&](std::initializer_list<std::string> words) { argv.insert(argv.end(), words); };
  add({"--ro-bind", "/usr", "/usr"});
  // Merged-usr systems have links here, older ones folders.
  for (std::string const name : {"bin", "sbin", "lib", "lib32", "lib64", "libx32"}) {
    struct stat info {};
    auto const path = "/" + name;
    if (::lstat(path.c_str(), &info) != 0) continue;
    if (S_ISLNK(info.st_mode)) add({"--symlink", "usr/" + name, path});
    else add({"--ro-bind", path, path});
  }
  for (auto const* path : {"/etc/ld.so.cache", "/etc/alternatives"}) add({"--ro-bind-try", path, path});
  auto const scratch_bytes = std::to_string(std::min<std::int64_t>(limits.memory_bytes, limits.disk_bytes));
  add({"--proc", "/proc", "--dev", "/dev"});
  for (auto const* path : {"/tmp", "/dev/shm"}) add({"--size", scratch_bytes, "--perms", "1777", "--tmpfs", path});
  for (auto const& part : parts) add({part.writable ? "--bind" : "--ro-bind", part.host, part.inside});
  add({"--remount-ro", "/dev", "--remount-ro", "/"});
}

Result<Sandbox> bubblewrapped(JobFolder const& folder, OrderFile const& file, int status_fd) {
  Sandbox sandbox;
  auto parts = parts_of(folder, file.settings);
  if (::geteuid() == 0) {
    sandbox.program.user = user_of(file.order, file.settings);
    FABRICA_DO(show_parts(folder, parts, *sandbox.program.user));
    sandbox.says = fmt::format("bubblewrap, own user {}", sandbox.program.user->uid);
  } else {
    sandbox.says = "bubblewrap, user of the factory";
  }
  auto& argv = sandbox.program.argv;
  // --clearenv: nothing of the job's environment may reach bubblewrap itself, which runs outside (LD_PRELOAD).
  argv = {file.settings.bubblewrap, "--unshare-user", "--unshare-all", "--disable-userns", "--die-with-parent", "--new-session",
          "--hostname", "job", "--clearenv", "--json-status-fd", std::to_string(status_fd)};
  for (auto const& [name, value] : contract_environment(file.order, {std::string{kInside}, std::string{kInside}, "/tmp"}))
    argv.insert(argv.end(), {"--setenv", name, value});
  append_mounts(argv, parts, file.order.limits);
  argv.insert(argv.end(), {"--chdir", fmt::format("{}/work", kInside), "--"});
  if (!file.order.recipe.empty()) argv.push_back(fmt::format("{}/{}", kRecipesInside, file.order.recipe));
  argv.insert(argv.end(), file.order.argv.begin(), file.order.argv.end());
  sandbox.program.kept_fds = {status_fd};
  return sandbox;
}

// The place of a command on the job's PATH, as a shell would find it.
std::string found_on_path(std::string const& name) {
  if (name.find('/') != std::string::npos) return name;
  for (auto const* folder : {"/usr/bin", "/bin"}) {
    auto path = fmt::format("{}/{}", folder, name);
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return "/usr/bin/" + name;
}

Result<Sandbox> unsandboxed(JobFolder const& folder, OrderFile const& file) {
  Sandbox sandbox;
  sandbox.contained = false;
  sandbox.says = "none (allowed by the operator)";
  Places places{.base = folder.path, .given = folder.given(), .scratch = folder.part("work")};
  auto recipes = file.settings.recipes_folder;
  if (::geteuid() == 0) {
    auto parts = parts_of(folder, file.settings);
    sandbox.program.user = user_of(file.order, file.settings);
    FABRICA_TRY(auto const shown, show_parts(folder, parts, *sandbox.program.user));
    sandbox.says = fmt::format("own user {} only (allowed by the operator)", sandbox.program.user->uid);
    places.base = places.given = fmt::format("{}{}", shown, kInside);
    places.scratch = places.base + "/work";
    recipes = fmt::format("{}{}", shown, kRecipesInside);
  }
  for (auto const& [name, value] : contract_environment(file.order, places))
    sandbox.program.environment.push_back(fmt::format("{}={}", name, value));
  auto& argv = sandbox.program.argv;
  if (!file.order.recipe.empty()) argv.push_back(recipes + "/" + file.order.recipe);
  argv.insert(argv.end(), file.order.argv.begin(), file.order.argv.end());
  argv[0] = found_on_path(argv[0]);
  sandbox.program.folder = places.base + "/work";
  return sandbox;
}

Result<> check_recipe(OrderFile const& file) {
  auto const& name = file.order.recipe;
  if (name.empty() && file.order.argv.empty())
    return fail(Errc::invalid, "program", "The job names neither a recipe nor a command.");
  if (name.empty()) return {};
  if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos &&
      !file.settings.recipes_folder.empty() && ::access((file.settings.recipes_folder + "/" + name).c_str(), X_OK) == 0)
    return {};
  return fail(Errc::invalid, "recipe", fmt::format("There is no recipe \"{}\" on this machine.", name));
}

}  // namespace

std::map<std::string, std::string> contract_environment(JobOrder const& order, Places const& places) {
  auto const& [base, given, scratch] = places;
  auto environment = order.environment;
  std::map<std::string, std::string> const contract{
      {"FABRICA_JOB", order.job},
      {"FABRICA_ATTEMPT", std::to_string(order.attempt)},
      {"FABRICA_INPUTS", given + "/inputs"},
      {"FABRICA_PROGRAM", given + "/program"},
      {"FABRICA_PARAMETERS", given + "/parameters.json"},
      {"FABRICA_OUTPUTS", base + "/outputs"},
      {"FABRICA_CHECKPOINTS", base + "/checkpoints"},
      {"FABRICA_METRICS", fmt::format("{}/report/{}", base, kMetricsFile)},
      {"FABRICA_CPUS", std::to_string(order.limits.cpus)},
      {"FABRICA_MEMORY_BYTES", std::to_string(order.limits.memory_bytes)},
      // A waiting OpenMP thread that spins, and a second pool inside OpenBLAS, cost a shared machine most of its speed.
      {"OMP_NUM_THREADS", std::to_string(order.limits.cpus)},
      {"OMP_WAIT_POLICY", "passive"},
      {"OPENBLAS_NUM_THREADS", "1"},
      {"PATH", "/usr/bin:/bin"},
      {"HOME", base + "/work"},
      {"TMPDIR", scratch},
      {"LANG", "C.UTF-8"},
  };
  for (auto const& [name, value] : contract) environment[name] = value;
  return environment;
}

Result<Sandbox> build_sandbox(JobFolder const& folder, OrderFile const& file, int status_fd) {
  FABRICA_DO(check_recipe(file));
  if (file.order.limits.gpus > 0)
    return fail(Errc::invalid, "gpus", "This machine gives no GPUs to jobs: ask for a partition that has them.");
  bool const wrapped = !file.settings.bubblewrap.empty() && ::access(file.settings.bubblewrap.c_str(), X_OK) == 0;
  // Jobs see all of /usr: a data folder below it would be laid open to every job of the same user.
  char real[PATH_MAX];
  if (wrapped && ::realpath(folder.path.c_str(), real) != nullptr && std::string_view{real}.starts_with("/usr/"))
    return fail(Errc::forbidden, "no_sandbox", "The data folder lies below /usr, which every job can read: move it.");
  if (wrapped) return bubblewrapped(folder, file, status_fd);
  if (file.settings.allow_unsandboxed_jobs) return unsandboxed(folder, file);
  return fail(Errc::forbidden, "no_sandbox",
              "There is no bubblewrap on this machine, so jobs cannot be kept apart. Install the package bubblewrap; or "
              "set jobs.allow_unsandboxed, if every user of this factory may read everything it holds.");
}

}  // namespace fabrica::compute
