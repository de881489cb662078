#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fabrica {

// What kind of refusal this is. One closed list for the whole program; http_status() and exit_status() map it.
enum class Errc : std::uint8_t {
  invalid,          // the input is wrong: change it
  unauthenticated,  // say who you are
  forbidden,        // you may not
  not_found,
  conflict,  // the thing is not in the state this needs
  stale,     // it changed since you read it
  over_budget,
  too_large,
  rate_limited,
  unavailable,  // something we depend on does not answer: try again
  internal,     // ours: the cause is in the log under the request id
};

// One thing wrong with an input, at an RFC 6901 JSON pointer into it ("/plan/tokens").
struct Fault {
  std::string pointer;
  std::string what;
};

// A refusal the caller can act on. `reason` is a stable token out of docs/reference/errors.md; `what` may be shown to a
// client and says what to change. Nobody branches on text.
struct Error {
  Errc code{};
  std::string reason;
  std::string what;
  std::vector<Fault> faults{};
};

template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using value_type = T;
  using std::expected<T, Error>::expected;
};

inline std::unexpected<Error> fail(Errc code, std::string_view reason, std::string what,
                                   std::vector<Fault> faults = {}) {
  return std::unexpected(Error{code, std::string{reason}, std::move(what), std::move(faults)});
}

std::string_view name_of(Errc code);
int http_status(Errc code);
// Exit status of a command that ended with this error; docs/reference/cli.md lists them. Never 0.
int exit_status(Errc code);

}  // namespace fabrica

#define FABRICA_CAT2(a, b) a##b
#define FABRICA_CAT(a, b) FABRICA_CAT2(a, b)

// FABRICA_TRY(auto x, f()); binds the value or returns the error. One a line; never inside a coroutine's co_await.
// __COUNTER__ gives each use a name of its own, so that one may stand inside a lambda inside another.
#define FABRICA_TRY(declaration, ...) FABRICA_TRY_AS(FABRICA_CAT(result_, __COUNTER__), declaration, __VA_ARGS__)
#define FABRICA_TRY_AS(result, declaration, ...)       \
  auto result = (__VA_ARGS__);                         \
  if (!result) [[unlikely]]                            \
    return std::unexpected(std::move(result).error()); \
  declaration = *std::move(result)

// FABRICA_DO(f()); the same for a result without a value, or one that is not needed.
#define FABRICA_DO(...) FABRICA_DO_AS(FABRICA_CAT(result_, __COUNTER__), __VA_ARGS__)
#define FABRICA_DO_AS(result, ...)                         \
  do {                                                     \
    if (auto result = (__VA_ARGS__); !result) [[unlikely]] \
      return std::unexpected(std::move(result).error());   \
  } while (false)
