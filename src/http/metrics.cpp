#include "http/metrics.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "base/check.hpp"

namespace fabrica::http {

struct Metrics::Series {
  Labels labels;
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Gauge> gauge;
  std::unique_ptr<Histogram> histogram;
  std::function<double()> ask;
};

struct Metrics::Family {
  std::string name;
  std::string help;
  std::string kind;
  std::vector<std::unique_ptr<Series>> series;
};

namespace {

std::string label_text(Labels const& labels, std::string_view more = {}) {
  std::string out;
  for (auto const& [name, value] : labels) {
    out += fmt::format("{}{}=\"", out.empty() ? "" : ",", name);
    for (char const c : value) {
      if (c == '\n') out += "\\n";
      else if (c == '"' || c == '\\') (out += '\\') += c;
      else out += c;
    }
    out += '"';
  }
  if (!more.empty()) out += fmt::format("{}{}", out.empty() ? "" : ",", more);
  return out.empty() ? out : "{" + out + "}";
}

void append_histogram(std::string& out, std::string const& name, Labels const& labels, Histogram const& histogram) {
  auto const line = std::back_inserter(out);
  std::uint64_t total = 0;
  for (std::size_t bucket = 0; bucket < Histogram::kBuckets; ++bucket) {
    total += histogram.in_bucket(bucket);
    auto const bound = bucket + 1 == Histogram::kBuckets
                           ? std::string{"le=\"+Inf\""}
                           : fmt::format("le=\"{}\"", static_cast<double>(Histogram::kBounds_us[bucket]) / 1e6);
    fmt::format_to(line, "{}_bucket{} {}\n", name, label_text(labels, bound), total);
  }
  fmt::format_to(line, "{}_sum{} {}\n", name, label_text(labels), static_cast<double>(histogram.sum_us()) / 1e6);
  fmt::format_to(line, "{}_count{} {}\n", name, label_text(labels), total);
}

double resident_bytes() {
  long pages = 0;
  long resident = 0;
  if (auto* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double open_files() {
  int count = 0;
  if (auto* folder = ::opendir("/proc/self/fd")) {
    while (::readdir(folder)) ++count;
    ::closedir(folder);
  }
  return count > 3 ? count - 3 : 0;  // ".", ".." and the folder itself
}

double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

}  // namespace

void Histogram::observe(std::int64_t us) {
  std::size_t bucket = 0;
  while (bucket + 1 < kBuckets && us > kBounds_us[bucket]) ++bucket;
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_us_.fetch_add(us > 0 ? static_cast<std::uint64_t>(us) : 0, std::memory_order_relaxed);
}

Metrics::Metrics() = default;
Metrics::~Metrics() = default;

Metrics::Series& Metrics::series(std::string_view name, std::string_view help, std::string_view kind, Labels labels) {
  Family* family = nullptr;
  for (auto const& known : families_)
    if (known->name == name) family = known.get();
  if (!family)
    family =
        families_
            .emplace_back(std::make_unique<Family>(Family{std::string{name}, std::string{help}, std::string{kind}, {}}))
            .get();
  FABRICA_CHECK(family->kind == kind);
  for (auto const& known : family->series)
    if (known->labels == labels) return *known;
  auto& made = *family->series.emplace_back(std::make_unique<Series>());
  made.labels = std::move(labels);
  return made;
}

Counter& Metrics::counter(std::string_view name, std::string_view help, Labels labels) {
  std::lock_guard const lock{guards_families_};
  auto& found = series(name, help, "counter", std::move(labels));
  if (!found.counter) found.counter = std::make_unique<Counter>();
  return *found.counter;
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, Labels labels) {
  std::lock_guard const lock{guards_families_};
  auto& found = series(name, help, "gauge", std::move(labels));
  if (!found.gauge) found.gauge = std::make_unique<Gauge>();
  return *found.gauge;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, Labels labels) {
  std::lock_guard const lock{guards_families_};
  auto& found = series(name, help, "histogram", std::move(labels));
  if (!found.histogram) found.histogram = std::make_unique<Histogram>();
  return *found.histogram;
}

void Metrics::ask(std::string_view name, std::string_view help, Labels labels, std::function<double()> value) {
  std::lock_guard const lock{guards_families_};
  series(name, help, name.ends_with("_total") ? "counter" : "gauge", std::move(labels)).ask = std::move(value);
}

std::string Metrics::text() const {
  std::string out;
  auto const line = std::back_inserter(out);
  std::lock_guard const lock{guards_families_};
  for (auto const& family : families_) {
    fmt::format_to(line, "# HELP {} {}\n# TYPE {} {}\n", family->name, family->help, family->name, family->kind);
    for (auto const& one : family->series) {
      if (one->histogram) append_histogram(out, family->name, one->labels, *one->histogram);
      else if (one->counter)
        fmt::format_to(line, "{}{} {}\n", family->name, label_text(one->labels), one->counter->value());
      else if (one->gauge)
        fmt::format_to(line, "{}{} {}\n", family->name, label_text(one->labels), one->gauge->value());
      else if (one->ask) fmt::format_to(line, "{}{} {}\n", family->name, label_text(one->labels), one->ask());
    }
  }
  return out;
}

void add_process_metrics(Metrics& metrics, Clock const& clock) {
  auto const started = static_cast<double>(clock.now()) / kSecond;
  metrics.ask("process_resident_memory_bytes", "Resident memory size in bytes.", {}, resident_bytes);
  metrics.ask("process_cpu_seconds_total", "User and system processor time in seconds.", {}, processor_seconds);
  metrics.ask("process_open_fds", "Open file descriptors.", {}, open_files);
  metrics.ask("process_start_time_seconds", "When the process started, in seconds since 1970.", {},
              [started] { return started; });
}

}  // namespace fabrica::http
