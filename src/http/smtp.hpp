#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"

namespace fabrica::http {

enum class SmtpTls : std::uint8_t {
  none,      // for a server on this machine
  starttls,  // RFC 3207, required: a server without it gets nothing
  tls,       // from the first byte (RFC 8314)
};

struct SmtpServer {
  std::string host = {};
  std::uint16_t port = 587;
  SmtpTls tls = SmtpTls::starttls;
  std::string user = {};  // empty: no login
  std::string password = {};
  std::string ca_file = {};  // besides the system's certificates: a private authority
  std::string hello = {};    // the name said in EHLO; empty: localhost
  Micros connect_timeout_us = 10 * kSecond;
  Micros answer_timeout_us = 30 * kSecond;  // of each command
  Micros timeout_us = 60 * kSecond;         // of a message as a whole
};

// A message ready to go: addresses without brackets, text with CRLF line ends. Dots are doubled here.
struct SmtpMessage {
  std::string from = {};
  std::string to = {};
  std::string text = {};
};

// What became of it.
enum class SmtpEnd : std::uint8_t {
  accepted,   // the server has it
  refused,    // never: it does not take this message or this recipient
  later,      // not now: this message or recipient (grey-listing, a full mailbox)
  no_server,  // not reached, no trust in its certificate, no login, sender refused: nothing to do with this message
  stopped,    // `before_end` said no, or stop() was called: the server has nothing
  unknown,    // all was sent and no answer came: it may have it
};
struct SmtpAnswer {
  SmtpEnd end{};
  std::string text = {};  // the server's words or what was in the way, one printable line of at most 300 characters
};

// Hands messages to one mail server, one at a time, over a connection that is kept. For one thread; stop() from any.
class SmtpClient {
 public:
  explicit SmtpClient(SmtpServer server);
  ~SmtpClient();
  SmtpClient(SmtpClient const&) = delete;
  SmtpClient& operator=(SmtpClient const&) = delete;

  // `before_end` is called once, after all of the text went and before the line that ends it: only behind that line can
  // a server accept the message (RFC 5321 4.1.1.4). When it returns false the connection is cut and nothing was sent.
  SmtpAnswer send(SmtpMessage const& message, std::function<bool()> const& before_end);
  // Ends what is under way, unless the server may have the message already, and everything after.
  void stop() { stopped_ = true; }

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
  SmtpServer server_;
  std::atomic<bool> stopped_ = false;
};

}  // namespace fabrica::http
