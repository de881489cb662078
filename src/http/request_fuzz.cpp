// Hostile bytes on a connection: the reader neither crashes nor reads the same bytes as different requests when they
// come in other pieces (the ground of request smuggling).
#include <cstring>

#include "base/check.hpp"
#include "http/impl/request_reader.hpp"
#include "http/router.hpp"

namespace {

using namespace fabrica;
using http::impl::RequestReader;

// Every request the bytes hold whole, as one text.
std::string read_all(std::string_view bytes, std::size_t piece_bytes) {
  RequestReader reader{{.head_bytes_max = 2048, .head_fields_max = 16}};
  std::string said;
  auto const feed = [&] {
    auto const piece = bytes.substr(0, piece_bytes);
    if (piece.empty()) return false;
    std::memcpy(reader.space(piece.size()).data(), piece.data(), piece.size());
    reader.commit(piece.size());
    bytes.remove_prefix(piece.size());
    return true;
  };
  for (int requests = 0; requests < 20; ++requests) {
    http::Request request;
    http::Response refusal;
    RequestReader::Facts facts;
    auto step = RequestReader::Step::more;
    while (step == RequestReader::Step::more) {
      if (reader.waiting_bytes() == 0 && !feed()) return said;
      auto const before = reader.waiting_bytes();
      step = reader.head(request, facts, refusal);
      if (step == RequestReader::Step::more && before == reader.waiting_bytes() && !feed()) return said;
    }
    if (step == RequestReader::Step::refused) return said + "refused";
    FABRICA_CHECK(!request.target.empty());
    said += request.method + " " + request.target + "\n";
    (void)http::parse_query(request.target);
    step = facts.complete ? RequestReader::Step::there : RequestReader::Step::more;
    std::string body;
    while (step == RequestReader::Step::more) {
      if (reader.waiting_bytes() == 0 && !feed()) return said;
      auto const before = reader.waiting_bytes();
      step = reader.body(request, refusal);
      body += reader.piece();
      reader.piece().clear();
      if (step == RequestReader::Step::more && before == reader.waiting_bytes() && !feed()) return said;
    }
    if (step == RequestReader::Step::refused) return said + "refused";
    said += body + "\n";
    reader.begin();
  }
  return said;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size > 8192) return 0;
  std::string_view const bytes{reinterpret_cast<char const*>(data), size};
  auto const whole = read_all(bytes, size);
  auto const pieces = read_all(bytes, size % 2 == 0 ? 7 : 1);
  // What is refused late in one cut may be refused early in another; what both accept must be the same.
  bool const refused = whole.ends_with("refused") || pieces.ends_with("refused");
  FABRICA_CHECK(refused || whole == pieces);
  return 0;
}
