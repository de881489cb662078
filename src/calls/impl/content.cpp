#include "calls/content.hpp"

#include <fmt/format.h>

#include "calls/impl/pdf_check.hpp"

namespace fabrica::calls {
namespace {

std::unexpected<Error> something_else(std::string_view media_type, std::string_view is) {
  return fail(Errc::invalid, "attachment_type",
              fmt::format("The file is no {}{}: a name does not change what it is. Attach a real {}.", media_type, is,
                          media_type));
}
std::unexpected<Error> broken(std::string_view media_type) {
  return fail(
      Errc::invalid, "attachment_damaged",
      fmt::format("The file begins as {} and is not whole, or something follows it: save it again.", media_type));
}

// What a file that is not what it should be looks like, for the refusal.
std::string_view looks_like(std::string_view text) {
  if (text.starts_with("PK\x03\x04")) return " but a zip archive or an office document";
  if (text.starts_with("\xD0\xCF\x11\xE0")) return " but an old office document";
  if (text.starts_with("MZ") || text.starts_with("\x7F"
                                                 "ELF"))
    return " but a program";
  if (text.starts_with("%!PS")) return " but PostScript";
  if (text.starts_with("\x89PNG") || text.starts_with("\xFF\xD8\xFF")) return " but an image";
  if (text.starts_with("%PDF-")) return " but a PDF";
  auto const from = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (from != std::string_view::npos && text[from] == '<') return " but a web page or other markup";
  return "";
}

std::uint32_t number_at(ByteView bytes, std::size_t at, int size, bool big) {
  std::uint32_t out = 0;
  for (int i = 0; i < size; ++i) {
    auto const byte = bytes[at + static_cast<std::size_t>(big ? i : size - 1 - i)];
    out = out << 8 | byte;
  }
  return out;
}

// Chunks from the signature to IEND, which is the end (ISO/IEC 15948, 5.3).
bool whole_png(ByteView bytes) {
  std::size_t at = 8;
  bool data = false;
  for (bool first = true; at + 12 <= bytes.size(); first = false) {
    auto const length = number_at(bytes, at, 4, true);
    auto const type = as_text(bytes.subspan(at + 4, 4));
    if (length > bytes.size() - at - 12 || (first && (type != "IHDR" || length != 13))) return false;
    data = data || type == "IDAT";
    at += 12 + length;
    if (type == "IEND") return data && length == 0 && at == bytes.size();
  }
  return false;
}

// Segments up to the scan, and the end marker at the end (ITU-T T.81, B.1).
bool whole_jpeg(ByteView bytes) {
  auto const size = bytes.size();
  if (size < 4 || bytes[size - 2] != 0xFF || bytes[size - 1] != 0xD9) return false;
  std::size_t at = 2;
  bool frame = false;
  while (at + 4 <= size && bytes[at] == 0xFF) {
    auto const marker = bytes[at + 1];
    if (marker == 0xFF) {
      ++at;
      continue;
    }
    if (marker == 0xDA) return frame;
    auto const length = number_at(bytes, at + 2, 2, true);
    if (length < 2 || length + 2 > size - at) return false;
    frame = frame || (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC);
    at += 2 + length;
  }
  return false;
}

// The chain of image directories (TIFF 6.0, section 2); bounded, so a circle ends.
bool whole_tiff(ByteView bytes) {
  if (bytes.size() < 14) return false;
  bool const big = bytes[0] == 'M';
  std::uint64_t at = number_at(bytes, 4, 4, big);
  for (int images = 0; images < 1000; ++images) {
    if (at < 8 || at + 2 > bytes.size()) return false;
    auto const entries = number_at(bytes, at, 2, big);
    auto const end = at + 2 + std::uint64_t{12} * entries;
    if (entries == 0 || end + 4 > bytes.size()) return false;
    at = number_at(bytes, end, 4, big);
    if (at == 0) return true;
  }
  return false;
}

}  // namespace

Result<Content> check_content(std::string_view media_type, ByteView bytes) {
  auto const text = as_text(bytes);
  if (media_type == "application/pdf") {
    if (!text.starts_with("%PDF-")) return something_else("PDF", looks_like(text.substr(0, 64)));
    FABRICA_TRY(auto const pages, pdf::check(bytes));
    return Content{pages};
  }
  if (media_type == "image/png") {
    if (!text.starts_with("\x89PNG\r\n\x1A\n")) return something_else("PNG image", looks_like(text.substr(0, 64)));
    if (!whole_png(bytes)) return broken("a PNG image");
    return Content{};
  }
  if (media_type == "image/jpeg") {
    if (!text.starts_with("\xFF\xD8\xFF")) return something_else("JPEG image", looks_like(text.substr(0, 64)));
    if (!whole_jpeg(bytes)) return broken("a JPEG image");
    return Content{};
  }
  if (media_type == "image/tiff") {
    if (!text.starts_with(std::string_view{"II*\0", 4}) && !text.starts_with(std::string_view{"MM\0*", 4}))
      return something_else("TIFF image", looks_like(text.substr(0, 64)));
    if (!whole_tiff(bytes)) return broken("a TIFF image");
    return Content{};
  }
  return fail(Errc::invalid, "attachment_type",
              fmt::format("Files of the type {} cannot be checked and are not taken.", media_type));
}

}  // namespace fabrica::calls
