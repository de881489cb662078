#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "http/client.hpp"
#include "http/smtp.hpp"
#include "notices/service.hpp"

// Hand deliveries over, one at a time, each sender on a loop of its own so that what is slow or dead holds up nothing
// else. The network is used outside every transaction; before and after it the state is written.
namespace fabrica::notices {

// Port: a mail server.
class MailTransport {
 public:
  virtual ~MailTransport() = default;
  virtual http::SmtpAnswer send(http::SmtpMessage const& message, std::function<bool()> const& before_end) = 0;
  virtual void stop() {}
};

class SmtpTransport final : public MailTransport {
 public:
  explicit SmtpTransport(http::SmtpServer server) : client_{std::move(server)} {}
  http::SmtpAnswer send(http::SmtpMessage const& message, std::function<bool()> const& before_end) override {
    return client_.send(message, before_end);
  }
  void stop() override { client_.stop(); }

 private:
  http::SmtpClient client_;
};

// A mail is begun (`sending`, committed), its text sent, `ending` committed, and only then the line sent behind which a
// server can accept it. So after a crash `sending` is sent again and `ending` is nobody's to repeat but a person's.
class MailSender {
 public:
  struct Settings {
    std::string from;  // address
    std::string from_name;
  };
  MailSender(db::Database& database, Notices& notices, MailTransport& transport, Settings settings)
      : database_{database}, notices_{notices}, transport_{transport}, settings_{std::move(settings)} {}

  // One mail. Returns whether there may be more to send now. Called by one loop only.
  Result<bool> turn();
  // From any thread: ends what can still be ended without doubt.
  void stop();
  // For /healthz, from any thread: errors unavailable "mail_failing" once the server has taken nothing for an hour.
  Result<> check() const;

 private:
  struct Claimed;
  struct Outcome {
    std::int64_t id = 0;
    std::int64_t attempts = 0;
    Time created;
    http::SmtpAnswer answer;
  };
  Result<> recover();
  Result<std::optional<Claimed>> claim();
  http::SmtpAnswer hand_over(Claimed const& mail);
  Result<> write_outcome();
  Result<> settle(db::Tx& tx, Outcome const& outcome, Time now);

  db::Database& database_;
  Notices& notices_;
  MailTransport& transport_;
  Settings settings_;
  bool recovered_ = false;
  std::optional<Outcome> outcome_;  // known and not yet written
  std::int64_t server_failures_ = 0;
  Micros server_retry_us_ = 0;
  std::atomic<Micros> failing_since_ = 0;  // 0: it works
  std::atomic<bool> stopped_ = false;
};

// Port: a POST to an address somebody gave us.
class HookTransport {
 public:
  virtual ~HookTransport() = default;
  // The status. Errors: those of http::Client::send.
  virtual Result<int> post(std::string const& url, http::Headers const& headers, std::string const& body) = 0;
};

class HttpHookTransport final : public HookTransport {
 public:
  struct Settings {
    bool private_addresses = false;
    std::string ca_file = {};
  };
  explicit HttpHookTransport(Settings settings)
      : client_{{.connect_timeout_us = 5 * kSecond,
                 .user_agent = "fabrica-hooks",
                 .ca_file = std::move(settings.ca_file),
                 .public_addresses_only = !settings.private_addresses}} {}
  Result<int> post(std::string const& url, http::Headers const& headers, std::string const& body) override;

 private:
  http::Client client_;
};

// A message that may have arrived is sent again with the same webhook-id, as the Standard Webhooks specification has
// it. A web hook that cannot be reached is left alone for a while as a whole, and switched off after days.
class HookSender {
 public:
  HookSender(db::Database& database, Notices& notices, HookTransport& transport)
      : database_{database}, notices_{notices}, transport_{transport} {}

  // One message. Returns whether there may be more to send now. Called by one loop only.
  Result<bool> turn();
  void stop() { stopped_ = true; }

 private:
  struct Claimed;
  struct Outcome {
    std::int64_t id = 0;
    std::int64_t attempts = 0;
    Time created;
    std::int64_t hook = 0;
    std::optional<int> status;  // absent: not reached
    std::string answer;
  };
  Result<std::optional<Claimed>> claim();
  Result<> write_outcome();
  Result<> settle(db::Tx& tx, Outcome const& outcome, Time now);

  db::Database& database_;
  Notices& notices_;
  HookTransport& transport_;
  bool recovered_ = false;
  std::optional<Outcome> outcome_;
  std::atomic<bool> stopped_ = false;
};

}  // namespace fabrica::notices
