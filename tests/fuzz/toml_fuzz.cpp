// TOML files of people (project files, seeds, settings for the CLI): whatever a file holds, it is refused with its line, or
// becomes JSON that our reader takes.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.hpp"
#include "cli/session.hpp"
#include "json/json.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  int const file = ::memfd_create("toml", 0);
  FABRICA_CHECK(file >= 0);
  FABRICA_CHECK(::write(file, data, size) == static_cast<ssize_t>(size));
  auto const text = fabrica::cli::toml_file_as_json("/proc/self/fd/" + std::to_string(file));
  ::close(file);
  if (!text) {
    FABRICA_CHECK(!text.error().what.empty() && !text.error().reason.empty());
    return 0;
  }
  // Only limits may stop it: the text is whole JSON.
  auto const document = fabrica::json::Document::parse(*text, {.bytes = 64u << 20, .values = 10'000'000});
  FABRICA_CHECK(document || document.error().reason != "json_syntax");
  return 0;
}
