#include "json/json.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

namespace fabrica::json {
namespace {

enum class State : std::uint8_t { draft, sent, class_ };
BOOST_DESCRIBE_ENUM(State, draft, sent, class_)

struct Named {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Named, (), (name))

struct Job : Named {
  std::int32_t nodes = 0;
  std::optional<double> share = {};
  State state = State::draft;
  bool operator_ = false;
  std::vector<std::string> tags = {};
  std::map<std::string, std::uint64_t> counts = {};
  Time made = {};
  PublicId id = {};
  Bytes token = {};
  Raw extra = {};
  std::vector<Job> children = {};

  static constexpr std::array<std::string_view, 7> kMayBeAbsent{"tags",  "counts", "made",    "id",
                                                                "token", "extra",  "children"};
  static constexpr auto limits() {
    return std::tuple{range(&Job::nodes, 1, 4096),      range(&Job::share, 0, 1), length(&Job::name, 1, 20),
                      length(&Job::tags, 1, 5),         items(&Job::tags, 0, 3),  items(&Job::counts, 0, 2),
                      note(&Job::nodes, "Whole nodes.")};
  }
};
BOOST_DESCRIBE_STRUCT(Job, (Named), (nodes, share, state, operator_, tags, counts, made, id, token, extra, children))

constexpr std::string_view kJob =
    R"({"name":"a","nodes":2,"share":0.5,"state":"class","operator":true,"tags":["x"],"counts":{"a":18446744073709551615},)"
    R"("made":"2026-11-23T12:00:00Z","id":"019364a2-7b1c-7def-8a01-23456789abcd","token":"AAEC/w==","extra":{"b":[1.50,null]},)"
    R"("children":[]})";

std::vector<std::string> faults_of(std::string_view text) {
  auto const job = read<Job>(text);
  std::vector<std::string> out;
  if (job) return out;
  for (auto const& fault : job.error().faults) out.push_back(fault.pointer + ": " + fault.what);
  if (out.empty()) out.push_back(job.error().reason + ": " + job.error().what);
  return out;
}
using Faults = std::vector<std::string>;

TEST(JsonRead, AndWriteAreInverse) {
  auto const job = read<Job>(kJob);
  ASSERT_TRUE(job) << job.error().what << (job.error().faults.empty() ? "" : job.error().faults[0].what);
  EXPECT_EQ(job->nodes, 2);
  EXPECT_EQ(job->state, State::class_);
  EXPECT_EQ(job->counts.at("a"), 18446744073709551615u);
  EXPECT_EQ(job->token, (Bytes{0, 1, 2, 255}));
  EXPECT_EQ(job->extra.text, R"({"b":[1.50,null]})");
  EXPECT_EQ(write(*job), kJob);
}

TEST(JsonRead, GathersEveryFaultWithItsPointer) {
  EXPECT_EQ(
      faults_of(R"({"nodes":0,"sate":"sent","state":"nope","operator":1,"tags":["","toolong"],"counts":{"a/b":-1}})"),
      (Faults{"/name: Is missing.", "/nodes: Must be from 1 to 4096.",
              R"(/state: Must be "draft", "sent" or "class", not "nope".)",
              "/operator: Must be true or false, not a number.", "/tags/0: Must not be empty.",
              "/tags/1: Must have 1 to 5 characters, not 7.", "/counts/a~1b: Must be from 0 to 18446744073709551615.",
              R"(/sate: There is no such member here. Did you mean "state"?)"}));
}

TEST(JsonRead, ChecksNumbersExactly) {
  struct Row {
    std::string_view name, nodes, fault;
  };
  for (auto const& row :
       {Row{"fraction", "1.5", "/nodes: Must be a whole number, not 1.5."}, Row{"exponent that is whole", "2e1", ""},
        Row{"too large", "4294967297", "/nodes: Must be from -2147483648 to 2147483647."},
        Row{"far too large", "1e400", "/nodes: Must be from -2147483648 to 2147483647."},
        Row{"text", "\"2\"", "/nodes: Must be a whole number, not a string."},
        Row{"null", "null", "/nodes: Must be a whole number, not null."}}) {
    auto const text = R"({"name":"a","nodes":)" + std::string{row.nodes} + R"(,"state":"sent","operator":false})";
    EXPECT_EQ(faults_of(text), row.fault.empty() ? Faults{} : Faults{std::string{row.fault}}) << row.name;
  }
}

TEST(JsonRead, CountsCharactersNotBytes) {
  EXPECT_EQ(faults_of(R"({"name":"a","nodes":2,"state":"sent","operator":false,"tags":["ééééé"]})"), Faults{});
}

TEST(JsonRead, TakesNullForAnOptionalOnly) {
  EXPECT_EQ(faults_of(R"({"name":"a","nodes":2,"share":null,"state":"sent","operator":false})"), Faults{});
  EXPECT_EQ(faults_of(R"({"name":"a","nodes":2,"state":"sent","operator":false,"tags":null})"),
            Faults{"/tags: Must be an array, not null."});
}

TEST(JsonRead, RefusesBase64WithAnotherSpelling) {
  for (auto const* token : {"AAEC/x==", "AAEC/w=", "AAEC_w==", "A", "====", "AA==AA=="})
    EXPECT_EQ(
        faults_of(R"({"name":"a","nodes":2,"state":"sent","operator":false,"token":")" + std::string{token} + "\"}"),
        Faults{"/token: Must be base64 with padding (RFC 4648, section 4)."})
        << token;
}

TEST(JsonRead, ListsAtMostFiftyFaults) {
  std::string text = "{";
  for (int number = 0; number < 1000; ++number) text += (number ? ",\"" : "\"") + std::to_string(number) + "\":1";
  EXPECT_EQ(faults_of(text + "}").size(), 50u);
}

TEST(JsonParse, SaysLineAndColumn) {
  struct Row {
    std::string_view text, what;
  };
  for (auto const& row : {Row{"{\n  \"a\": 1,\n}", "Not JSON. Line 3, column 1: syntax error at '}'."},
                          Row{"{\"ä\": 1 x}", "Not JSON. Line 1, column 9: syntax error at 'x'."},
                          Row{"[1,2", "Not JSON. Line 1, column 5: the text ends too early."},
                          Row{"", "Not JSON. Line 1, column 1: the text ends too early."},
                          Row{"{} {}", "Not JSON. Line 1, column 4: there is more after the value."}}) {
    auto const document = Document::parse(row.text);
    ASSERT_FALSE(document) << row.text;
    EXPECT_EQ(document.error().reason, "json_syntax");
    EXPECT_EQ(document.error().what, row.what) << row.text;
  }
}

TEST(JsonParse, RefusesWhatIsNotStrictJson) {
  for (auto const* text : {"{'a':1}",
                           "[1,]",
                           "01",
                           "+1",
                           ".5",
                           "1.",
                           "NaN",
                           "Infinity",
                           "// a\n1",
                           "\"\\x41\"",
                           "\"\t\"",
                           "\"\xff\"",
                           "\"\xc0\xaf\"",
                           "\"\xed\xa0\x80\"",
                           R"("\ud800")",
                           R"("\udc00a")",
                           "tru",
                           "\xef\xbb\xbf{}",
                           "\"a\\u0000b\"",
                           "{\"a\\u0000\":1}"}) {
    auto const document = Document::parse(text);
    ASSERT_FALSE(document) << text;
    EXPECT_EQ(document.error().reason, "json_syntax") << text;
  }
}

TEST(JsonParse, RefusesAMemberNamedTwiceAndSaysWhere) {
  auto const document = Document::parse(R"({"a":[{"b":1,"c":2,"\u0062":3}]})");
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().reason, "json_duplicate");
  ASSERT_EQ(document.error().faults.size(), 1u);
  EXPECT_EQ(document.error().faults[0].pointer, "/a/0/b");
}

