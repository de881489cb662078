#include "http/smtp.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/check.hpp"
#include "http/impl/curl.hpp"

namespace fabrica::http {
namespace {

enum class Stage : std::uint8_t { connecting, hello, login, sender, recipient, data, ended };

// One message under way, as libcurl's callbacks see it.
struct Exchange {
  SmtpMessage const* message = nullptr;
  std::function<bool()> const* before_end = nullptr;
  std::atomic<bool> const* stopped = nullptr;
  std::size_t sent = 0;
  Stage stage = Stage::connecting;
  bool may_have_it = false;  // before_end agreed
  bool refused_end = false;  // before_end did not
  bool answered_end = false;
  int code = 0;            // of the last reply
  std::string reply = {};  // its text, several lines joined
  bool reply_open = false;
  bool leaving = false;  // what is answered to QUIT is of no use
};

std::size_t on_read(char* to, std::size_t, std::size_t room, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  auto const left = exchange.message->text.size() - exchange.sent;
  if (left == 0) {
    if (!exchange.may_have_it && !(*exchange.before_end)()) {
      exchange.refused_end = true;
      return CURL_READFUNC_ABORT;
    }
    exchange.may_have_it = true;
    exchange.stage = Stage::ended;
    return 0;
  }
  auto const size = std::min(room, left);
  std::memcpy(to, exchange.message->text.data() + exchange.sent, size);
  exchange.sent += size;
  return size;
}

// Lines of replies: "250-text" goes on, "250 text" ends one.
std::size_t on_reply(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (exchange.leaving) return size;
  std::string_view line{data, size};
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  bool const digits =
      line.size() >= 3 && std::ranges::all_of(line.substr(0, 3), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return size;
  if (!std::exchange(exchange.reply_open, line.size() > 3 && line[3] == '-')) exchange.reply.clear();
  exchange.code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  if (exchange.reply.size() < 300) exchange.reply += fmt::format("{}{}", exchange.reply.empty() ? "" : " ", line);
  if (exchange.stage == Stage::ended && !exchange.reply_open && exchange.code != 354) exchange.answered_end = true;
  return size;
}

// Commands as they go out tell how far it has come. What they hold (a password) is never kept.
int on_debug(CURL*, curl_infotype type, char* data, std::size_t size, void* user) {
  if (type != CURLINFO_HEADER_OUT) return 0;
  auto& exchange = *static_cast<Exchange*>(user);
  std::string_view const line{data, size};
  if (line.starts_with("QUIT")) exchange.leaving = true;
  if (exchange.stage == Stage::ended) return 0;
  if (line.starts_with("EHLO") || line.starts_with("HELO") || line.starts_with("STARTTLS"))
    exchange.stage = Stage::hello;
  else if (line.starts_with("AUTH")) exchange.stage = Stage::login;
  else if (line.starts_with("MAIL FROM")) exchange.stage = Stage::sender;
  else if (line.starts_with("RCPT TO")) exchange.stage = Stage::recipient;
  else if (line.starts_with("DATA")) exchange.stage = Stage::data;
  return 0;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto const& exchange = *static_cast<Exchange*>(user);
  return *exchange.stopped && !exchange.may_have_it ? 1 : 0;
}

std::string printable(std::string_view text) {
  std::string out;
  for (char const c : text.substr(0, 300)) out += c >= 0x20 && c < 0x7F ? c : '?';
  return out;
}

bool fatal(int code) { return code >= 500 && code < 600; }
bool passing(int code) { return code >= 400 && code < 500; }

// By how far it came and what the server said to that.
SmtpEnd end_of(CURLcode code, Exchange const& exchange) {
  if (code == CURLE_OK) return SmtpEnd::accepted;
  if (exchange.refused_end || (code == CURLE_ABORTED_BY_CALLBACK && !exchange.may_have_it)) return SmtpEnd::stopped;
  if (exchange.may_have_it) {
    if (!exchange.answered_end) return SmtpEnd::unknown;
    if (fatal(exchange.code)) return SmtpEnd::refused;
    return passing(exchange.code) ? SmtpEnd::later : SmtpEnd::unknown;
  }
  if (exchange.code == 421) return SmtpEnd::no_server;  // it is closing
  bool const replied = code != CURLE_OPERATION_TIMEDOUT && code != CURLE_RECV_ERROR && code != CURLE_GOT_NOTHING;
  if (exchange.stage == Stage::recipient && replied) {
    if (fatal(exchange.code)) return SmtpEnd::refused;
    if (passing(exchange.code)) return SmtpEnd::later;
  }
  if (exchange.stage == Stage::data && replied && (fatal(exchange.code) || passing(exchange.code)))
    return SmtpEnd::later;
  if (exchange.stage == Stage::sender && replied && passing(exchange.code)) return SmtpEnd::later;
  return SmtpEnd::no_server;
}

std::string text_of(CURLcode code, SmtpEnd end, Exchange const& exchange, char const* detail) {
  if (end == SmtpEnd::accepted || exchange.answered_end || fatal(exchange.code) || passing(exchange.code))
    return printable(exchange.reply);
  if (end == SmtpEnd::stopped) return "The server of the factory was stopped.";
  return printable(*detail != '\0' ? detail : curl_easy_strerror(code));
}

struct ListFreer {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

void set_server(CURL* curl, SmtpServer const& server) {
  auto const url = fmt::format("{}://{}:{}/{}", server.tls == SmtpTls::tls ? "smtps" : "smtp",
                               server.host.find(':') == std::string::npos ? server.host : "[" + server.host + "]",
                               server.port, server.hello.empty() ? "localhost" : server.hello);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(curl, CURLOPT_USE_SSL,
                   static_cast<long>(server.tls == SmtpTls::none ? CURLUSESSL_NONE : CURLUSESSL_ALL));
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!server.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, server.ca_file.c_str());
  if (!server.user.empty()) {
    curl_easy_setopt(curl, CURLOPT_USERNAME, server.user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, server.password.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(server.connect_timeout_us / 1000));
  curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, static_cast<long>(server.answer_timeout_us / kSecond));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(server.timeout_us / 1000));
}

void set_exchange(CURL* curl, Exchange& exchange, char* detail) {
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, &on_read);
  curl_easy_setopt(curl, CURLOPT_READDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &on_reply);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, &on_debug);
  curl_easy_setopt(curl, CURLOPT_DEBUGDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);  // to on_debug alone
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
}

}  // namespace

struct SmtpClient::Handle {
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

SmtpClient::SmtpClient(SmtpServer server) : handle_{std::make_unique<Handle>()}, server_{std::move(server)} {}
SmtpClient::~SmtpClient() = default;

SmtpAnswer SmtpClient::send(SmtpMessage const& message, std::function<bool()> const& before_end) {
  auto* const curl = handle_->curl;
  curl_easy_reset(curl);  // keeps the connection
  Exchange exchange{.message = &message, .before_end = &before_end, .stopped = &stopped_};
  char detail[CURL_ERROR_SIZE] = "";
  set_server(curl, server_);
  set_exchange(curl, exchange, detail);
  auto const from = fmt::format("<{}>", message.from);
  std::unique_ptr<curl_slist, ListFreer> const to{curl_slist_append(nullptr, fmt::format("<{}>", message.to).c_str())};
  curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to.get());

  auto const code = curl_easy_perform(curl);
  auto const end = end_of(code, exchange);
  SmtpAnswer answer{end, text_of(code, end, exchange, detail)};
  curl_easy_reset(curl);  // nothing of this message is known to it any more
  return answer;
}

}  // namespace fabrica::http
