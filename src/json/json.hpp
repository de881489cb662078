#pragma once

// JSON for described structs: json::read<T>(text), json::write(value), json::schema<T>(), json::canonical(text), and
// json::Document for text whose shape is not known. README.md has the rules.
#include "json/describe.hpp"  // IWYU pragma: export
#include "json/document.hpp"  // IWYU pragma: export
#include "json/read.hpp"      // IWYU pragma: export
#include "json/schema.hpp"    // IWYU pragma: export
#include "json/write.hpp"     // IWYU pragma: export