TEST(JsonParse, HoldsItsLimits) {
  EXPECT_TRUE(Document::parse("[[1]]", {.depth = 2}));
  for (auto const& refused : {Document::parse("[[[1]]]", {.depth = 2}), Document::parse("[1,2,3]", {.values = 2}),
                              Document::parse("[1,2,3]", {.bytes = 6})}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, "json_too_large");
    EXPECT_EQ(refused.error().code, Errc::too_large);
  }
  EXPECT_FALSE(Document::parse(std::string(100'000, '[')));
}

TEST(JsonDocument, IsWalkedByPointer) {
  auto const document = Document::parse(R"({"a":{"b/c":[10,"x",true]},"m~n":1.5,"":0,"big":9007199254740993})");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->at("/a/b~1c/0").integer(), 10);
  EXPECT_EQ(document->at("/a/b~1c/1").text(), "x");
  EXPECT_EQ(document->at("/a/b~1c/2").boolean(), true);
  EXPECT_EQ(document->at("/m~0n").number(), 1.5);
  EXPECT_EQ(document->at("/m~0n").integer(), std::nullopt);
  EXPECT_EQ(document->at("/").integer(), 0);
  EXPECT_EQ(document->at("/big").integer(), 9007199254740993);
  EXPECT_EQ(document->at("").kind(), Kind::object);
  for (auto const* none : {"/x", "/a/b~1c/3", "/a/b~1c/00", "/a/b~1c/-", "a", "/a/b~2c", "/a/b~"})
    EXPECT_FALSE(document->at(none)) << none;
}

TEST(JsonWrite, EscapesWhatItMustAndNothingElse) {
  std::string out;
  append_string(out, "\"\\/\b\f\n\r\t\x01\x1f\x7f€😀");
  EXPECT_EQ(out, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f€😀\"");
}

TEST(JsonWrite, PrettyIndentsAndLeavesOtherTextAlone) {
  EXPECT_EQ(pretty(R"({"a":[1,{}],"b":"x"})"), "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": \"x\"\n}");
  EXPECT_EQ(pretty("not json"), "not json");
}

// RFC 8785 appendix B: IEEE 754 bits and the text ECMAScript gives them.
TEST(JsonCanonical, FormatsNumbersAsEcmaScriptDoes) {
  struct Row {
    std::uint64_t bits;
    std::string_view text;
  };
  for (auto const& row : {Row{0x0000000000000000, "0"},
                          Row{0x8000000000000000, "0"},
                          Row{0x0000000000000001, "5e-324"},
                          Row{0x8000000000000001, "-5e-324"},
                          Row{0x7fefffffffffffff, "1.7976931348623157e+308"},
                          Row{0xffefffffffffffff, "-1.7976931348623157e+308"},
                          Row{0x4340000000000000, "9007199254740992"},
                          Row{0xc340000000000000, "-9007199254740992"},
                          Row{0x4430000000000000, "295147905179352830000"},
                          Row{0x7fffffffffffffff, "null"},
                          Row{0x7ff0000000000000, "null"},
                          Row{0x44b52d02c7e14af5, "9.999999999999997e+22"},
                          Row{0x44b52d02c7e14af6, "1e+23"},
                          Row{0x44b52d02c7e14af7, "1.0000000000000001e+23"},
                          Row{0x444b1ae4d6e2ef4e, "999999999999999700000"},
                          Row{0x444b1ae4d6e2ef4f, "999999999999999900000"},
                          Row{0x444b1ae4d6e2ef50, "1e+21"},
                          Row{0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
                          Row{0x3eb0c6f7a0b5ed8d, "0.000001"},
                          Row{0x41b3de4355555553, "333333333.3333332"},
                          Row{0x41b3de4355555554, "333333333.33333325"},
                          Row{0x41b3de4355555555, "333333333.3333333"},
                          Row{0x41b3de4355555556, "333333333.3333334"},
                          Row{0x41b3de4355555557, "333333333.33333343"},
                          Row{0xbecbf647612f3696, "-0.0000033333333333333333"},
                          Row{0x43143ff3c1cb0959, "1424953923781206.2"}}) {
    std::string out;
    append_number(out, std::bit_cast<double>(row.bits));
    EXPECT_EQ(out, row.text);
  }
}

TEST(JsonCanonical, MakesTheTextOfRfc8785Section322) {
  auto const text = canonical(R"({
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false] })");
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, R"({"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],)"
                   R"("string":"€$\u000f\nA'B\"\\\\\"/"})");
}

