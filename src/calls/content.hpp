#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

// What an attached file really is, by its bytes and not by its name. Pure, and bounded in time and memory whatever the
// bytes are.
namespace fabrica::calls {

// The most an attachment may have, whatever its form allows.
inline constexpr std::int64_t kAttachmentBytesMax = 50'000'000;

// The types whose bytes can be checked: no form may take another.
inline constexpr std::array<std::string_view, 4> kCheckedTypes{"application/pdf", "image/jpeg", "image/png",
                                                               "image/tiff"};

struct Content {
  std::optional<std::int64_t> pages;  // of a PDF
};

// A PDF must be one that every reader opens the same way and that does nothing but show pages: header at the first
// byte, end at the last, a whole cross-reference and page tree, no encryption, no scripts, launches, embedded files or
// forms that send. Images must be whole from the first byte to the last. Errors: invalid "attachment_type" (it is
// something else), "attachment_damaged", "attachment_encrypted", "attachment_active", "attachment_too_complex"; each
// says what to do.
Result<Content> check_content(std::string_view media_type, ByteView bytes);

}  // namespace fabrica::calls
