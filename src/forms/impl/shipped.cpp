#include "forms/shipped.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "embedded/forms.hpp"
#include "forms/impl/text.hpp"

namespace fabrica::forms {
namespace {

std::string_view key_of(EmbeddedFile const& file) {
  auto name = file.path;
  name.remove_suffix(std::string_view{".json"}.size());
  return name;
}

}  // namespace

std::vector<std::string> shipped_keys() {
  std::vector<std::string> out;
  for (auto const& file : embedded::forms()) out.emplace_back(key_of(file));
  std::ranges::sort(out);
  return out;
}

Result<std::string_view> shipped_text(std::string_view key) {
  for (auto const& file : embedded::forms())
    if (key_of(file) == key) return file.content;
  return fail(Errc::not_found, "form", fmt::format("No form \"{}\" is shipped.", shortened(key)));
}

Result<Form> shipped(std::string_view key) {
  FABRICA_TRY(auto const text, shipped_text(key));
  return parse(text);
}

}  // namespace fabrica::forms
