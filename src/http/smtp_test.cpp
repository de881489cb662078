#include "http/smtp.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/check.hpp"

namespace fabrica::http {
namespace {

// A mail server that answers each command by its first word, "." for the end of a text; an answer "cut" closes the
// connection instead. Serves one connection after the other until it is destroyed.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::map<std::string, std::string> answers) : answers_{std::move(answers)} {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    FABRICA_CHECK(::bind(listener_, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0);
    FABRICA_CHECK(::listen(listener_, 4) == 0);
    socklen_t size = sizeof address;
    FABRICA_CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = ntohs(address.sin_port);
    thread_ = std::thread{[this] {
      for (;;) {
        int const wire = ::accept(listener_, nullptr, nullptr);
        if (wire < 0) return;
        serve(wire);
        ::close(wire);
      }
    }};
  }
  ~ScriptedServer() { finish(); }
  // What it was told is complete and may be read behind this.
  void finish() {
    if (!thread_.joinable()) return;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  std::uint16_t port = 0;
  std::vector<std::string> commands;
  std::string text;    // of the last message, dots as they came
  bool ended = false;  // the line behind which it can be accepted came

 private:
  bool say(int wire, std::string const& command, std::string const& fallback) {
    auto const found = answers_.find(command);
    auto const answer = (found == answers_.end() ? fallback : found->second);
    if (answer == "cut") return false;
    auto const line = answer + "\r\n";
    return ::send(wire, line.data(), line.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(line.size());
  }
  bool read_line(int wire, std::string& line) {
    for (;;) {
      auto const end = read_.find("\r\n");
      if (end != std::string::npos) {
        line = read_.substr(0, end);
        read_.erase(0, end + 2);
        return true;
      }
      char piece[4096];
      auto const got = ::recv(wire, piece, sizeof piece, 0);
      if (got <= 0) return false;
      read_.append(piece, static_cast<std::size_t>(got));
    }
  }
  void serve(int wire) {
    read_.clear();
    if (!say(wire, "greeting", "220 mail.example")) return;
    std::string line;
    while (read_line(wire, line)) {
      commands.push_back(line);
      auto const word = line.substr(0, line.find(' '));
      if (!say(wire, word,
               word == "DATA"   ? "354 go"
               : word == "EHLO" ? "250-mail.example\r\n250 SIZE 1000000"
                                : "250 ok"))
        return;
      if (word == "QUIT") return;
      if (word != "DATA" || answers_.contains("DATA")) continue;
      text.clear();
      ended = false;
      while (read_line(wire, line) && line != ".") text += line + "\n";
      ended = line == ".";
      if (!ended || !say(wire, ".", "250 taken")) return;
    }
  }

  std::map<std::string, std::string> answers_;
  int listener_ = -1;
  std::string read_;
  std::thread thread_;
};

SmtpServer to(std::uint16_t port) {
  SmtpServer server;
  server.host = "127.0.0.1";
  server.port = port;
  server.tls = SmtpTls::none;
  return server;
}
SmtpMessage message() { return {"fab@factory.example", "anna@example.org", "Subject: x\r\n\r\n.one\r\n..\r\ntwo\r\n"}; }

struct Run {
  SmtpAnswer answer;
  bool before_end = false;
  bool ended = false;
};
Run run(std::map<std::string, std::string> answers, bool go_on = true) {
  ScriptedServer server{std::move(answers)};
  SmtpClient client{to(server.port)};
  Run out;
  out.answer = client.send(message(), [&] {
    out.before_end = true;
    return go_on;
  });
  return out;
}

TEST(Smtp, HandsAMessageOverWithItsDotsDoubled) {
  ScriptedServer server{{}};
  bool asked = false;
  {
    SmtpClient client{to(server.port)};
    auto const answer = client.send(message(), [&] { return asked = true; });
    EXPECT_EQ(answer.end, SmtpEnd::accepted) << answer.text;
    EXPECT_EQ(answer.text, "250 taken");
    EXPECT_EQ(client.send(message(), [] { return true; }).end, SmtpEnd::accepted);  // over the same connection
  }
  server.finish();
  EXPECT_TRUE(asked);
  EXPECT_TRUE(server.ended);
  EXPECT_EQ(server.text, "Subject: x\n\n..one\n...\ntwo\n");
  EXPECT_EQ(std::ranges::count(server.commands, "MAIL FROM:<fab@factory.example>"), 2);
  EXPECT_EQ(std::ranges::count(server.commands, "RCPT TO:<anna@example.org>"), 2);
  EXPECT_EQ(std::ranges::count_if(server.commands, [](auto const& one) { return one.starts_with("EHLO"); }), 1);
}

TEST(Smtp, ThatIsStoppedBeforeTheEndNeverSendsIt) {
  ScriptedServer server{{}};
  {
    SmtpClient client{to(server.port)};
    EXPECT_EQ(client.send(message(), [] { return false; }).end, SmtpEnd::stopped);
  }
  server.finish();
  EXPECT_FALSE(server.ended);
  EXPECT_NE(server.text.find("two"), std::string::npos);  // all of the text had gone
}

TEST(Smtp, TellsWhoIsToBlame) {
  struct Case {
    std::map<std::string, std::string> answers;
    SmtpEnd end;
    std::string text;
    bool before_end;
  };
  for (auto const& one :
       std::vector<Case>{{{{"RCPT", "450 4.2.0 grey"}}, SmtpEnd::later, "450 4.2.0 grey", false},
                         {{{"RCPT", "550 5.1.1 nobody"}}, SmtpEnd::refused, "550 5.1.1 nobody", false},
                         {{{"RCPT", "550-two\r\n550 lines"}}, SmtpEnd::refused, "550-two 550 lines", false},
                         {{{"MAIL", "451 busy"}}, SmtpEnd::later, "451 busy", false},
                         {{{"MAIL", "553 not you"}}, SmtpEnd::no_server, "553 not you", false},
                         {{{"DATA", "451 not now"}}, SmtpEnd::later, "451 not now", false},
                         {{{".", "452 full"}}, SmtpEnd::later, "452 full", true},
                         {{{".", "554 spam"}}, SmtpEnd::refused, "554 spam", true},
                         {{{"greeting", "554 go away"}}, SmtpEnd::no_server, "554 go away", false},
                         {{{"RCPT", "421 closing"}}, SmtpEnd::no_server, "421 closing", false}}) {
    auto const done = run(one.answers);
    EXPECT_EQ(done.answer.end, one.end) << one.text << " / " << done.answer.text;
    EXPECT_EQ(done.answer.text, one.text);
    EXPECT_EQ(done.before_end, one.before_end) << one.text;
  }
}

TEST(Smtp, ThatIsCutBehindTheEndKnowsNothingAndBeforeItKnowsThatItFailed) {
  EXPECT_EQ(run({{".", "cut"}}).answer.end, SmtpEnd::unknown);
  for (auto const* at : {"greeting", "EHLO", "MAIL", "RCPT", "DATA"}) {
    auto const done = run({{at, "cut"}});
    EXPECT_EQ(done.answer.end, SmtpEnd::no_server) << at;
    EXPECT_FALSE(done.before_end) << at;
  }
}

TEST(Smtp, SendsNothingToAServerWithoutTheTlsThatIsWanted) {
  ScriptedServer server{{}};
  {
    auto wanted = to(server.port);
    wanted.tls = SmtpTls::starttls;
    wanted.user = "factory";
    wanted.password = "secret-password";
    SmtpClient client{wanted};
    auto const answer = client.send(message(), [] { return true; });
    EXPECT_EQ(answer.end, SmtpEnd::no_server);
    EXPECT_EQ(answer.text.find("secret"), std::string::npos);
  }
  server.finish();
  for (auto const& line : server.commands) EXPECT_TRUE(line.starts_with("EHLO") || line == "QUIT") << line;
}

TEST(Smtp, WhereNothingListensSaysSo) {
  std::uint16_t port = 0;
  {
    port = ScriptedServer{{}}.port;
  }
  SmtpClient client{to(port)};
  auto const answer = client.send(message(), [] { return true; });
  EXPECT_EQ(answer.end, SmtpEnd::no_server);
  EXPECT_FALSE(answer.text.empty());
}

TEST(Smtp, ThatWasStoppedSendsNoMore) {
  ScriptedServer server{{}};
  {
    SmtpClient client{to(server.port)};
    client.stop();
    EXPECT_EQ(client.send(message(), [] { return true; }).end, SmtpEnd::stopped);
  }
}

}  // namespace
}  // namespace fabrica::http
