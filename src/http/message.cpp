#include "http/message.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

#include "http/stream.hpp"

namespace fabrica::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// RFC 3629: no overlong form, no surrogate, nothing beyond U+10FFFF; and no control characters.
bool is_plain_utf8(std::string_view text) {
  for (std::size_t place = 0; place < text.size();) {
    auto const lead = static_cast<unsigned char>(text[place]);
    if (lead < 0x20 || lead == 0x7F) return false;
    std::size_t const more = lead < 0x80                    ? 0
                             : lead >= 0xC2 && lead <= 0xDF ? 1
                             : lead >= 0xE0 && lead <= 0xEF ? 2
                             : lead >= 0xF0 && lead <= 0xF4 ? 3
                                                            : 4;
    if (more == 4 || place + more >= text.size()) return false;
    for (std::size_t step = 1; step <= more; ++step)
      if ((text[place + step] & 0xC0) != 0x80) return false;
    if (more > 0) {
      auto const second = static_cast<unsigned char>(text[place + 1]);
      if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) ||
          (lead == 0xF4 && second > 0x8F))
        return false;
    }
    place += more + 1;
  }
  return true;
}

struct Range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t out = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

// RFC 9110 14.1.2, one range only. Empty when the header is to be ignored; first > last when it cannot be met.
std::optional<Range> parse_range(std::string_view header, std::uint64_t size) {
  if (!header.starts_with("bytes=") || header.find(',') != std::string_view::npos) return std::nullopt;
  header.remove_prefix(6);
  auto const dash = header.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  auto const first = digits(header.substr(0, dash));
  auto const last = digits(header.substr(dash + 1));
  Range const none{1, 0};
  if (dash == 0) {
    if (!last) return std::nullopt;
    if (*last == 0 || size == 0) return none;
    return Range{size - std::min(*last, size), size - 1};
  }
  if (!first || (!last && dash + 1 != header.size())) return std::nullopt;
  if (last && *last < *first) return std::nullopt;
  if (*first >= size) return none;
  return Range{*first, std::min(last.value_or(size - 1), size - 1)};
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t place = 0; place < a.size(); ++place)
    if (lower(a[place]) != lower(b[place])) return false;
  return true;
}

void Headers::set(std::string_view name, std::string_view value) {
  std::erase_if(fields_, [&](auto const& field) { return same_name(field.first, name); });
  add(name, value);
}

std::string_view Headers::get(std::string_view name) const {
  for (auto const& field : fields_)
    if (same_name(field.first, name)) return field.second;
  return {};
}

bool Headers::has(std::string_view name) const {
  for (auto const& field : fields_)
    if (same_name(field.first, name)) return true;
  return false;
}

std::string_view Request::parameter(std::string_view name) const {
  for (auto const& parameter : path_parameters)
    if (parameter.name == name) return parameter.value;
  return {};
}

std::optional<std::string_view> Request::query(std::string_view name) const {
  for (auto const& parameter : query_parameters)
    if (parameter.name == name) return parameter.value;
  return std::nullopt;
}

std::string_view Request::cookie(std::string_view name) const {
  for (std::string_view rest = header("Cookie"); !rest.empty();) {
    auto pair = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
  }
  return {};
}

Response text_response(int status, std::string_view content_type, std::string body) {
  Response response{.status = status, .body = std::move(body)};
  response.headers.add("Content-Type", content_type);
  return response;
}

Result<Response> file_response(Request const& request, std::string const& path, std::string_view content_type,
                               std::string_view etag) {
  runtime::Fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat status{};
  if (!fd.open() || ::fstat(fd.get(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      return fail(Errc::not_found, "file_missing", "The file is not there any more.");
    return fail(Errc::unavailable, "file_read", fmt::format("The file cannot be read: {}.", std::strerror(errno)));
  }
  if (!S_ISREG(status.st_mode)) return fail(Errc::not_found, "file_missing", "There is no file here.");
  auto const size = static_cast<std::uint64_t>(status.st_size);

  Response response;
  if (!etag.empty()) response.headers.add("ETag", etag);
  if (!etag.empty() && request.header("If-None-Match").find(etag) != std::string_view::npos) {
    response.status = 304;
    return response;
  }
  response.headers.add("Content-Type", content_type);
  response.headers.add("Accept-Ranges", "bytes");
  auto const condition = request.header("If-Range");
  auto const range = condition.empty() || condition == etag ? parse_range(request.header("Range"), size) : std::nullopt;
  if (range && range->first > range->last) {
    response.status = 416;
    response.headers.add("Content-Range", fmt::format("bytes */{}", size));
    return response;
  }
  if (range) {
    response.status = 206;
    response.headers.add("Content-Range", fmt::format("bytes {}-{}/{}", range->first, range->last, size));
    response.file = FilePart{std::move(fd), range->first, range->last - range->first + 1};
  } else {
    response.file = FilePart{std::move(fd), 0, size};
  }
  return response;
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t place = 0; place < text.size(); ++place) {
    if (text[place] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[place] != '%') {
      out += text[place];
    } else {
      int const high = place + 2 < text.size() ? hex_value(text[place + 1]) : -1;
      int const low = place + 2 < text.size() ? hex_value(text[place + 2]) : -1;
      if (high < 0 || low < 0)
        return fail(Errc::invalid, "encoding", "A % in the address is not followed by two hex digits.");
      out += static_cast<char>(high << 4 | low);
      place += 2;
    }
  }
  if (!is_plain_utf8(out))
    return fail(Errc::invalid, "encoding", "The address holds a control character or bytes that are not UTF-8.");
  return out;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (char const c : text) {
    bool const plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) out += c;
    else out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

Result<std::vector<Parameter>> parse_query(std::string_view query) {
  std::vector<Parameter> out;
  while (!query.empty()) {
    auto const pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    auto const equals = std::min(pair.find('='), pair.size());
    FABRICA_TRY(auto name, percent_decode(pair.substr(0, equals), true));
    FABRICA_TRY(auto value, percent_decode(pair.substr(std::min(equals + 1, pair.size())), true));
    out.push_back({std::move(name), std::move(value)});
  }
  return out;
}

}  // namespace fabrica::http
