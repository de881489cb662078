#include <gtest/gtest.h>

#include "http/impl/head.hpp"
#include "http/message.hpp"
#include "http/metrics.hpp"
#include "http/problem.hpp"
#include "http/router.hpp"
#include "http/stream.hpp"
#include "json/json.hpp"

namespace fabrica::http {
namespace {

Handler answer(std::string text) {
  return [text](Request&) { return text_response(200, "text/plain", text); };
}

std::string matched(Router const& router, std::string_view method, std::string_view path) {
  auto const match = router.match(method, path);
  if (!match) return match.error().reason;
  if (!match->route) return match->allow.empty() ? "none" : "allow " + match->allow;
  std::string out = match->route->pattern;
  for (auto const& parameter : match->parameters) out += " " + parameter.name + "=" + parameter.value;
  return out;
}

TEST(Router, FindsTheMostLiteralPattern) {
  Router router;
  for (auto const* pattern : {"/", "/projects", "/projects/{project}", "/projects/mine",
                              "/projects/{project}/jobs/{job}", "/projects/mine/rules", "/log/{path*}"})
    router.add("GET", pattern, answer(pattern));
  router.add("POST", "/projects", answer("post"));
  EXPECT_EQ(matched(router, "GET", "/"), "/");
  EXPECT_EQ(matched(router, "GET", "/projects/mine"), "/projects/mine");
  EXPECT_EQ(matched(router, "GET", "/projects/abc"), "/projects/{project} project=abc");
  EXPECT_EQ(matched(router, "GET", "/projects/mine/jobs/7"), "/projects/{project}/jobs/{job} project=mine job=7");
  EXPECT_EQ(matched(router, "GET", "/projects/a%20b%2Fc"), "/projects/{project} project=a b/c");
  EXPECT_EQ(matched(router, "GET", "/log/tile/0/x001/067"), "/log/{path*} path=tile/0/x001/067");
  EXPECT_EQ(matched(router, "HEAD", "/projects"), "/projects");
}

TEST(Router, TellsNotFoundFromMethodNotAllowed) {
  Router router;
  router.add("GET", "/projects/{project}", answer(""));
  router.add("DELETE", "/projects/{project}", answer(""));
  EXPECT_EQ(matched(router, "POST", "/projects/a"), "allow DELETE, GET, HEAD, OPTIONS");
  for (auto const* path : {"/projects", "/projects/", "/projects/a/b", "/nothing", "/projects//"})
    EXPECT_EQ(matched(router, "GET", path), "none") << path;
}

TEST(Router, RefusesAddressesThatHideSomething) {
  Router router;
  router.add("GET", "/files/{path*}", answer(""));
  for (auto const* path : {"/files/../etc/passwd", "/files/%2e%2e/etc", "/files/a%2F..%2Fb", "/files/./a", "/files/%zz",
                           "/files/%", "/files/a%00b", "/files/%0d%0a", "/files/%ff", "/files/%c0%af"})
    EXPECT_EQ(matched(router, "GET", path), "encoding") << path;
  EXPECT_EQ(matched(router, "GET", "/files/%C3%A9..x"), "/files/{path*} path=é..x");
}

TEST(Query, IsDecoded) {
  auto const parameters = parse_query("a=1&b=x%20y+z&&c&d=%E2%82%AC=");
  ASSERT_TRUE(parameters);
  ASSERT_EQ(parameters->size(), 4u);
  EXPECT_EQ((*parameters)[1].value, "x y z");
  EXPECT_EQ((*parameters)[2].name, "c");
  EXPECT_EQ((*parameters)[3].value, "€=");
  EXPECT_FALSE(parse_query("a=%0"));
  EXPECT_FALSE(parse_query("a=%ed%a0%80"));
  EXPECT_EQ(*percent_decode(percent_encode("a/b c?é%"), false), "a/b c?é%");
}

TEST(Cookie, IsFoundByItsWholeName) {
  Request request;
  request.headers.add("cookie", "xid=1; id=abc=d; last=");
  EXPECT_EQ(request.cookie("id"), "abc=d");
  EXPECT_EQ(request.cookie("last"), "");
  EXPECT_EQ(request.cookie("i"), "");
}

TEST(Head, NeverLetsAValueEndIt) {
  Response response{.status = 200};
  response.headers.add("Location", "/a\r\nSet-Cookie: x=1");
  std::string out;
  impl::append_head(out, response, {.request_id = "id", .date = "now", .content_length = 0});
  EXPECT_NE(out.find("Location: /aSet-Cookie: x=1\r\n"), std::string::npos);
  EXPECT_NE(out.find("\r\nContent-Security-Policy: default-src 'none'"), std::string::npos);
  EXPECT_NE(out.find("\r\nX-Content-Type-Options: nosniff\r\n"), std::string::npos);
  EXPECT_NE(out.find("\r\nCache-Control: no-store\r\n"), std::string::npos);
}

TEST(Head, FormatsDatesAndTargets) {
  EXPECT_EQ(impl::format_http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110 5.6.7
  EXPECT_EQ(impl::origin_form("http://host:1/a?b"), "/a?b");
  EXPECT_EQ(impl::origin_form("http://host"), "/");
  EXPECT_EQ(impl::origin_form("host:80"), "");
  EXPECT_TRUE(impl::sane_request_id("0af7651916cd43dd"));
  EXPECT_FALSE(impl::sane_request_id("short"));
  EXPECT_FALSE(impl::sane_request_id("with space"));
}

TEST(Problem, CarriesReasonFaultsAndRequestBothWays) {
  Error const error{
      Errc::invalid, "json_members", "Two things are wrong.", {{"/a", "Is missing."}, {"/b", "Must be 1."}}};
  auto const response = problem(error, "req-12345");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.headers.get("content-type"), "application/problem+json");
  auto const document = json::Document::parse(response.body);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->at("/type").text(), "urn:fabrica:problem:json_members");
  EXPECT_EQ(document->at("/request").text(), "req-12345");
  EXPECT_EQ(document->at("/faults/1/pointer").text(), "/b");
  auto const back = error_of(400, "application/problem+json", response.body);
  EXPECT_EQ(back.reason, error.reason);
  EXPECT_EQ(back.what, error.what);
  ASSERT_EQ(back.faults.size(), 2u);
  EXPECT_EQ(back.faults[1].what, "Must be 1.");
  EXPECT_EQ(error_of(503, "text/html", "<h1>").code, Errc::unavailable);
  EXPECT_EQ(problem(Error{Errc::unavailable, "x", "y"}, "").headers.get("Retry-After"), "1");
}

TEST(Metrics, SpeakPrometheus) {
  Metrics metrics;
  metrics.counter("fabrica_a_total", "As.", {{"route", "/x\"y"}}).add(3);
  EXPECT_EQ(&metrics.counter("fabrica_a_total", "As.", {{"route", "/x\"y"}}),
            &metrics.counter("fabrica_a_total", "As.", {{"route", "/x\"y"}}));
  metrics.gauge("fabrica_g", "Gs.").set(-2);
  metrics.ask("fabrica_asked", "Asked.", {}, [] { return 1.5; });
  auto& histogram = metrics.histogram("fabrica_h_seconds", "Hs.");
  histogram.observe(100);
  histogram.observe(101);
  histogram.observe(20'000'000);
  auto const text = metrics.text();
  for (auto const* line : {"# TYPE fabrica_a_total counter\nfabrica_a_total{route=\"/x\\\"y\"} 3\n", "fabrica_g -2\n",
                           "fabrica_asked 1.5\n", "fabrica_h_seconds_bucket{le=\"0.0001\"} 1\n",
                           "fabrica_h_seconds_bucket{le=\"0.00025\"} 2\n", "fabrica_h_seconds_bucket{le=\"+Inf\"} 3\n",
                           "fabrica_h_seconds_count 3\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
}

TEST(Stream, DropsAReaderWhoFallsBehindItsBound) {
  Stream stream{{.waiting_bytes_max = 10}};
  EXPECT_TRUE(stream.push("12345"));
  EXPECT_TRUE(stream.push("67890"));
  EXPECT_EQ(stream.take().bytes, "1234567890");
  EXPECT_TRUE(stream.push("1234567890"));
  EXPECT_FALSE(stream.push("x"));
  EXPECT_FALSE(stream.open());
  EXPECT_TRUE(stream.take().dropped);
}

TEST(Event, IsWrittenLineByLine) {
  EXPECT_EQ(format_event({.id = "7", .type = "loss", .data = "a\nb\r\nc\rd"}),
            "id: 7\nevent: loss\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
  EXPECT_EQ(format_event({.id = "", .type = "", .data = ""}), "data: \n\n");
}

}  // namespace
}  // namespace fabrica::http
