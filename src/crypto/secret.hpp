#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.hpp"

namespace fabrica::crypto {

// Overwrites with zeros in a way the compiler keeps.
void wipe(std::span<std::uint8_t> bytes);
void wipe(std::string& text);

// Whether two byte strings are equal, in a time that depends on their lengths alone.
bool equal_in_constant_time(ByteView one, ByteView two);
bool equal_in_constant_time(std::string_view one, std::string_view two);

// Text that is overwritten when it goes: a key file's content, a password on its way to the hash.
class SecretText {
 public:
  SecretText() = default;
  explicit SecretText(std::string text) : text_{std::move(text)} {}
  SecretText(SecretText&& other) noexcept : text_{std::move(other.text_)} { wipe(other.text_); }
  SecretText& operator=(SecretText&& other) noexcept {
    if (this == &other) return *this;
    wipe(text_);
    text_ = std::move(other.text_);
    wipe(other.text_);
    return *this;
  }
  SecretText(SecretText const&) = delete;
  SecretText& operator=(SecretText const&) = delete;
  ~SecretText() { wipe(text_); }

  std::string_view text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace fabrica::crypto
