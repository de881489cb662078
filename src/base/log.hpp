#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace fabrica {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

// One value of a log line.
struct LogField {
  std::string_view name;
  std::variant<std::int64_t, double, bool, std::string> value;

  template <std::integral T>
    requires(!std::same_as<T, bool>)
  LogField(std::string_view n, T v) : name{n}, value{static_cast<std::int64_t>(v)} {}
  LogField(std::string_view n, bool v) : name{n}, value{v} {}
  LogField(std::string_view n, double v) : name{n}, value{v} {}
  LogField(std::string_view n, std::string_view v) : name{n}, value{std::string{v}} {}
  LogField(std::string_view n, std::string v) : name{n}, value{std::move(v)} {}
  LogField(std::string_view n, char const* v) : name{n}, value{std::string{v}} {}
};

// Port: events with fields, never built sentences, never a secret. An error is logged once, where it is handled.
class Log {
 public:
  virtual ~Log() = default;
  virtual void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) = 0;

  void info(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::info, event, fields);
  }
  void warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::warning, event, fields);
  }
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::error, event, fields);
  }
};

// One JSON object a line on standard error: {"time":...,"level":...,"event":...,fields}. Safe from any thread.
class StderrLog final : public Log {
 public:
  explicit StderrLog(LogLevel least = LogLevel::info) : least_{least} {}
  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) override;

 private:
  LogLevel least_;
};

class NullLog final : public Log {
 public:
  void write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

}  // namespace fabrica
