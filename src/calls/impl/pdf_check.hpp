#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace fabrica::calls::pdf {

// How many pages the document has; what it must be like stands at check_content(). Object streams are inflated up to
// 32 MiB in all, nothing else ever is.
Result<std::int64_t> check(ByteView bytes);

}  // namespace fabrica::calls::pdf
