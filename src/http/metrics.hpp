#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"

namespace fabrica::http {

class Counter {
 public:
  void add(std::uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t by) { value_.fetch_add(by, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Durations in microseconds, shown in seconds.
class Histogram {
 public:
  static constexpr std::int64_t kBounds_us[] = {100,       250,       500,       1'000,     2'500,   5'000,
                                                10'000,    25'000,    50'000,    100'000,   250'000, 500'000,
                                                1'000'000, 2'500'000, 5'000'000, 10'000'000};
  static constexpr std::size_t kBuckets = std::size(kBounds_us) + 1;

  void observe(std::int64_t us);
  std::uint64_t in_bucket(std::size_t bucket) const { return buckets_[bucket].load(std::memory_order_relaxed); }
  std::uint64_t sum_us() const { return sum_us_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> buckets_[kBuckets]{};
  std::atomic<std::uint64_t> sum_us_{0};
};

using Labels = std::vector<std::pair<std::string, std::string>>;

// What is counted, by name and labels. Instruments live as long as the registry and are safe from any thread; asking
// again for a name and labels gives the same one. Text form: Prometheus 0.0.4.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(Metrics const&) = delete;
  Metrics& operator=(Metrics const&) = delete;

  Counter& counter(std::string_view name, std::string_view help, Labels labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, Labels labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, Labels labels = {});
  // Asked when the text is made: queue lengths, database counts, loop ages.
  void ask(std::string_view name, std::string_view help, Labels labels, std::function<double()> value);

  std::string text() const;

 private:
  struct Family;
  struct Series;
  Series& series(std::string_view name, std::string_view help, std::string_view kind, Labels labels);

  mutable std::mutex guards_families_;
  std::vector<std::unique_ptr<Family>> families_;
};

// Memory, processor time, open files and start time of this process, under Prometheus's customary names.
void add_process_metrics(Metrics& metrics, Clock const& clock);

}  // namespace fabrica::http
