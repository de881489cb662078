#include "base/log.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "base/time.hpp"

namespace fabrica {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames{"debug", "info", "warning", "error"};

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (char const c : text) {
    if (c == '"' || c == '\\') (out += '\\') += c;
    else if (static_cast<unsigned char>(c) < 0x20) fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
    else out += c;
  }
  out += '"';
}

}  // namespace

void StderrLog::write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (level < least_) return;
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","event":)", format_time(SystemClock{}.now()),
                                 kLevelNames[static_cast<std::size_t>(level)]);
  append_quoted(line, event);
  for (auto const& field : fields) {
    line += ',';
    append_quoted(line, field.name);
    line += ':';
    if (auto const* text = std::get_if<std::string>(&field.value)) append_quoted(line, *text);
    else if (auto const* flag = std::get_if<bool>(&field.value)) line += *flag ? "true" : "false";
    else if (auto const* real = std::get_if<double>(&field.value)) line += fmt::format("{}", *real);
    else line += fmt::format("{}", std::get<std::int64_t>(field.value));
  }
  line += "}\n";
  // One write call a line keeps lines of several threads whole. A log that cannot be written must not stop the factory.
  [[maybe_unused]] auto const written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace fabrica
