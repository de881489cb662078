#include <gtest/gtest.h>

#include <cstring>

#include "http/impl/request_reader.hpp"

namespace fabrica::http::impl {
namespace {

// What the reader says of these bytes when they come in pieces of so many.
std::string body_of(std::string_view bytes, std::size_t piece_bytes) {
  RequestReader reader{{.head_bytes_max = 2048, .head_fields_max = 16}};
  Request request;
  Response refusal;
  RequestReader::Facts facts;
  std::string body;
  bool head = true;
  while (!bytes.empty()) {
    auto const piece = bytes.substr(0, piece_bytes);
    std::memcpy(reader.space(piece.size()).data(), piece.data(), piece.size());
    reader.commit(piece.size());
    bytes.remove_prefix(piece.size());
    auto step = RequestReader::Step::more;
    for (auto before = reader.waiting_bytes() + 1; before != reader.waiting_bytes() && step != RequestReader::Step::refused;) {
      before = reader.waiting_bytes();
      step = head ? reader.head(request, facts, refusal) : reader.body(request, refusal);
      if (head && step == RequestReader::Step::there) head = false;
      else if (!head && step == RequestReader::Step::there) return body + reader.piece();
    }
    if (step == RequestReader::Step::refused) return "refused";
    if (head) continue;
    body += reader.piece();
    reader.piece().clear();
  }
  return "unfinished";
}

TEST(RequestReader, ReadsAChunkedBodyCutAnywhere) {
  std::string const head = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t piece = 1; piece < 40; ++piece) {
    EXPECT_EQ(body_of(head + "0\r\n\r\n", piece), "") << piece;
    EXPECT_EQ(body_of(head + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", piece), "abcde") << piece;
    EXPECT_EQ(body_of(head + "3\r\nabc\r\n0\r\nTrailer: z\r\n\r\n", piece), "abc") << piece;
    EXPECT_EQ(body_of(head + "0\r\nh", piece), "unfinished") << piece;
  }
}

}  // namespace
}  // namespace fabrica::http::impl
