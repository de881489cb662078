#include "http/client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "base/check.hpp"
#include "http/address.hpp"
#include "http/impl/curl.hpp"
#include "http/problem.hpp"

namespace fabrica::http {
namespace {

constexpr std::size_t kHeadBytesMax = 64u << 10;
constexpr std::size_t kEventBytesMax = 1u << 20;

// One exchange under way, as libcurl's callbacks see it.
struct Exchange {
  CURL* curl = nullptr;
  ClientRequest const* request = nullptr;
  ClientResponse response = {};
  std::size_t head_bytes = 0;
  bool too_large = false;
  bool ended_by_taker = false;

  bool success() const {
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status >= 200 && status < 300;
  }
};

std::size_t on_head(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  std::string_view line{data, size};
  exchange.head_bytes += size;
  if (exchange.head_bytes > kHeadBytesMax) return exchange.too_large = true, 0;
  if (line.starts_with("HTTP/")) exchange.response.headers = {};  // after a 100 Continue the real head begins
  auto const colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  auto value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == '\r' || value.back() == '\n' || value.back() == ' '))
    value.remove_suffix(1);
  exchange.response.headers.add(line.substr(0, colon), value);
  return size;
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (exchange.request->download && exchange.success()) {
    if (exchange.request->download({data, size})) return size;
    exchange.ended_by_taker = true;
    return 0;
  }
  if (exchange.response.body.size() + size > exchange.request->answer_bytes_max) return exchange.too_large = true, 0;
  exchange.response.body.append(data, size);
  return size;
}

Error connection_error(CURLcode code, ClientRequest const& request, char const* detail, Exchange const& exchange) {
  auto const where = request.url.substr(0, request.url.find('?'));
  auto const because = *detail != '\0' ? detail : curl_easy_strerror(code);
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return {Errc::unavailable, "timeout", fmt::format("{} did not answer in time.", where)};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return {Errc::unavailable, "tls", fmt::format("The certificate of {} is not trusted: {}.", where, because)};
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return {Errc::invalid, "url", fmt::format("\"{}\" is not an http or https address.", where)};
    case CURLE_COULDNT_CONNECT:
      return {Errc::unavailable, "connection", fmt::format("Nothing answers at {}. Is it running?", where)};
    case CURLE_COULDNT_RESOLVE_HOST:
      return {Errc::unavailable, "connection", fmt::format("The host in {} is not known.", where)};
    case CURLE_OUT_OF_MEMORY: return {Errc::internal, "memory", "Out of memory."};
    default: break;
  }
  if (exchange.too_large)
    return {Errc::too_large, "answer_too_large", fmt::format("The answer of {} is too large.", where)};
  return {Errc::unavailable, "connection", fmt::format("The exchange with {} broke off: {}.", where, because)};
}

// Where the connection really goes to, after the name was looked up: what a name leads to today is not what it led to
// when somebody looked.
curl_socket_t open_public_socket(void* refused, curlsocktype, curl_sockaddr* address) {
  if (!is_public_address(address->addr)) {
    *static_cast<bool*>(refused) = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;
struct ListFreer {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListFreer>;

List header_list(ClientRequest const& request) {
  List list;
  auto const add = [&](std::string const& line) { list.reset(curl_slist_append(list.release(), line.c_str())); };
  for (auto const& [name, value] : request.headers) {
    auto const clean = [](std::string_view text) { return text.find_first_of("\r\n") == std::string_view::npos; };
    // libcurl sends a field with an empty value only when it ends in ';'.
    if (clean(name) && clean(value)) add(value.empty() ? name + ";" : name + ": " + value);
  }
  if (!request.headers.has("Content-Type") && !request.body.empty()) add("Content-Type: application/json");
  if (!request.headers.has("Expect")) add("Expect:");  // no second of waiting before a body
  return list;
}

void set_limits(CURL* curl, ClientRequest const& request, Client::Settings const& settings) {
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings.connect_timeout_us / 1000));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_us / 1000));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(std::max<Micros>(1, request.silence_us / kSecond)));
  curl_easy_setopt(curl, CURLOPT_USERAGENT, settings.user_agent.c_str());
  if (!settings.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, settings.ca_file.c_str());
}

// Splits an event stream into events (WHATWG HTML 9.2.6); remembers the last id.
class EventReader {
 public:
  EventReader(std::string& last_id, std::function<bool(ServerEvent const&)> const& on_event)
      : last_id_{last_id}, on_event_{on_event} {}

