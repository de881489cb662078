#pragma once

#include <source_location>
#include <string_view>

namespace fabrica {

// Ends the process at once, saying where. For bugs and for outcomes nobody can know any more (a commit whose answer was
// lost): start-up recovers from what is durable. User input never reaches it.
[[noreturn]] void die(std::string_view why, std::source_location where = std::source_location::current());

}  // namespace fabrica

// Asserts a truth of the program itself; stays on in release builds.
#define FABRICA_CHECK(condition)                   \
  do {                                             \
    if (!(condition)) [[unlikely]]                 \
      ::fabrica::die("check failed: " #condition); \
  } while (false)
