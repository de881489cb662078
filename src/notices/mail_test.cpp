#include "notices/mail.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/time.hpp"

namespace fabrica::notices {
namespace {

MailDraft draft() {
  return {.from_name = "Fab",
          .from = "fab@factory.example",
          .to_name = "Anna",
          .to = "anna@example.org",
          .subject = "Received",
          .text = "Hello.\nWorld.\n",
          .message_key = "one",
          .date_us = *parse_time("2026-10-26T07:33:20Z"),
          .unsubscribe_url = "https://fab.example/unsubscribe/x"};
}

std::vector<std::string> lines_of(std::string const& text) {
  std::vector<std::string> out;
  std::size_t at = 0;
  for (auto end = text.find("\r\n"); end != std::string::npos; end = text.find("\r\n", at)) {
    out.push_back(text.substr(at, end - at));
    at = end + 2;
  }
  EXPECT_EQ(at, text.size()) << "the last line has no end";
  return out;
}

TEST(Mail, HasTheHeadersAMailMustHaveAndNoBareLineEnds) {
  auto const text = *compose(draft());
  auto const lines = lines_of(text);
  for (auto const* wanted :
       {"Date: Mon, 26 Oct 2026 07:33:20 +0000", "From: \"Fab\"", " <fab@factory.example>", "To: \"Anna\"",
        " <anna@example.org>", "Subject: Received", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
        "Auto-Submitted: auto-generated", "List-Unsubscribe: <https://fab.example/unsubscribe/x>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click", "Hello.", "World."})
    EXPECT_EQ(std::ranges::count(lines, wanted), 1) << wanted << "\n" << text;
  for (auto const& line : lines) {
    EXPECT_LE(line.size(), 998U);
    EXPECT_EQ(line.find_first_of("\r\n"), std::string::npos);
  }
}

TEST(Mail, OfADecisionHasNoLinkThatSwitchesItOff) {
  auto one = draft();
  one.unsubscribe_url = "";
  EXPECT_EQ(compose(one)->find("List-Unsubscribe"), std::string::npos);
  one.unsubscribe_url = "http://fab.example/u";  // one click is for https alone (RFC 8058 section 3.1)
  EXPECT_NE(compose(one)->find("List-Unsubscribe: <http://fab.example/u>"), std::string::npos);
  EXPECT_EQ(compose(one)->find("List-Unsubscribe-Post"), std::string::npos);
}

TEST(Mail, CannotBeGivenAnotherHeaderOrRecipient) {
  for (auto const* evil : {"x\r\nBcc: all@example.org", "x\nBcc: all@example.org", "x\rBcc: all@example.org",
                           "x\r\n\r\nbody", "ä\r\nBcc: all@example.org", "\" <all@example.org>, \""}) {
    auto one = draft();
    one.subject = evil;
    one.to_name = evil;
    one.from_name = evil;
    auto const text = *compose(one);
    auto const head = text.substr(0, text.find("\r\n\r\n"));
    auto const lines = lines_of(head + "\r\n");
    EXPECT_TRUE(std::ranges::none_of(lines, [](auto const& line) { return line.starts_with("Bcc"); })) << text;
    EXPECT_EQ(std::ranges::count_if(lines, [](auto const& line) { return line == " <anna@example.org>"; }), 1) << text;
    EXPECT_EQ(std::ranges::count_if(lines, [](auto const& line) { return line.starts_with("To: "); }), 1);
    EXPECT_NE(text.find("\r\n\r\nHello."), std::string::npos);
  }
  for (auto const* evil : {"a@b.example\r\nRCPT TO:<c@d.example>", "a@b.example>,<c@d.example", "a b@c.example",
                           "a@b.example,c@d.example", "@b.example", "a@", "a@-b.example", "a@b..example",
                           ".a@b.example", "a..b@c.example", "\"a\"@b.example", "a@[127.0.0.1]", "a", ""}) {
    auto one = draft();
    one.to = evil;
    EXPECT_EQ(compose(one).error().reason, "mail_address") << evil;
  }
}

TEST(MailAddress, IsPlainOrSaysWhatAnInternationalOneNeeds) {
  for (auto const* good :
       {"a@b.example", "anna.berzina+tag@sub.example.org", "o'neil@x.ie", "x@xn--bcher-kva.example", "root@localhost"})
    EXPECT_TRUE(check_mail_address(good)) << good;
  for (auto const* foreign : {"jānis@example.org", "a@bücher.example", "用户@例子.广告"})
    EXPECT_EQ(check_mail_address(foreign).error().reason, "mail_address_utf8") << foreign;
  EXPECT_EQ(check_mail_address(std::string(65, 'a') + "@b.example").error().reason, "mail_address");
}

// The encoded words were computed with Python's email.header and base64.
TEST(MailHeader, EncodesWhatIsNotAsciiInWordsOfAtMost75Characters) {
  EXPECT_EQ(text_header("Subject", "Jānis"), "Subject: =?UTF-8?B?SsSBbmlz?=\r\n");
  EXPECT_EQ(text_header("Subject", "=?UTF-8?B?eA==?="), "Subject: =?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?=\r\n");
  EXPECT_EQ(address_header("To", "محمد علي", "m@x.example"),
            "To: =?UTF-8?B?2YXYrdmF2K8g2LnZhNmK?=\r\n <m@x.example>\r\n");
  EXPECT_EQ(address_header("To", "A \"B\" \\C", "m@x.example"), "To: \"A \\\"B\\\" \\\\C\"\r\n <m@x.example>\r\n");
  EXPECT_EQ(address_header("To", "", "m@x.example"), "To: <m@x.example>\r\n");
  std::string subject;
  for (int n = 0; n < 60; ++n) subject += "ā€𝄞x";
  auto const header = text_header("Subject", subject);
  std::string joined;
  for (auto const& line : lines_of(header)) {
    EXPECT_LE(line.size(), 76U);
    auto const begin = line.find("=?UTF-8?B?");
    ASSERT_NE(begin, std::string::npos) << line;
    EXPECT_LE(line.size() - begin, 75U);
    EXPECT_TRUE(line.ends_with("?="));
  }
}

TEST(MailHeader, FoldsALongLineAtSpacesWithoutChangingIt) {
  std::string const text =
      "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen";
  auto const header = text_header("Subject", text);
  std::string unfolded;
  for (auto const& line : lines_of(header)) {
    EXPECT_LE(line.size(), 76U);
    unfolded += line;
  }
  EXPECT_EQ(unfolded, "Subject: " + text);
}

// Computed with Python's quopri.
TEST(QuotedPrintable, KeepsEveryByteInShortLines) {
  EXPECT_EQ(quoted_printable("a=b ä\n"), "a=3Db =C3=A4\r\n");
  EXPECT_EQ(quoted_printable("end \nnext\t"), "end=20\r\nnext=09");
  EXPECT_EQ(quoted_printable(".\nFrom x"), "=2E\r\n=46rom x");
  std::string text;
  for (int n = 0; n < 300; ++n) text += "äb";
  for (auto const& line : lines_of(quoted_printable(text) + "\r\n")) EXPECT_LE(line.size(), 76U);
}

TEST(MessageId, IsTheSameForTheSameMailAndOfTheSendersDomain) {
  auto const one = message_id("cause/kind/person", "fab@factory.example");
  EXPECT_EQ(one, message_id("cause/kind/person", "fab@factory.example"));
  EXPECT_NE(one, message_id("cause/kind/other", "fab@factory.example"));
  EXPECT_TRUE(one.ends_with("@factory.example>"));
  EXPECT_EQ(one.size(), 1 + 40 + std::string{"@factory.example>"}.size());
}

TEST(MailDate, IsThatOfRfc5322) {
  EXPECT_EQ(mail_date(0), "Thu, 01 Jan 1970 00:00:00 +0000");
  EXPECT_EQ(mail_date(*parse_time("2028-02-29T23:59:59Z")), "Tue, 29 Feb 2028 23:59:59 +0000");
}

}  // namespace
}  // namespace fabrica::notices
