#pragma once

#include <fmt/format.h>
#include <zlib.h>

#include <string>
#include <vector>

// Small PDF documents for tests, of the plain kind and of the packed one.
namespace fabrica::calls::testing {

inline std::string deflated(std::string const& text) {
  auto size = compressBound(text.size());
  std::string out(size, '\0');
  compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<Bytef const*>(text.data()), text.size(), 1);
  out.resize(size);
  return out;
}

inline std::string stream(std::string const& members, std::string const& data, bool packed = true) {
  return fmt::format("<< {} {} /Length {} >>\nstream\n{}\nendstream", members, packed ? "/Filter /FlateDecode" : "",
                     data.size(), data);
}

// Objects in the order they are added, from number 1 on; 1 is the catalogue.
class Pdf {
 public:
  std::size_t add(std::string const& body) {
    offsets_.push_back(text_.size());
    text_ += fmt::format("{} 0 obj\n{}\nendobj\n", offsets_.size(), body);
    return offsets_.size();
  }
  std::string text(std::string const& trailer = "") const {
    auto out = text_;
    out += fmt::format("xref\n0 {}\n0000000000 65535 f \n", offsets_.size() + 1);
    for (auto const at : offsets_) out += fmt::format("{:010} 00000 n \n", at);
    out += fmt::format("trailer\n<< /Size {} /Root 1 0 R {} >>\nstartxref\n{}\n%%EOF\n", offsets_.size() + 1, trailer,
                       text_.size());
    return out;
  }
  std::size_t here() const { return text_.size(); }
  std::vector<std::size_t> const& offsets() const { return offsets_; }
  std::string const& body() const { return text_; }

 private:
  std::string text_ = "%PDF-1.7\n%\xE2\xE3\xCF\xD3\n";
  std::vector<std::size_t> offsets_;
};

inline std::string kids(int pages, int first) {
  std::string out;
  for (int i = 0; i < pages; ++i) out += fmt::format("{} 0 R ", first + i);
  return out;
}

inline std::string pdf(int pages, std::string const& in_catalogue = "", std::string const& in_trailer = "") {
  Pdf made;
  made.add(fmt::format("<< /Type /Catalog /Pages 2 0 R {} >>", in_catalogue));
  made.add(fmt::format("<< /Type /Pages /Kids [{}] /Count {} >>", kids(pages, 3), pages));
  for (int i = 0; i < pages; ++i) made.add("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>");
  return made.text(in_trailer);
}

// A cross-reference stream, and the objects `packed` (numbers first + 1 on) in an object stream of number first.
inline std::string with_packed(Pdf made, std::vector<std::string> const& packed, std::string const& padding = "") {
  std::string head;
  std::string bodies;
  auto const holder = made.offsets().size() + 1;
  for (std::size_t i = 0; i < packed.size(); ++i) {
    head += fmt::format("{} {} ", holder + 1 + i, bodies.size());
    bodies += packed[i] + "\n";
  }
  made.add(stream(fmt::format("/Type /ObjStm /N {} /First {}", packed.size(), head.size()),
                  deflated(head + bodies + padding)));
  auto const xref = made.here();
  std::string table;
  auto const entry = [&](int type, std::size_t second, std::size_t third) {
    table += static_cast<char>(type);
    for (int shift = 24; shift >= 0; shift -= 8) table += static_cast<char>(second >> shift & 0xFF);
    table += static_cast<char>(third);
  };
  entry(0, 0, 255);
  for (auto const at : made.offsets()) entry(1, at, 0);
  for (std::size_t i = 0; i < packed.size(); ++i) entry(2, holder, i);
  auto const size = holder + 1 + packed.size() + 1;
  entry(1, xref, 0);
  auto out = made.body();
  out += fmt::format(
      "{} 0 obj\n{}\nendobj\nstartxref\n{}\n%%EOF\n", size - 1,
      stream(fmt::format("/Type /XRef /Size {} /W [1 4 1] /Root {} 0 R", size, holder + 1), deflated(table)), xref);
  return out;
}

inline std::string packed_pdf(int pages, std::string const& in_catalogue = "", std::string const& padding = "") {
  // The object stream is number 1, so the catalogue is 2, the pages 3, the first page 4.
  std::vector<std::string> objects{fmt::format("<< /Type /Catalog /Pages 3 0 R {} >>", in_catalogue),
                                   fmt::format("<< /Type /Pages /Kids [{}] /Count {} >>", kids(pages, 4), pages)};
  for (int i = 0; i < pages; ++i) objects.emplace_back("<< /Type /Page /Parent 3 0 R /MediaBox [0 0 595 842] >>");
  return with_packed(Pdf{}, objects, padding);
}

}  // namespace fabrica::calls::testing