  // False: enough, or too much in one event.
  bool take(std::string_view bytes) {
    for (char const c : bytes) {
      bool const second_of_pair = c == '\n' && after_return_;
      after_return_ = c == '\r';
      if (second_of_pair) continue;
      if (c != '\n' && c != '\r') {
        line_ += c;
        if (line_.size() + event_.data.size() > kEventBytesMax) return too_large_ = true, false;
        continue;
      }
      if (!take_line()) return false;
      line_.clear();
    }
    return true;
  }
  bool too_large() const { return too_large_; }

 private:
  bool take_line() {
    if (line_.empty()) {
      if (!has_data_) return event_ = {}, true;
      event_.data.pop_back();  // the line break after the last data field
      event_.id = last_id_;
      bool const on = on_event_(event_);
      event_ = {};
      has_data_ = false;
      return on;
    }
    std::string_view const line = line_;
    auto const colon = std::min(line.find(':'), line.size());
    auto const field = line.substr(0, colon);
    auto value = line.substr(std::min(colon + 1, line.size()));
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "data") has_data_ = true, event_.data.append(value) += '\n';
    else if (field == "event") event_.type = value;
    else if (field == "id" && value.find('\0') == std::string_view::npos) last_id_ = value;
    return true;
  }

  std::string& last_id_;
  std::function<bool(ServerEvent const&)> const& on_event_;
  std::string line_;
  ServerEvent event_;
  bool has_data_ = false;
  bool after_return_ = false;
  bool too_large_ = false;
};

}  // namespace

void init_curl() {
  static std::once_flag once;  // libcurl's own global state, not ours
  std::call_once(once, [] { FABRICA_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
}

struct Client::Handle {
  Handle() {
    init_curl();
    curl = curl_easy_init();
    FABRICA_CHECK(curl != nullptr);
  }
  ~Handle() { curl_easy_cleanup(curl); }
  Handle(Handle const&) = delete;
  Handle& operator=(Handle const&) = delete;
  CURL* curl;
};

Client::Client() : Client{Settings{}} {}
Client::Client(Settings settings) : handle_{std::make_unique<Handle>()}, settings_{std::move(settings)} {}
Client::~Client() = default;

Result<ClientResponse> Client::send(ClientRequest const& request) {
  auto* const curl = handle_->curl;
  curl_easy_reset(curl);  // keeps the connection
  Exchange exchange{.curl = curl, .request = &request};
  char detail[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  set_limits(curl, request, settings_);
  auto const headers = header_list(request);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &on_head);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);

  File file;
  if (!request.upload_path.empty()) {
    file.reset(std::fopen(request.upload_path.c_str(), "rbe"));
    struct stat status{};
    if (!file || ::fstat(::fileno(file.get()), &status) != 0 || !S_ISREG(status.st_mode))
      return fail(Errc::not_found, "file_missing",
                  fmt::format("{} cannot be read: {}.", request.upload_path, std::strerror(errno)));
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READDATA, file.get());
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(status.st_size));
  } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT" ||
             request.method == "PATCH") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  bool refused_address = false;
  if (settings_.public_addresses_only) {
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, &open_public_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &refused_address);
  }
  if (request.method == "HEAD") curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());

  auto const code = curl_easy_perform(curl);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);  // it ends with this call
  if (code != CURLE_OK && refused_address)
    return fail(
        Errc::forbidden, "private_address",
        fmt::format("{} leads to an address that is not public.", request.url.substr(0, request.url.find('?'))));
  if (code != CURLE_OK && !exchange.ended_by_taker) {
    auto error = connection_error(code, request, detail, exchange);
    return std::unexpected(std::move(error));
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  exchange.response.status = static_cast<int>(status);
  return std::move(exchange.response);
}

Result<ClientResponse> Client::send_ok(ClientRequest const& request) {
  FABRICA_TRY(auto response, send(request));
  if (response.status >= 200 && response.status < 300) return response;
  return std::unexpected(error_of(response.status, response.headers.get("Content-Type"), response.body));
}

Result<> Client::events(ClientRequest request, std::string& last_event_id,
                        std::function<bool(ServerEvent const&)> const& on_event) {
  EventReader reader{last_event_id, on_event};
  request.headers.set("Accept", "text/event-stream");
  if (!last_event_id.empty()) request.headers.set("Last-Event-ID", last_event_id);
  request.timeout_us = 0;
  request.download = [&reader](std::string_view piece) { return reader.take(piece); };
  FABRICA_DO(send_ok(request));
  if (reader.too_large()) return fail(Errc::too_large, "answer_too_large", "One event is larger than 1 MiB.");
  return {};
}

}  // namespace fabrica::http
