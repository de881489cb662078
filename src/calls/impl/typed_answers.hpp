#pragma once

#include <string>
#include <string_view>

#include "forms/form.hpp"

namespace fabrica::calls {

// Answers as a spreadsheet has them, all texts, with the types the form wants: "12" a number, "a; b" choices, "[...]" a
// table. What does not fit stays a text, which the form then refuses.
std::string typed_answers(forms::Form const& form, std::string_view answers);

// Whether the object has an answer under that key.
bool has_answer(std::string_view answers, std::string_view key);

}  // namespace fabrica::calls