TEST(JsonCanonical, SortsMembersByUtf16AsInRfc8785Section323) {
  auto const text =
      canonical(R"({"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"})");
  ASSERT_TRUE(text);
  EXPECT_EQ(
      *text,
      "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\","
      "\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}");
}

TEST(JsonCanonical, RefusesAnIntegerItWouldChange) {
  EXPECT_EQ(*canonical("9007199254740992"), "9007199254740992");
  EXPECT_EQ(*canonical("[-0,0.1]"), "[0,0.1]");
  // Its own output is always canonical, beyond 2^53 too (found by the fuzzer).
  EXPECT_EQ(*canonical("222280522227260e4"), "2222805222272600000");
  EXPECT_EQ(*canonical("2222805222272600000"), "2222805222272600000");
  for (auto const* text : {"9007199254740993", "1e999", "18446744073709551615"}) {
    auto const refused = canonical(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().reason, "json_number");
  }
}

TEST(JsonSchema, SaysWhatReadChecks) {
  auto const text = schema<Job>();
  auto const document = Document::parse(text);
  ASSERT_TRUE(document) << text;
  EXPECT_EQ(document->at("/$ref").text(), "#/$defs/json.Job");
  auto const job = document->at("/$defs/json.Job");
  ASSERT_TRUE(job) << text;
  EXPECT_EQ(job.at("/additionalProperties").boolean(), false);
  EXPECT_EQ(job.at("/required").write(), R"(["name","nodes","state","operator"])");
  EXPECT_EQ(job.at("/properties/nodes").write(),
            R"({"type":"integer","format":"int32","minimum":1,"maximum":4096,"description":"Whole nodes."})");
  EXPECT_EQ(job.at("/properties/tags").write(),
            R"({"type":"array","items":{"type":"string","minLength":1,"maxLength":5},"minItems":0,"maxItems":3})");
  EXPECT_EQ(job.at("/properties/children/items/$ref").text(), "#/$defs/json.Job");
  EXPECT_EQ(document->at("/$defs/json.State/enum").write(), R"(["draft","sent","class"])");
  EXPECT_EQ(job.at("/properties/made/format").text(), "date-time");
}

}  // namespace
}  // namespace fabrica::json
