// The only file that knows Beast.
#include "http/impl/request_reader.hpp"

#include <fmt/format.h>

#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>

#include "http/impl/head.hpp"
#include "http/problem.hpp"

namespace fabrica::http::impl {
namespace {

namespace beast = boost::beast;
using beast::http::error;
using boost::system::error_code;

constexpr std::size_t kBufferKeptBytes = 16u << 10;  // by a connection that waits
constexpr std::size_t kChunkHeadBytesMax = 128u << 10;

// Collects what has arrived of a body and reserves nothing for what a client merely announces.
struct PieceBody {
  using value_type = std::string;
  class reader {
   public:
    template <bool is_request, class Fields>
    reader(beast::http::header<is_request, Fields>&, value_type& body) : body_{body} {}
    void init(boost::optional<std::uint64_t> const&, error_code& failure) { failure = {}; }
    template <class Buffers>
    std::size_t put(Buffers const& buffers, error_code& failure) {
      failure = {};
      std::size_t total = 0;
      for (auto const buffer : beast::buffers_range_ref(buffers)) {
        body_.append(static_cast<char const*>(buffer.data()), buffer.size());
        total += buffer.size();
      }
      return total;
    }
    void finish(error_code& failure) { failure = {}; }

   private:
    value_type& body_;
  };
};

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

Response bad_request(std::string what, Request const& request) {
  return problem(Error{Errc::invalid, "bad_request", std::move(what)}, request.request_id);
}

// Whether this may be the beginning of a chunked body's end, "0" and two empty lines, that is to come: Beast before 1.86
// stops the program by an assertion when it is asked again with less than all of it (boostorg/beast pull request 2861).
// More always follows.
bool cut_end(boost::asio::const_buffer waiting) {
  return waiting.size() < 5 && *static_cast<char const*>(waiting.data()) == '0';
}

}  // namespace

struct RequestReader::Impl {
  beast::flat_buffer buffer;
  std::optional<beast::http::request_parser<PieceBody>> parser;
};

RequestReader::RequestReader(Limits limits) : limits_{limits}, impl_{std::make_unique<Impl>()} { begin(); }
RequestReader::~RequestReader() = default;

std::span<char> RequestReader::space(std::size_t bytes) {
  auto const room = impl_->buffer.prepare(bytes);
  return {static_cast<char*>(room.data()), room.size()};
}
void RequestReader::commit(std::size_t bytes) { impl_->buffer.commit(bytes); }
std::size_t RequestReader::waiting_bytes() const { return impl_->buffer.size(); }
void RequestReader::discard() { impl_->buffer.consume(impl_->buffer.size()); }
std::string& RequestReader::piece() { return impl_->parser->get().body(); }

void RequestReader::begin() {
  auto& parser = impl_->parser.emplace();
  parser.header_limit(static_cast<std::uint32_t>(limits_.head_bytes_max));
  parser.body_limit(boost::none);  // counted by the connection: the limit depends on the route
  if (impl_->buffer.size() == 0 && impl_->buffer.capacity() > kBufferKeptBytes) impl_->buffer = {};
}

RequestReader::Step RequestReader::head(Request& request, Facts& facts, Response& refusal) {
  auto& [buffer, parser] = *impl_;
  error_code failure;
  buffer.consume(parser->put(buffer.data(), failure));
  if (failure == error::need_more) {
    if (buffer.size() < limits_.head_bytes_max) return Step::more;
    failure = error::header_limit;
  }
  if (failure == error::header_limit)
    refusal = problem(431, "head_too_large", fmt::format("The head may have {} bytes.", limits_.head_bytes_max),
                      request.request_id);
  else if (failure == error::bad_version) refusal = problem(505, "http_version", "Speak HTTP/1.1.", request.request_id);
  else if (failure) refusal = bad_request(fmt::format("Not an HTTP/1.1 request: {}.", failure.message()), request);
  if (failure) return Step::refused;
  if (!parser->is_header_done()) return Step::more;
  parser->eager(true);  // the body in as few steps as possible
  return copy_head(request, facts, refusal);
}

RequestReader::Step RequestReader::copy_head(Request& request, Facts& facts, Response& refusal) const {
  auto const& parser = *impl_->parser;
  auto const& head = parser.get();
  auto const refuse = [&](int status, std::string_view reason, std::string_view what) {
    refusal = problem(status, reason, what, request.request_id);
    return Step::refused;
  };
  request.method = view(head.method_string());
  request.target = origin_form(view(head.target()));
  int hosts = 0;
  for (auto const& field : head) {
    hosts += same_name(view(field.name_string()), "Host");
    request.headers.add(view(field.name_string()), view(field.value()));
  }
  if (auto const id = request.header("X-Request-Id"); sane_request_id(id)) request.request_id = id;
  facts = {.keep_alive = parser.keep_alive(), .old = head.version() == 10, .complete = parser.is_done()};
  if (auto const length = parser.content_length()) facts.announced_bytes = *length;
  if (head.version() != 11 && head.version() != 10) return refuse(505, "http_version", "Speak HTTP/1.1.");
  if (request.target.empty()) return refuse(400, "bad_request", "The target must begin with '/'.");
  if (hosts > 1 || (hosts == 0 && !facts.old)) return refuse(400, "bad_request", "Send exactly one Host field.");
  if (request.headers.size() > static_cast<std::size_t>(limits_.head_fields_max))
    return refuse(431, "head_too_large", fmt::format("The head may have {} fields.", limits_.head_fields_max));
  // Anything but exactly "chunked" is read differently by different servers: the way requests are smuggled.
  if (auto const coding = request.header("Transfer-Encoding"); !coding.empty() && !same_name(coding, "chunked"))
    return refuse(501, "transfer_encoding", "Only Transfer-Encoding: chunked is understood.");
  if (auto const expect = request.header("Expect"); !expect.empty()) {
    if (!same_name(expect, "100-continue"))
      return refuse(417, "expectation", "Only Expect: 100-continue is understood.");
    facts.expect_continue = !facts.old;
  }
  return Step::there;
}

RequestReader::Step RequestReader::body(Request const& request, Response& refusal) {
  auto& [buffer, parser] = *impl_;
  error_code failure;
  auto const ready = [&] { return buffer.size() != 0 && !(parser->chunked() && cut_end(buffer.data())); };
  while (!parser->is_done() && ready() && !failure) buffer.consume(parser->put(buffer.data(), failure));
  if (failure && failure != error::need_more) {
    refusal = bad_request(fmt::format("The body is broken: {}.", failure.message()), request);
    return Step::refused;
  }
  if (parser->is_done()) return Step::there;
  if (buffer.size() < kChunkHeadBytesMax) return Step::more;
  refusal = bad_request("A chunk's head is too long.", request);
  return Step::refused;
}

}  // namespace fabrica::http::impl
