#pragma once

#include <string_view>

namespace fabrica {

// A file compiled into the program (cmake's fabrica_embed).
struct EmbeddedFile {
  std::string_view path;
  std::string_view content;
};

}  // namespace fabrica
