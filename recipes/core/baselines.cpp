#include "core/baselines.hpp"

#include <lzma.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace fabrica::recipe {

namespace {

int length_of(std::uint64_t key) { return (std::bit_width(key) - 1) / 8; }

// The same bytes without the first.
std::uint64_t suffix(std::uint64_t key) {
  auto const top = std::uint64_t{1} << (8 * (length_of(key) - 1));
  return (key & (top - 1)) | top;
}

}  // namespace

std::size_t ByteNgram::Counts::place(std::uint64_t key) const {
  auto const mask = slots_.size() - 1;
  auto at = (key * 0x9E3779B97F4A7C15ULL >> 20) & mask;
  while (slots_[at].key && slots_[at].key != key) at = (at + 1) & mask;
  return at;
}

void ByteNgram::Counts::add(std::uint64_t key, std::uint32_t n) {
  auto& slot = slots_[place(key)];
  slot.count += n;
  if (slot.key) return;
  slot.key = key;
  if (++used_ * 2 < slots_.size()) return;
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  for (auto const& kept : old)
    if (kept.key) slots_[place(kept.key)] = kept;
}

std::uint32_t ByteNgram::Counts::get(std::uint64_t key) const { return slots_[place(key)].count; }

void ByteNgram::add(std::string_view document) {
  std::uint64_t key = 1;
  for (char const c : document) {
    if (length_of(key) > kContextBytes) key = suffix(key);
    key = key << 8 | static_cast<unsigned char>(c);
    grams_.add(key, 1);
  }
}

void ByteNgram::finish() {
  // Longer grams count for their suffixes too; those at the beginning of a document were counted at their own length.
  for (int length = kContextBytes + 1; length > 1; --length) {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> longer;
    grams_.each([&](auto key, auto count) {
      if (length_of(key) == length) longer.emplace_back(key, count);
    });
    for (auto const& [key, count] : longer) grams_.add(suffix(key), count);
  }
  grams_.each([&](auto key, auto count) {
    followed_.add(key >> 8, count);
    distinct_.add(key >> 8, 1);
  });
}

double ByteNgram::bits(std::string_view document) const {
  double bits = 0;
  for (std::size_t i = 0; i < document.size(); ++i) {
    auto const byte = static_cast<unsigned char>(document[i]);
    double p = 1.0 / 256;
    std::uint64_t context = 1;
    for (std::size_t length = 0; length <= std::min<std::size_t>(i, kContextBytes); ++length) {
      context = 1;
      for (std::size_t k = i - length; k < i; ++k) context = context << 8 | static_cast<unsigned char>(document[k]);
      double const n = followed_.get(context);
      if (n == 0) break;
      double const t = distinct_.get(context);
      p = (grams_.get(context << 8 | byte) + t * p) / (n + t);
    }
    bits -= std::log2(p);
  }
  return bits;
}

Result<std::size_t> gzip_bytes(std::string_view text) {
  constexpr int kGzip = 15 + 16;  // largest window, gzip wrapper
  z_stream stream{};
  if (::deflateInit2(&stream, 9, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return fail(Errc::unavailable, "compressor", "zlib does not start: not enough memory.");
  std::vector<Bytef> out(1U << 16);
  std::size_t total = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    if (stream.avail_in == 0 && !text.empty()) {
      auto const n = std::min<std::size_t>(text.size(), 1U << 30);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
      stream.avail_in = static_cast<uInt>(n);
      text.remove_prefix(n);
    }
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    status = ::deflate(&stream, text.empty() ? Z_FINISH : Z_NO_FLUSH);
    total += out.size() - stream.avail_out;
  }
  ::deflateEnd(&stream);
  if (status != Z_STREAM_END) return fail(Errc::unavailable, "compressor", "zlib failed.");
  return total;
}

Result<std::size_t> xz_bytes(std::string_view text) {
  lzma_options_lzma options{};
  lzma_lzma_preset(&options, 9 | LZMA_PRESET_EXTREME);
  // A dictionary larger than the text changes no byte of the result but costs 674 MB.
  auto const needed = std::bit_ceil(std::max<std::size_t>(text.size(), LZMA_DICT_SIZE_MIN));
  options.dict_size = static_cast<std::uint32_t>(std::min<std::size_t>(options.dict_size, needed));
  lzma_filter const filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
  std::vector<std::uint8_t> out(lzma_stream_buffer_bound(text.size()));
  std::size_t size = 0;
  auto const status = lzma_stream_buffer_encode(const_cast<lzma_filter*>(filters), LZMA_CHECK_CRC64, nullptr,
                                                reinterpret_cast<std::uint8_t const*>(text.data()), text.size(),
                                                out.data(), &size, out.size());
  if (status != LZMA_OK) return fail(Errc::unavailable, "compressor", "liblzma failed: not enough memory.");
  return size;
}

}  // namespace fabrica::recipe
