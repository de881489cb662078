#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace fabrica::recipe {

// Byte n-gram model: a byte is predicted from the three before it in its document, interpolated with shorter contexts
// after Witten and Bell (each context gives to the next shorter one the weight T / (N + T), where it was followed N
// times by T different bytes), at last with the uniform distribution. Needs no tuning, so it is the same for everyone.
class ByteNgram {
 public:
  static constexpr int kContextBytes = 3;

  void add(std::string_view document);
  void finish();  // after the last document, before bits()
  double bits(std::string_view document) const;

 private:
  // Counts by key in an open hash table. A key is 1 followed by up to 4 bytes, so lengths never mix.
  class Counts {
   public:
    Counts() : slots_(1U << 16) {}
    void add(std::uint64_t key, std::uint32_t n);
    std::uint32_t get(std::uint64_t key) const;
    template <class F>
    void each(F const& f) const {
      for (auto const& slot : slots_)
        if (slot.key) f(slot.key, slot.count);
    }

   private:
    struct Slot {
      std::uint64_t key = 0;
      std::uint32_t count = 0;
    };
    std::size_t place(std::uint64_t key) const;
    std::vector<Slot> slots_;
    std::size_t used_ = 0;
  };

  Counts grams_;
  Counts followed_;  // context -> N
  Counts distinct_;  // context -> T
};

// Size of the text as `gzip -9` and `xz -9e` write it. Errors: unavailable "compressor".
Result<std::size_t> gzip_bytes(std::string_view text);
Result<std::size_t> xz_bytes(std::string_view text);

}  // namespace fabrica::recipe
