#pragma once

#include "forms/form.hpp"

namespace fabrica::forms {

// The forms compiled in from facts/forms/: templates an operator copies and changes.
std::vector<std::string> shipped_keys();
// The definition as it stands in the file. Errors: not_found "form".
Result<std::string_view> shipped_text(std::string_view key);
// Errors: not_found "form", those of parse.
Result<Form> shipped(std::string_view key);

}  // namespace fabrica::forms
