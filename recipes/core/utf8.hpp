#pragma once

#include <string>
#include <string_view>

namespace fabrica::recipe {

// Text that is UTF-8 for certain: what is not becomes U+FFFD. A model may end in the middle of a character.
std::string valid_utf8(std::string_view text);

}  // namespace fabrica::recipe
